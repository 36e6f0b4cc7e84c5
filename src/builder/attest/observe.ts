// Reads what packages the layers of an image hold. Directories are walked as they are: no symbolic link is followed.
import { closeSync, constants, fstatSync, lstatSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isErrno } from '../../base/errors.ts';
import { openInRoot } from '../../host/open-in-root.ts';
import { dpkgPackages, npmPackage, type Package } from './packages.ts';

const MAX_FILE = 64 * 1024 * 1024;
/** Folders that are looked into for installed npm packages. */
const MAX_FOLDERS = 500_000;
/** So many are looked into before other work of the daemon has its turn. */
const AT_ONCE = 100;

/** `layers` are directories of overlayfs, topmost first: what an upper one removes is not there. Other work goes on meanwhile. */
export async function observePackages(layers: readonly string[], signal?: AbortSignal): Promise<Package[]> {
  return [...debian(layers), ...(await npm(layers, signal))];
}

function debian(layers: readonly string[]): Package[] {
  const status = 'var/lib/dpkg/status';
  const single = 'var/lib/dpkg/status.d';
  const names = new Set(layers.flatMap((layer) => namesIn(layer, single)));
  return [status, ...[...names].filter((name) => !name.endsWith('.md5sums')).map((name) => join(single, name))].flatMap(
    (path) => {
      const text = topmost(layers, path);
      return text === undefined ? [] : dpkgPackages(text, `/${path}`);
    },
  );
}

function namesIn(root: string, path: string): string[] {
  let folder: number;
  try {
    folder = openInRoot(root, path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  } catch {
    return [];
  }
  try {
    return readdirSync(`/proc/self/fd/${folder}`);
  } finally {
    closeSync(folder);
  }
}

/** A file as the merged tree has it; undefined when it is not there, or has been removed. */
function topmost(layers: readonly string[], path: string): string | undefined {
  for (const layer of layers) {
    let fd: number;
    try {
      fd = openInRoot(layer, path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    } catch (error) {
      if (isErrno(error, 'ENOENT', 'ENOTDIR')) continue;
      return undefined;
    }
    try {
      const found = fstatSync(fd);
      return found.isFile() && found.size <= MAX_FILE ? readFileSync(fd, 'utf8') : undefined;
    } finally {
      closeSync(fd);
    }
  }
  return undefined;
}

/** `node_modules/x/package.json` and `node_modules/@scope/x/package.json`, wherever they are. */
async function npm(layers: readonly string[], signal: AbortSignal | undefined): Promise<Package[]> {
  const found = new Map<string, Package | undefined>();
  let folders = 0;
  for (const [index, layer] of layers.entries()) {
    for (const { path, isNpm } of foldersOf(layers.slice(0, index), layer, '')) {
      folders += 1;
      if (folders > MAX_FOLDERS) return [...found.values()].filter((one) => one !== undefined);
      if (folders % AT_ONCE === 0) {
        await new Promise((resolve) => setImmediate(resolve));
        signal?.throwIfAborted();
      }
      const file = join(path, 'package.json');
      if (!isNpm || found.has(file)) continue;
      const text = topmost(layers, file);
      found.set(file, text === undefined ? undefined : npmPackage(text, `/${file}`));
    }
  }
  return [...found.values()].filter((one) => one !== undefined);
}

interface Folder {
  readonly path: string;
  readonly isNpm: boolean;
}

/** The folders of a layer that no layer above covers. */
function* foldersOf(above: readonly string[], layer: string, path: string): Generator<Folder, void, undefined> {
  if (isCovered(above, path)) return;
  const entries = readdirSync(join(layer, path), { withFileTypes: true, encoding: 'utf8' });
  yield { path, isNpm: isPackage(path) && entries.some((entry) => entry.name === 'package.json') };
  for (const entry of entries) {
    if (!entry.isDirectory() || (path === '' && ['dev', 'proc', 'sys'].includes(entry.name))) continue;
    yield* foldersOf(above, layer, path === '' ? entry.name : `${path}/${entry.name}`);
  }
}

function isPackage(path: string): boolean {
  return /(^|\/)node_modules\/(@[^/]+\/)?[^/@][^/]*$/.test(path);
}

/** Whether a layer above has something else there: a file, or the mark of a removal. */
function isCovered(above: readonly string[], path: string): boolean {
  return above.some((layer) => {
    const found = lstatSync(join(layer, path), { throwIfNoEntry: false });
    return found !== undefined && !found.isDirectory();
  });
}
