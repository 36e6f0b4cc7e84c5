// COPY, ADD and WORKDIR: files put into a workspace by confined threads.
import { closeSync, constants, createReadStream, readSync } from 'node:fs';
import { BerthError, invalid, messageOf } from '../../base/errors.ts';
import {
  isTarHeader,
  type ModeChange,
  type Owner,
  parseMode,
  type PlaceGroup,
  type PlaceOptions,
  placeFiles,
  readTexts,
  unpackTar,
} from '../../host/sandbox/index.ts';
import { openInRoot } from '../../host/open-in-root.ts';
import { lookupUser } from '../../runtime/user/index.ts';
import { decompress, detectCompression } from '../../store/index.ts';
import type { Selected } from '../graph/select.ts';
import type { Op } from '../graph/vertex.ts';
import type { Readable } from './exec.ts';
import type { Workspace } from './workspace.ts';

/** What one source of the instruction means. */
export interface CopyPart {
  readonly readable: Readable;
  readonly selected: readonly Selected[];
  /** Files of the client: archives among them are unpacked by ADD. */
  readonly local: boolean;
}

export interface StepSettings {
  readonly isClassic: boolean;
  readonly signal: AbortSignal;
}

export async function runCopy(
  workspace: Workspace,
  op: Op<'copy'>,
  parts: readonly CopyPart[],
  { isClassic, signal }: StepSettings,
): Promise<void> {
  const owner = await ownerOf(workspace, op.chown, isClassic);
  const mode = modeOf(op.chmod);
  const places = [...new Set(parts.map(({ readable }) => readable))];
  const several = op.sources.length > 1 ? { refusal: severalRefused(op.keyword) } : undefined;
  let groups: PlaceGroup[] = [];
  /** What comes later wins, so that archives are unpacked in the order of the instruction. */
  const put = async (): Promise<void> => {
    if (groups.length > 0) await placeIn(workspace, places, { groups, owner, mode, several }, signal);
    groups = [];
  };
  for (const { readable, selected, local } of parts) {
    for (const { isDirectory, name, top, entries } of selected) {
      const [only] = entries;
      if ((op.unpack ?? (op.keyword === 'ADD' && local)) && !isDirectory && only?.entry.type === 'file') {
        if (await isArchive(readable, only.path)) {
          await put();
          await placeIn(workspace, [], { groups: [directoryAt(op.destination)], owner }, signal);
          await unpackInto(workspace, readable, only.path, op.destination, owner, signal);
          continue;
        }
      }
      groups.push({
        from: places.indexOf(readable),
        isDirectory,
        name,
        top,
        destination: op.destination,
        entries: entries.map(({ path, to }) => ({ path, to })),
      });
    }
  }
  await put();
}

/** Docker takes one file after the other to the same place, and keeps the last. */
function severalRefused(keyword: string): string {
  return `When using ${keyword} with more than one source file, the destination must be a directory and end with a /`;
}

function directoryAt(destination: string): PlaceGroup {
  return { from: 0, isDirectory: true, name: '', destination, entries: [] };
}

async function placeIn(
  workspace: Workspace,
  places: readonly Readable[],
  options: PlaceOptions,
  signal: AbortSignal,
): Promise<void> {
  const { lowerDirs, upper, work, merged } = workspace;
  await placeFiles({ kind: 'workshop', at: merged, lowerDirs, upper, work, places }, options, signal);
}

export async function runMkdir(
  workspace: Workspace,
  { path, owner }: Pick<Op<'mkdir'>, 'path' | 'owner'>,
  { isClassic, signal }: StepSettings,
): Promise<void> {
  const options = { groups: [directoryAt(path)], owner: await ownerOf(workspace, owner, isClassic) };
  await placeIn(workspace, [], options, signal);
}

/** Everything below a path of some layers, put into a directory of the host. */
export async function copyTree(
  workspace: Workspace,
  readable: Readable,
  path: string,
  into: string,
  signal: AbortSignal,
): Promise<void> {
  const { scanBelow } = await import('../../host/sandbox/index.ts');
  const { select } = await import('../graph/select.ts');
  const view = {
    kind: 'workshop',
    at: workspace.merged,
    lowerDirs: [],
    upper: into,
    work: '',
    places: [readable],
  } as const;
  const found = await scanBelow(view, { base: '/0', paths: [path], digests: false }, signal);
  const groups = select(found, path, { exclude: [], parents: false }).map(
    (one): PlaceGroup => ({
      from: 0,
      isDirectory: true,
      name: one.name,
      destination: '/',
      entries: one.entries.map((entry) => ({ path: entry.path, to: entry.to })),
    }),
  );
  await placeFiles(view, { groups }, signal);
}

/**
 * `user`, `user:group`, numbers or names of the tree's own files; undefined where nobody is named. A name that nobody has there is an
 * error of the classic builder; BuildKit takes root for the user, and the user's own group for the group.
 */
async function ownerOf(workspace: Workspace, chown: string, isClassic: boolean): Promise<Owner | undefined> {
  if (chown === '') return undefined;
  const numbers = /^(\d+)(?::(\d+))?$/.exec(chown);
  if (numbers) return { uid: Number(numbers[1]), gid: Number(numbers[2] ?? numbers[1]) };
  const { lowerDirs, merged } = workspace;
  const [passwd = '', group = ''] =
    lowerDirs.length === 0
      ? []
      : await readTexts({ kind: 'stack', at: merged, lowerDirs, binds: [] }, ['/etc/passwd', '/etc/group']);
  // what has no users at all has this one
  if (passwd === '' && /^root(:(root|\d+))?$/.test(chown))
    return { uid: 0, gid: Number(/:(\d+)$/.exec(chown)?.[1] ?? 0) };
  const find = (words: string): Owner => {
    const { uid, gid } = lookupUser(passwd, group, words, []);
    // a number without a group is a group of the same number
    return { uid, gid: /^\d+$/.test(words) ? uid : gid };
  };
  if (isClassic || lowerDirs.length === 0)
    try {
      return find(chown);
    } catch (error) {
      throw invalid(`unable to convert uid/gid chown string to host mapping: ${messageOf(error)}`, { cause: error });
    }
  const orElse = (words: string, other: Owner): Owner => {
    try {
      return find(words);
    } catch {
      return other;
    }
  };
  const [user = '', ...rest] = chown.split(':');
  const { uid, gid } = orElse(user, { uid: 0, gid: 0 });
  return { uid, gid: rest.length === 0 ? gid : orElse(`${uid}:${rest.join(':')}`, { uid, gid }).gid };
}

function modeOf(chmod: string): number | readonly ModeChange[] | undefined {
  if (chmod === '') return undefined;
  if (/^0?[0-7]{1,4}$/.test(chmod)) return Number.parseInt(chmod, 8);
  const changes = parseMode(chmod);
  if (!changes) throw invalid(`invalid chmod parameter: '${chmod}'. it should be octal string and between 0 and 07777`);
  return changes;
}

/** A tar archive, compressed or not; what is compressed and no archive is a file like others. */
async function isArchive(readable: Readable, path: string): Promise<boolean> {
  const start = firstBytes(readable, path);
  if (!start) return false;
  const compression = detectCompression(start);
  if (compression === 'none') return isTarHeader(start);
  const fd = openFile(readable, path);
  if (fd === undefined) return false;
  const file = createReadStream('', { fd, autoClose: true, highWaterMark: 4096 });
  const parts: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const chunk of decompress(file as AsyncIterable<Uint8Array>, compression)) {
      parts.push(chunk);
      if ((size += chunk.length) >= 512) break;
    }
  } catch (error) {
    if (error instanceof BerthError) return false;
    throw error;
  } finally {
    file.destroy();
  }
  return isTarHeader(Buffer.concat(parts));
}

function firstBytes(readable: Readable, path: string): Buffer | undefined {
  const fd = openFile(readable, path);
  if (fd === undefined) return undefined;
  try {
    const start = Buffer.alloc(512);
    return start.subarray(0, readSync(fd, start, 0, start.length, 0));
  } finally {
    closeSync(fd);
  }
}

function openFile(readable: Readable, path: string): number | undefined {
  for (const root of readable) {
    try {
      return openInRoot(root, path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
    } catch {
      // in a layer further down
    }
  }
  return undefined;
}

async function unpackInto(
  workspace: Workspace,
  readable: Readable,
  path: string,
  destination: string,
  owner: Owner | undefined,
  signal: AbortSignal,
): Promise<void> {
  const start = firstBytes(readable, path) ?? Buffer.alloc(0);
  const fd = openFile(readable, path);
  if (fd === undefined) throw invalid(`${JSON.stringify(path)}: not found`);
  const file = createReadStream('', { fd, autoClose: true, highWaterMark: 256 * 1024 });
  const { lowerDirs, upper, work, merged } = workspace;
  const root = { kind: 'workshop', at: merged, lowerDirs, upper, work, places: [] } as const;
  const plain = decompress(file as AsyncIterable<Uint8Array>, detectCompression(start));
  await unpackTar(
    root,
    plain,
    { whiteouts: 'literal', inside: { base: '/d', path: destination }, ...(owner ? { owner } : {}) },
    signal,
  );
}
