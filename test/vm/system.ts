// The disk that the small machine runs from: this host's own runtimes, monitor and Node with their libraries, and busybox.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
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
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { findProgram } from '../../src/host/find.ts';

const run = promisify(execFile);
const ROOT = dirname(dirname(import.meta.dirname));
const INIT = join(import.meta.dirname, 'guest/init.sh');

/** Programs of this host that the machine has too; those that are not here it lacks. */
const PROGRAMS = ['conmon', 'crun', 'runc', 'nft', 'ps', 'docker-init', 'tini-static', 'mke2fs', 'unshare'];
/** npm packages with native code, which bundles load from where they lie. */
const PACKAGES = ['koffi', '@koromix/koffi-linux-x64'];
const FOLDERS = ['dev', 'etc', 'opt/berth/dist', 'proc', 'root', 'run', 'sbin', 'bin', 'sys', 'tmp', 'usr/bin', 'var'];
const ETC = {
  passwd: 'root:x:0:0:root:/root:/bin/sh\n',
  group: 'root:x:0:\ndocker:x:999:\n',
  hosts: '127.0.0.1 localhost\n',
  'resolv.conf': 'nameserver 192.0.2.53\n',
  'machine-id': '0123456789abcdef0123456789abcdef\n',
};

const images = new Map<string, Promise<string>>();

/** The image's file in `cache`, made anew when any of its parts has changed. Throws when busybox-static is missing. */
export function systemImage(cache: string): Promise<string> {
  // two that make it at once would each remove the other's as an old one
  const image = images.get(cache) ?? makeSystemImage(cache);
  images.set(cache, image);
  return image;
}

async function makeSystemImage(cache: string): Promise<string> {
  const busybox = staticBusybox();
  const programs = [process.execPath, ...PROGRAMS.flatMap((name) => findProgram(name) ?? [])];
  const libraries = await librariesOf(programs);
  const packages = PACKAGES.map((name) => join(ROOT, 'node_modules', name));
  const sources = [busybox, INIT, import.meta.filename, ...programs, ...libraries.map(realpath), ...packages];
  const image = join(cache, `system-${fingerprint(sources)}.img`);
  if (existsSync(image)) return image;
  const stage = mkdtempSync(join(cache, 'stage-'));
  try {
    for (const folder of FOLDERS) mkdirSync(join(stage, folder), { recursive: true });
    copyFileSync(busybox, join(stage, 'bin/busybox'));
    const { stdout } = await run(busybox, ['--list']);
    for (const name of stdout.trim().split('\n')) {
      if (!['busybox', 'init', 'ps'].includes(name)) symlinkSync('/bin/busybox', join(stage, 'bin', name));
    }
    copyFileSync(INIT, join(stage, 'sbin/init'));
    chmodSync(join(stage, 'sbin/init'), 0o755);
    for (const file of programs) place(file, join(stage, 'usr/bin', file.slice(file.lastIndexOf('/') + 1)));
    for (const file of libraries) place(file, join(stage, file));
    for (const [index, name] of PACKAGES.entries())
      cpSync(packages[index] ?? '', join(stage, 'opt/berth/node_modules', name), { recursive: true });
    for (const [name, text] of Object.entries(ETC)) writeFileSync(join(stage, 'etc', name), text);
    const size = `${Math.ceil((await megabytes(stage)) * 1.1) + 16}M`;
    const fresh = `${stage}.img`;
    await run(makeExt4(), ['-q', '-F', '-t', 'ext4', '-O', '^has_journal', '-m', '0', '-d', stage, fresh, size]);
    for (const old of globSync(join(cache, 'system-*.img'))) rmSync(old, { force: true });
    renameSync(fresh, image);
  } finally {
    rmSync(stage, { recursive: true, force: true });
    rmSync(`${stage}.img`, { force: true });
  }
  return image;
}

/** mke2fs, which a user's PATH may lack. */
export function makeExt4(): string {
  return findProgram('mke2fs') ?? '/usr/sbin/mke2fs';
}

/** The busybox that needs no library. */
export function staticBusybox(): string {
  const found = ['/usr/bin/busybox', '/bin/busybox'].find((file) => existsSync(file));
  if (found === undefined) throw new Error('busybox-static is not installed');
  return found;
}

function place(file: string, target: string): void {
  mkdirSync(dirname(target), { recursive: true });
  if (!existsSync(target)) copyFileSync(realpath(file), target);
}

function realpath(file: string): string {
  return realpathSync(file);
}

/** Every library of the programs under the names that their loader looks for. */
async function librariesOf(programs: readonly string[]): Promise<string[]> {
  const found = new Set<string>();
  for (const program of programs) {
    // ldd fails for what is linked statically, which needs none
    const { stdout } = await run('ldd', [program]).catch(() => ({ stdout: '' }));
    for (const [, file] of stdout.matchAll(/(?:=> |^\s+)(\/\S+) \(0x/gm)) if (file !== undefined) found.add(file);
  }
  return [...found].sort();
}

function fingerprint(files: readonly string[]): string {
  const hash = createHash('sha256');
  for (const file of files) {
    const { size, mtimeMs } = statSync(file);
    hash.update(`${file}\0${size}\0${mtimeMs}\n`);
  }
  return hash.digest('hex').slice(0, 16);
}

async function megabytes(folder: string): Promise<number> {
  const { stdout } = await run('du', ['-sm', folder]);
  return Number.parseInt(stdout, 10);
}
