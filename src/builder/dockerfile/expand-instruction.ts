// An instruction with the variables in its words replaced, as each kind has it.
import { Budget, type Expanded, expand, type Variables } from './syntax/expand.ts';
import type { Instruction, KeyValue, Mount } from './syntax/instructions.ts';
import { readMount } from './read/mount.ts';

export interface ExpandedInstruction {
  readonly instruction: Instruction;
  /** Of RUN. */
  readonly mounts: readonly Mount[];
  readonly used: ReadonlySet<string>;
  /** Variables that were asked for and not there: what the check UndefinedVar is about. */
  readonly missing: ReadonlySet<string>;
}

/**
 * Every word sees the same variables, those from before the instruction. RUN, CMD, ENTRYPOINT, HEALTHCHECK, SHELL and ONBUILD keep their
 * words, which are a shell's matter; of RUN the mounts are read. ARG is left as it is, since what is given from outside
 * may make its default unneeded: `expand` its values one by one. Throws a Failure.
 */
export function expandInstruction(
  instruction: Instruction,
  variables: Variables,
  escape: string,
  budget = new Budget(),
): ExpandedInstruction {
  const used = new Set<string>();
  const missing = new Set<string>();
  const noted = (expanded: Expanded): Expanded => {
    for (const name of expanded.used) used.add(name);
    for (const name of expanded.missing) missing.add(name);
    return expanded;
  };
  const word = (text: string): string => noted(expand(text, variables, escape, { budget })).text;
  const content = (text: string): string => noted(expand(text, variables, '\\', { ignoreQuotes: true, budget })).text;
  const words = (text: string): readonly string[] => noted(expand(text, variables, escape, { budget })).words;
  const mounts = instruction.kind === 'run' ? instruction.mounts.map((mount) => readMount(mount, word)) : [];
  return { instruction: replaced(instruction, word, words, content), mounts, used, missing };
}

function replaced(
  from: Instruction,
  word: (text: string) => string,
  words: (text: string) => readonly string[],
  content: (text: string) => string,
): Instruction {
  const pair = (one: KeyValue): KeyValue => ({ ...one, key: word(one.key), value: word(one.value) });
  switch (from.kind) {
    case 'env':
    case 'label':
      return { ...from, pairs: from.pairs.map(pair) };
    case 'add':
    case 'copy': {
      const chown = word(from.chown);
      const chmod = word(from.chmod);
      const checksum = from.kind === 'add' ? word(from.checksum) : '';
      const sources = from.sources.map(word);
      const destination = word(from.destination);
      const files = from.files.map((file) => (file.expand ? { ...file, content: content(file.content) } : file));
      const same = { chown, chmod, sources, destination, files };
      return from.kind === 'add' ? { ...from, ...same, checksum } : { ...from, ...same };
    }
    case 'workdir':
      return { ...from, path: word(from.path) };
    case 'user':
      return { ...from, user: word(from.user) };
    case 'volume':
      return { ...from, paths: from.paths.map(word) };
    case 'stopsignal':
      return { ...from, signal: word(from.signal) };
    case 'expose':
      return { ...from, ports: from.ports.flatMap(words) };
    case 'arg':
    case 'cmd':
    case 'entrypoint':
    case 'healthcheck':
    case 'maintainer':
    case 'onbuild':
    case 'run':
    case 'shell':
      return from;
  }
}
