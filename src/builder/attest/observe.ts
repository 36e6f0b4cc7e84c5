// Reads what packages the layers of an image hold. Directories are walked as they are: no symbolic link is followed.
import { closeSync, constants, fstatSync, lstatSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isErrno } from '../../base/errors.ts';
import { openInRoot } from '../../host/open-in-root.ts';
import { dpkgPackages, npmPackage, type Package } from './packages.ts';

const MAX_FILE = 64 * 1024 * 1024;
/** Folders that are looked into for installed npm packages. */
const MAX_FOLDERS = 500_000;

/** `layers` are directories of overlayfs, topmost first: what an upper one removes is not there. */
export function observePackages(layers: readonly string[]): Package[] {
  return [...debian(layers), ...npm(layers)];
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
  try {
    return lstatSync(join(root, path)).isDirectory() ? readdirSync(join(root, path)) : [];
  } catch {
    return [];
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
function npm(layers: readonly string[]): Package[] {
  const found = new Map<string, Package | undefined>();
  let folders = 0;
  const visit = (above: number, layer: string, path: string): void => {
    folders += 1;
    if (folders > MAX_FOLDERS || isCovered(layers.slice(0, above), path)) return;
    const entries = readdirSync(join(layer, path), { withFileTypes: true, encoding: 'utf8' });
    if (isPackage(path) && entries.some((entry) => entry.name === 'package.json')) {
      const file = join(path, 'package.json');
      if (!found.has(file)) {
        const text = topmost(layers, file);
        found.set(file, text === undefined ? undefined : npmPackage(text, `/${file}`));
      }
    }
    for (const entry of entries) {
      if (!entry.isDirectory() || (path === '' && ['dev', 'proc', 'sys'].includes(entry.name))) continue;
      visit(above, layer, path === '' ? entry.name : `${path}/${entry.name}`);
    }
  };
  for (const [index, layer] of layers.entries()) visit(index, layer, '');
  return [...found.values()].filter((one) => one !== undefined);
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
