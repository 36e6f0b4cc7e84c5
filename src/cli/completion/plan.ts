// What may stand at the end of a command line: words of the grammar, objects, files. Loads the command that the line names.
import type { AnyCommand, Flags, Node } from '../grammar/index.ts';
import { ARGUMENTS, type ObjectKind, VALUES } from './arguments.ts';

export interface Candidate {
  readonly value: string;
  /** what it is, for shells that show it */
  readonly about: string;
}

export type Completion =
  | { readonly kind: 'words'; readonly words: readonly Candidate[] }
  /** `prefix` stands before each of them: `--network=` */
  | { readonly kind: 'objects'; readonly of: ObjectKind; readonly prefix: string; readonly without: readonly string[] }
  | { readonly kind: 'files' }
  | { readonly kind: 'nothing' };

const NOTHING: Completion = { kind: 'nothing' };

/** Where the line stands after the words before the last one. */
interface Place<Context> {
  node: Node<Context>;
  path: string;
  command: AnyCommand<Context> | undefined;
  flags: Flags;
  readonly args: string[];
  /** the flag whose value comes next */
  pending: string | undefined;
  /** no more flags */
  onlyArguments: boolean;
}

/** `words` are those after the program's name; the last one is the one to be completed, and may be empty. */
export async function completionOf<Context>(
  tree: Node<Context>,
  globals: Flags,
  words: readonly string[],
): Promise<Completion> {
  const last = words.at(-1) ?? '';
  const place: Place<Context> = {
    node: tree,
    path: '',
    command: undefined,
    flags: globals,
    args: [],
    pending: undefined,
    onlyArguments: false,
  };
  for (const word of words.slice(0, -1)) if (!(await step(place, word))) return NOTHING;
  if (place.pending !== undefined) return valueOf(place.pending, '');
  if (!place.onlyArguments && last.startsWith('-')) {
    const [, name] = /^--([^=]+)=/.exec(last) ?? [];
    return name === undefined ? { kind: 'words', words: flagWords(place.flags) } : valueOf(name, `--${name}=`);
  }
  if (place.node.children) return { kind: 'words', words: childWords(place.node.children) };
  return argumentOf(place);
}

/** False when the line makes no sense. */
async function step<Context>(place: Place<Context>, word: string): Promise<boolean> {
  if (place.pending !== undefined) {
    place.pending = undefined;
    return true;
  }
  if (!place.onlyArguments && word === '--') {
    place.onlyArguments = true;
    return true;
  }
  if (!place.onlyArguments && word.startsWith('-') && word !== '-') {
    place.pending = flagWithoutValue(place.flags, word);
    return true;
  }
  if (!place.node.children) {
    place.args.push(word);
    if (place.command?.flagsFirst) place.onlyArguments = true;
    return true;
  }
  const child = place.node.children.find(({ name, aliases }) => name === word || aliases?.includes(word));
  if (!child) return false;
  place.node = child;
  place.path = place.path === '' ? child.name : `${place.path} ${child.name}`;
  place.command = await child.load?.();
  place.flags = place.command?.flags ?? {};
  return true;
}

/** The name of the flag that takes the next word for its value: of `--name`, or of the last letter in `-it`. */
function flagWithoutValue(flags: Flags, word: string): string | undefined {
  if (word.startsWith('--')) {
    const name = word.slice(2);
    const flag = Object.hasOwn(flags, name) ? flags[name] : undefined;
    return flag && flag.bare === undefined ? name : undefined;
  }
  const letters = word.slice(1);
  for (let at = 0; at < letters.length; at += 1) {
    const found = Object.entries(flags).find(([, { short }]) => short === letters[at]);
    if (!found) return undefined;
    if (found[1].bare === undefined) return at === letters.length - 1 ? found[0] : undefined;
  }
  return undefined;
}

function valueOf(name: string, prefix: string): Completion {
  const values = Object.hasOwn(VALUES, name) ? VALUES[name] : undefined;
  if (values === undefined) return NOTHING;
  if (typeof values !== 'string')
    return { kind: 'words', words: values.map((value) => ({ value: `${prefix}${value}`, about: '' })) };
  return values === 'file' ? { kind: 'files' } : { kind: 'objects', of: values, prefix, without: [] };
}

function argumentOf({ path, args }: { readonly path: string; readonly args: readonly string[] }): Completion {
  const rule = Object.hasOwn(ARGUMENTS, path) ? ARGUMENTS[path] : undefined;
  const kind = rule?.kinds[args.length] ?? (rule?.more ? rule.kinds.at(-1) : undefined);
  // what comes after an image or a container is a command of its own
  if (kind === undefined) return rule ? { kind: 'files' } : NOTHING;
  return kind === 'file' ? { kind: 'files' } : { kind: 'objects', of: kind, prefix: '', without: args };
}

function flagWords(flags: Flags): Candidate[] {
  const shown = Object.entries(flags).filter(([, flag]) => !flag.hidden && flag.deprecated === undefined);
  return [...shown.map(([name, { usage }]) => ({ value: `--${name}`, about: firstLine(usage) })), HELP].toSorted(
    byValue,
  );
}

const HELP: Candidate = { value: '--help', about: 'Print usage' };

function childWords<Context>(children: readonly Node<Context>[]): Candidate[] {
  return children
    .filter(({ hidden }) => hidden !== true)
    .map(({ name, short }) => ({ value: name, about: firstLine(short) }))
    .toSorted(byValue);
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? '';
}

function byValue(a: Candidate, b: Candidate): number {
  return a.value < b.value ? -1 : 1;
}
