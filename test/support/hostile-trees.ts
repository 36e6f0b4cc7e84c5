// Trees and archives that try to lead a writer elsewhere: what is there before, what comes, and what must be as it was afterwards.
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { pack } from 'tar-stream';

export interface Coming {
  readonly name: string;
  readonly type: 'file' | 'directory' | 'symlink' | 'link' | 'fifo' | 'character-device';
  readonly linkname?: string;
  readonly mode?: number;
}

export interface HostileTree {
  readonly is: string;
  /** Makes what is in the root before. `outside` holds `canary`, `dir` and `dir/inner`. */
  before?(root: string, outside: string): void;
  comes(outside: string): readonly Coming[];
  /** Once this name is there it is put aside, and a link to `outside` takes its place. */
  readonly swaps?: string;
}

const directory = (name: string, mode = 0o777): Coming => ({ name, type: 'directory', mode });
const file = (name: string, mode = 0o777): Coming => ({ name, type: 'file', mode });
const symlink = (name: string, linkname: string): Coming => ({ name, type: 'symlink', linkname });
const link = (name: string, linkname: string): Coming => ({ name, type: 'link', linkname, mode: 0o777 });

export const HOSTILE_TREES: readonly HostileTree[] = [
  {
    is: 'a link where a directory comes',
    before: (root, outside) => symlinkSync(outside, join(root, 'd')),
    comes: () => [directory('d'), file('d/canary'), file('d/new')],
  },
  {
    is: 'a link one below where a directory comes',
    before: (root, outside) => {
      mkdirSync(join(root, 'a'));
      symlinkSync(outside, join(root, 'a/d'));
    },
    comes: () => [directory('a'), directory('a/d'), file('a/d/canary'), directory('a/d/dir'), file('a/d/dir/inner')],
  },
  {
    is: 'a link on the way to a file whose directory does not come',
    before: (root, outside) => symlinkSync(outside, join(root, 'd')),
    comes: () => [file('d/canary'), file('d/new'), file('d/deep/new')],
  },
  {
    is: 'a chain of links',
    before: (root, outside) => {
      symlinkSync(outside, join(root, 'c'));
      symlinkSync('c', join(root, 'b'));
      symlinkSync('b', join(root, 'a'));
    },
    comes: () => [directory('a'), file('a/canary'), file('b/new')],
  },
  {
    is: 'a link where a file comes',
    before: (root, outside) => symlinkSync(join(outside, 'canary'), join(root, 'f')),
    comes: () => [file('f')],
  },
  {
    is: 'a link that leads nowhere yet',
    before: (root, outside) => symlinkSync(join(outside, 'new'), join(root, 'f')),
    comes: () => [file('f', 0o600)],
  },
  {
    is: 'a link that came, and what is below it',
    comes: (outside) => [
      symlink('l', outside),
      file('l/canary'),
      directory('l/dir'),
      file('l/dir/inner'),
      directory('l'),
    ],
  },
  {
    is: 'links that came, with a way up',
    comes: () => [symlink('up', '../outside'), file('up/new'), directory('up', 0o700)],
  },
  {
    is: 'a hard link to a link',
    comes: (outside) => [symlink('l', join(outside, 'canary')), link('h', 'l'), file('h', 0o4777)],
  },
  {
    is: 'a hard link by way of a link',
    before: (root, outside) => symlinkSync(outside, join(root, 'w')),
    comes: () => [link('h', 'w/canary')],
  },
  {
    is: 'hard links to what is outside',
    comes: (outside) => [link('h', join(outside, 'canary')), link('i', '../outside/canary')],
  },
  { is: 'names that lead up', comes: () => [file('../outside/new'), file('a/../../outside/canary')] },
  {
    is: 'absolute names',
    comes: (outside) => [file(join(outside, 'new')), file(join(outside, 'canary')), directory(join(outside, 'dir'))],
  },
  {
    is: 'a FIFO where a file comes',
    before: (root) => void execFileSync('mkfifo', [join(root, 'f')]),
    comes: () => [file('f')],
  },
  {
    is: 'a device where a file comes, and where a directory comes',
    before: (root) => {
      execFileSync('mknod', [join(root, 'f'), 'c', '1', '5']);
      execFileSync('mknod', [join(root, 'd'), 'c', '1', '5']);
    },
    comes: () => [file('f'), directory('d'), file('d/new')],
  },
  {
    is: 'a hard link of a file outside where a file comes',
    before: (root, outside) => {
      // nlink of the canary is that of two names from here on
      linkSync(join(outside, 'canary'), join(root, 'f'));
    },
    comes: () => [link('g', 'f'), file('g', 0o4777)],
  },
  {
    is: 'FIFOs and devices',
    comes: () => [
      { name: 'p', type: 'fifo' },
      { name: 'c', type: 'character-device' },
    ],
  },
  {
    is: 'a directory that is swapped for a link once it is made',
    comes: () => [directory('d'), file('d/1'), file('d/canary'), directory('d/dir'), file('d/dir/inner')],
    swaps: 'd',
  },
  {
    is: 'a directory below that is swapped for a link once it is made',
    comes: () => [directory('a'), directory('a/d'), file('a/d/canary'), file('a/x'), file('a/d/new'), directory('a/d')],
    swaps: 'a/d',
  },
];

export const CONTENT = Buffer.from('from the archive');

/** What is outside, in one text: names, kinds, modes, owners, times and content. */
export function stateOf(folder: string): string {
  const lines = [lineOf(folder, '.')];
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort()) {
    const path = join(folder, name);
    lines.push(lineOf(path, name) + (lstatSync(path).isFile() ? ` ${readFileSync(path, 'utf8')}` : ''));
  }
  return lines.join('\n');
}

function lineOf(path: string, name: string): string {
  const { mode, uid, gid, mtimeMs } = lstatSync(path);
  return `${name} ${mode.toString(8)} ${uid}:${gid} ${mtimeMs}`;
}

export function makeOutside(folder: string): void {
  mkdirSync(join(folder, 'dir'), { recursive: true, mode: 0o700 });
  writeFileSync(join(folder, 'canary'), 'original', { mode: 0o600 });
  writeFileSync(join(folder, 'dir/inner'), 'original', { mode: 0o600 });
}

/** As an archive; `prefix` comes before each name. What is to be swapped is so before the entry after it is given. */
export async function* archiveOf(
  tree: HostileTree,
  root: string,
  outside: string,
  prefix = '',
): AsyncGenerator<Buffer> {
  const named = (name: string): string => (name.startsWith('/') ? name : prefix + name);
  for (const { name, type, linkname, mode = 0o644 } of tree.comes(outside)) {
    const data = type === 'file' ? CONTENT : Buffer.alloc(0);
    const archive = pack();
    const target =
      type === 'link' && linkname !== undefined
        ? { linkname: named(linkname) }
        : linkname === undefined
          ? {}
          : { linkname };
    archive.entry(
      { name: named(name), type, mode, ...target, size: data.length, mtime: new Date(1e12), devmajor: 1, devminor: 5 },
      data,
    );
    const chunks: Buffer[] = [];
    archive.finalize();
    for await (const chunk of archive) chunks.push(chunk as Buffer);
    // without the two blocks of zeros at its end
    yield Buffer.concat(chunks).subarray(0, -1024);
    if (name === tree.swaps) await swapped(join(root, name), outside);
  }
  yield Buffer.alloc(1024);
}

async function swapped(path: string, outside: string): Promise<void> {
  for (let waited = 0; !existsSync(path) && waited < 2000; waited += 5)
    await new Promise((resolve) => setTimeout(resolve, 5));
  if (!existsSync(path)) return;
  renameSync(path, `${path}.aside`);
  symlinkSync(outside, path);
}

/** As a directory, as far as it can be one. */
export function makeTree(tree: HostileTree, folder: string, outside: string): void {
  mkdirSync(folder, { recursive: true });
  for (const { name, type, linkname = '', mode } of tree.comes(outside)) {
    const path = join(folder, name);
    const inTree = path.startsWith(`${folder}/`) && !name.startsWith('/');
    if (!inTree || lstatSync(path, { throwIfNoEntry: false }) || hasLink(folder, dirname(path))) continue;
    mkdirSync(dirname(path), { recursive: true });
    if (type === 'directory') mkdirSync(path, { mode: mode ?? 0o755 });
    else if (type === 'file') writeFileSync(path, CONTENT, { mode: mode ?? 0o644 });
    else if (type === 'symlink') symlinkSync(linkname, path);
    else if (type === 'fifo') execFileSync('mkfifo', [path]);
    else if (type === 'character-device') execFileSync('mknod', [path, 'c', '1', '5']);
    else if (lstatSync(join(folder, linkname), { throwIfNoEntry: false })) linkSync(join(folder, linkname), path);
  }
}

function hasLink(folder: string, path: string): boolean {
  for (let at = path; at.length > folder.length; at = dirname(at)) {
    if (lstatSync(at, { throwIfNoEntry: false })?.isSymbolicLink()) return true;
  }
  return false;
}
