// What a step depends on, as named values: their digest is its key in the cache, and their difference says why it ran again. Pure.
import { sha256 } from '../../base/digest.ts';
import type { ManifestEntry } from '../../host/sandbox/index.ts';
import type { Selected } from './select.ts';
import type { ExecMount, Op } from './vertex.ts';

/** Name to value; names are shown to people: `file src/a.c`, `ARG VERSION`, `base`. */
export type Inputs = ReadonlyMap<string, string>;

/** Changes when the meaning of keys does. */
const EPOCH = 'berth-build-2';

export function keyOf(inputs: Inputs): string {
  const lines = [...inputs].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, value]) => `${name}\0${value}`);
  return sha256([EPOCH, ...lines].join('\0\0')).slice('sha256:'.length);
}

/** `inputs` are the names of what the vertex stands on: results of other steps by their ids. */
export function execInputs(
  op: Op<'exec'>,
  inputs: readonly string[],
  extra: { readonly hosts: string; readonly limits: string; readonly epoch: string },
): Inputs {
  const rows = new Map<string, string>([
    ['base', inputs[0] ?? ''],
    ['command', JSON.stringify(op.args)],
    ['user', op.user],
    ['working directory', op.cwd],
    ['platform', `${op.platform.os}/${op.platform.architecture}/${op.platform.variant ?? ''}`],
  ]);
  for (const pair of op.env) {
    const at = pair.indexOf('=');
    rows.set(`variable ${pair.slice(0, at)}`, pair.slice(at + 1));
  }
  if (op.network !== 'default') rows.set('network', op.network);
  if (op.hostname !== undefined) rows.set('hostname', op.hostname);
  if (op.insecure) rows.set('security', 'insecure');
  if (extra.epoch !== '') rows.set('SOURCE_DATE_EPOCH', extra.epoch);
  if (extra.hosts !== '') rows.set('hosts', extra.hosts);
  if (extra.limits !== '') rows.set('limits', extra.limits);
  for (const { path, content } of op.scripts) rows.set(`script ${path}`, content);
  for (const mount of op.mounts) rows.set(`mount ${mount.target || mount.id}`, mountKey(mount, inputs));
  return rows;
}

/** What a step is shown of a client's files. */
export interface ShownFiles {
  readonly id: string;
  /** Undefined for results of other steps. */
  readonly files: readonly Selected['entries'][number][] | undefined;
}

/** The same as `execInputs`, for people: files that are mounted are rows of their own, in place of the digest of them all. */
export function execCauses(
  op: Op<'exec'>,
  shown: readonly ShownFiles[],
  extra: Parameters<typeof execInputs>[2],
): Inputs {
  const ids = shown.map(({ id, files }) => (files ? '' : id));
  const rows = new Map(execInputs(op, ids, extra));
  shown.forEach(({ files = [] }, index) => {
    for (const { path, to, entry } of files) {
      const row = `file ${path.slice(1)}`;
      rows.set(rows.has(row) ? `${row} (mount ${index})` : row, fileKey(to, entry));
    }
  });
  return rows;
}

/** What secrets and agents hold is no part of a key, nor is what a cache holds. */
function mountKey(mount: ExecMount, inputs: readonly string[]): string {
  const { type, source, target, readOnly, size, id, sharing, mode, uid, gid, env } = mount;
  const from = mount.input === undefined ? '' : (inputs[mount.input] ?? '');
  return JSON.stringify({ type, source, target, readOnly, size, id, sharing, mode, uid, gid, env, from });
}

function fileKey(to: string, { type, mode, sha256: content, linkname, attributes }: ManifestEntry): string {
  return [to, type, mode.toString(8), content, linkname, ...(attributes ? [attributes] : [])].join('|');
}

/** By what the vertex is told to do, without looking at files: another key means that files have to be looked at. */
export function copyInputs(op: Op<'copy'>, inputs: readonly string[], epoch: string): Inputs {
  const rows = copyBase(op, inputs, epoch);
  op.sources.forEach(({ input, path }, index) => rows.set(`source ${index}`, `${inputs[input] ?? ''}:${path}`));
  return rows;
}

/** By the files themselves. */
export function copyContentInputs(
  op: Op<'copy'>,
  inputs: readonly string[],
  selected: readonly (readonly Selected[])[],
  epoch: string,
): Inputs {
  const rows = copyBase(op, inputs, epoch);
  selected.forEach((groups, index) => {
    groups.forEach((group, number) => {
      const prefix = `source ${index}.${number}`;
      rows.set(prefix, group.isDirectory ? 'directory' : `file ${group.name}`);
      for (const { path, to, entry } of group.entries) {
        const row = `file ${path.slice(1)}`;
        rows.set(rows.has(row) ? `${row} (${index}.${number})` : row, fileKey(to, entry));
      }
    });
  });
  return rows;
}

function copyBase(op: Op<'copy'>, inputs: readonly string[], epoch: string): Map<string, string> {
  const { destination, chown, chmod, exclude, parents, unpack, keyword } = op;
  return new Map([
    ['base', inputs[0] ?? ''],
    ['instruction', JSON.stringify({ keyword, destination, chown, chmod, exclude, parents, unpack: unpack ?? 'auto' })],
    ...timeRow(epoch),
  ]);
}

export function mkdirInputs(op: Op<'mkdir'>, inputs: readonly string[], epoch: string): Inputs {
  return new Map([
    ['base', inputs[0] ?? ''],
    ['directory', op.path],
    ...(op.owner === '' ? [] : [['owner', op.owner] as const]),
    ...timeRow(epoch),
  ]);
}

function timeRow(epoch: string): [string, string][] {
  return epoch === '' ? [] : [['SOURCE_DATE_EPOCH', epoch]];
}
