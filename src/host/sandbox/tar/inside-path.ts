// Names in archives to paths below the root of a confined thread; all paths are latin1 strings of bytes and start with '/'.
import { TarError } from './entry.ts';

/** `a/./b//c/` to `/a/b/c`, the root to `/`. Throws when the name leads above the root. */
export function insidePath(name: string): string {
  if (!name.includes('.') && !name.includes('//')) return `/${name.replace(/^\/|\/$/g, '')}`;
  const parts: string[] = [];
  const absolute = name.startsWith('/');
  for (const part of name.split('/')) {
    if (part === '' || part === '.') continue;
    if (part !== '..') parts.push(part);
    else if (parts.pop() === undefined && !absolute) throw new TarError(`invalid entry name "${name}"`);
  }
  return `/${parts.join('/')}`;
}

export function parentOf(path: string): string {
  return path.slice(0, Math.max(1, path.lastIndexOf('/')));
}

export function baseOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** A path as Node's fs takes it: bytes that are no ASCII go as a Buffer, unchanged. */
export function fsPath(path: string): string | Buffer {
  return /[^\p{ASCII}]/u.test(path) ? Buffer.from(path, 'latin1') : path;
}
