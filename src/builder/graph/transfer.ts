// COPY and ADD: where files come from and where they go. Pure.
import { posix } from 'node:path';
import { invalid } from '../../base/errors.ts';
import { validateDigest } from '../../base/digest.ts';
import type { Instruction } from '../dockerfile/index.ts';
import type { StagePlan } from './stage.ts';
import type { CopySource, Op } from './vertex.ts';

/** undefined while an image that is copied from is missing. */
export function copyOf(
  plan: StagePlan,
  instruction: Instruction<'copy' | 'add'>,
): { readonly op: Op<'copy'>; readonly inputs: readonly number[] } | undefined {
  const inputs = [plan.vertex];
  const sources: CopySource[] = [];
  const add = (vertex: number, path: string): void => {
    let input = inputs.indexOf(vertex, 1);
    if (input < 0) input = inputs.push(vertex) - 1;
    sources.push({ input, path });
  };
  const isAdd = instruction.kind === 'add';
  const local = instruction.sources.filter((source) => !isAdd || !isRemote(source));
  if (local.length > 0) {
    if (plan.planner.input.classic) for (const source of local) checkInside(source, isAdd ? 'ADD' : 'COPY');
    const paths = local.map(askedPath);
    const from = isAdd ? '' : instruction.from;
    const vertex = from === '' ? plan.planner.context('', paths) : plan.planner.from(from, plan.stage, paths);
    if (vertex === undefined) return undefined;
    for (const source of local) add(vertex, posix.join('/', source) + (source.endsWith('/.') ? '/' : ''));
  }
  if (isAdd) {
    const remote = instruction.sources.filter(isRemote);
    if (instruction.checksum !== '' && instruction.sources.length !== 1)
      throw invalid('checksum cannot be specified for multiple sources');
    if (instruction.checksum !== '' && remote.length === 0) throw invalid('checksum requires HTTP(S) or Git sources');
    if (instruction.checksum !== '' && !remote.some(isGit)) validateDigest(instruction.checksum);
    for (const url of remote)
      add(
        plan.planner.remote({ url, checksum: instruction.checksum, keepGitDir: instruction.keepGitDir ?? false }),
        isGit(url) ? '/' : '/*',
      );
  }
  if (instruction.files.length > 0) {
    const files = instruction.files.map(({ name, content }) => ({ name, content }));
    const vertex = plan.planner.add({
      name: '[internal] preparing inline document',
      op: { kind: 'inline', files },
      inputs: [],
      stage: undefined,
      noCache: false,
    });
    for (const { name } of files) add(vertex, `/${name}`);
  }
  const destination = plan.absolute(instruction.destination);
  return {
    op: {
      kind: 'copy',
      sources,
      destination,
      chown: instruction.chown,
      chmod: instruction.chmod,
      exclude: instruction.exclude,
      parents: instruction.kind === 'copy' && instruction.parents,
      unpack: isAdd ? (instruction.unpack ?? undefined) : false,
      keyword: isAdd ? 'ADD' : 'COPY',
      link: instruction.link,
    },
    inputs,
  };
}

/** The classic builder refuses what BuildKit takes from the root of the context. */
function checkInside(source: string, keyword: string): void {
  const shown = source.replace(/^\//, '').replace(/^\.\//, '');
  if (/^\.\.(\/|$)/.test(posix.normalize(shown)))
    throw invalid(`${keyword} failed: forbidden path outside the build context: ${shown} ()`);
}

/** A source as it is asked of a client, who would find nothing by `..`, `./` or a slash at its end. */
export function askedPath(source: string): string {
  return posix.join('/', source).replace(/^\/|\/$/g, '') || '.';
}

/** A URL or a git repository, as ADD takes them. */
export function isRemote(source: string): boolean {
  return /^(https?:\/\/|git:\/\/|ssh:\/\/|git@)/.test(source) || isGit(source);
}

export function isGit(source: string): boolean {
  const [address = ''] = source.split('#', 1);
  return (
    /^(git:\/\/|ssh:\/\/|git@[^:/]+:)/.test(source) ||
    (/^https?:\/\//.test(source) && (address.split('?', 1)[0] ?? '').endsWith('.git')) ||
    source.startsWith('github.com/')
  );
}
