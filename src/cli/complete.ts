// `__complete`: what a shell asks after each TAB. Objects come from the daemon, which is not started for it.
import { tree } from './commands/tree.ts';
import { type Candidate, completionOf, FILES, NO_FILES, type ObjectKind } from './completion/index.ts';
import type { Context } from './session/context.ts';
import type { Flags } from './grammar/index.ts';
import { out } from './session/output.ts';
import { printable } from '../base/printable.ts';

/** A shell that waits longer seems to hang. */
const PATIENCE_MS = 1000;

/** A shell puts a name into the line as it is, and would run what is in `$(…)`; names of daemons that mean well have no such signs. */
const NAME = /^[\p{L}\p{N}_./][\p{L}\p{N}_.:/@+=,%-]*$/u;

/** `words` are those of the line, the last one perhaps empty. Prints candidates and how to go on; never fails. */
export async function complete(
  context: Context | undefined,
  globals: Flags,
  words: readonly string[],
): Promise<number> {
  const last = words.at(-1) ?? '';
  const completion = await completionOf(tree, globals, words);
  let found: readonly Candidate[] = [];
  if (completion.kind === 'words') found = completion.words;
  else if (completion.kind === 'objects' && context) {
    const { of, prefix, without } = completion;
    const objects = await objectsOf(context, of);
    found = objects
      .filter(({ value }) => !without.includes(value) && NAME.test(value))
      .map(({ value, about }) => ({ value: `${prefix}${value}`, about }));
  }
  // the shell puts it on the terminal, and its lines into its list
  const isPlain = (text: string): boolean =>
    printable(text) === text && !['\n', '\t', '\x1b'].some((one) => text.includes(one));
  const lines = found
    .filter(({ value }) => value.startsWith(last) && isPlain(value))
    .map(({ value, about }) => ({ value, about: isPlain(about) ? about : '' }));
  out(
    `${lines.map(({ value, about }) => (about === '' ? `${value}\n` : `${value}\t${about}\n`)).join('')}:${completion.kind === 'files' ? FILES : NO_FILES}\n`,
  );
  return 0;
}

/** None when the daemon does not answer, or not in time. */
async function objectsOf(context: Context, kind: ObjectKind): Promise<readonly Candidate[]> {
  const late = new Promise<readonly Candidate[]>((resolve) => setTimeout(() => resolve([]), PATIENCE_MS).unref());
  try {
    return await Promise.race([ask(context, kind), late]);
  } catch {
    return [];
  }
}

const STATUSES: Readonly<Record<string, readonly string[]>> = {
  running: ['running'],
  stopped: ['created', 'exited'],
  paused: ['paused'],
};

interface NamedDriver {
  readonly Name: string;
  readonly Driver: string;
}

async function ask(context: Context, kind: ObjectKind): Promise<readonly Candidate[]> {
  switch (kind) {
    case 'image': {
      const images = await context.client.call('ImageList', {});
      return images
        .flatMap(({ RepoTags: tags }) => tags ?? [])
        .filter((tag) => tag !== '<none>:<none>')
        .map((tag) => ({ value: tag, about: '' }));
    }
    case 'network':
      return (await context.client.json<readonly NamedDriver[]>('NetworkList')).map(
        ({ Name: value, Driver: about }) => ({
          value,
          about,
        }),
      );
    case 'volume': {
      const { Volumes: volumes } = await context.client.call('VolumeList', {});
      return (volumes ?? []).map(({ Name: value, Driver: about }) => ({ value, about }));
    }
    case 'context':
      return ['default', ...context.contexts.list().map(({ Name }) => Name)].map((value) => ({ value, about: '' }));
    case 'container':
    case 'running':
    case 'stopped':
    case 'paused':
    default: {
      const statuses = STATUSES[kind];
      const filters = statuses ? { filters: new Map([['status', statuses]]) } : {};
      const containers = await context.client.call('ContainerList', { query: { all: true, ...filters } });
      return containers.map(({ Names: [name = ''], Image: about }) => ({ value: name.slice(1), about }));
    }
  }
}
