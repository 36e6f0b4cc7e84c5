// Debian's part of a machine: kernel, initramfs and a disk that is only read, made of signed packages. One folder, whole or not there.
import { execFile } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  globSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statfsSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createHash } from 'node:crypto';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { invalid, unavailable } from '../../base/errors.ts';
import { findProgram } from '../../host/find.ts';
import { mmdebstrap, readSuite } from '../../images/bootstrap/index.ts';
import { BOOT_MODULES, GUEST_FILES, GUEST_PACKAGES, MODULES } from '../guest/files.ts';
import { FIRST } from '../guest/first.ts';
import { initramfsOf } from './initramfs.ts';
import { fetchKernel, type Kernel, moduleOrder } from './kernel.ts';

const run = promisify(execFile);
const SUITE = 'bookworm';
/** The one with 9p. */
const KERNEL = 'linux-image-amd64';
const DROPPED = ['usr/share/doc', 'usr/share/man', 'usr/share/locale', 'usr/share/info', 'usr/share/i18n', 'var/cache'];
/** What the stage, the unpacked kernel and the disk take at once. */
const ROOM_BYTES = 1.5e9;

/** Changes with what a system is made of by us; the packages' versions are those of the day. */
function systemKey(): string {
  const parts = JSON.stringify([SUITE, KERNEL, GUEST_FILES, GUEST_PACKAGES, BOOT_MODULES, MODULES, FIRST]);
  return createHash('sha256').update(parts).digest('hex').slice(0, 12);
}

/** The folder below `images`, made when it is missing. Throws unavailable where Debian's tools or packages cannot be had. */
export async function debianSystem(images: string, onProgress: (line: string) => void): Promise<string> {
  const folder = join(images, `debian-${systemKey()}`);
  if (existsSync(folder)) return folder;
  if (process.arch !== 'x64')
    throw invalid(`the system of a machine can be made on x86-64 only, this host is ${process.arch}`);
  if (process.getuid?.() !== 0)
    throw unavailable('the system of a machine is made by mmdebstrap, which needs root', {
      hint: 'Make it once with "sudo berth machine image FOLDER", then "berth machine init --image FOLDER".',
    });
  mkdirSync(images, { recursive: true });
  const { bavail, bsize } = statfsSync(images);
  if (bavail * bsize < ROOM_BYTES)
    throw unavailable(`no room in ${images}: making a system takes ${ROOM_BYTES / 1e9} GB for a while`);
  const stage = mkdtempSync(join(images, 'stage-'));
  try {
    onProgress('Fetching the kernel');
    const kernel = await fetchKernel(join(stage, 'packages'), KERNEL);
    const suite = await readSuite(SUITE, join(stage, 'release'), onProgress);
    const root = join(stage, 'root');
    onProgress(`Unpacking the packages of ${SUITE}`);
    await mmdebstrap(
      suite,
      { variant: 'extract', format: 'directory', target: root, include: GUEST_PACKAGES },
      () => undefined,
    );
    await fill(root, kernel);
    onProgress('Making the disk');
    const whole = join(stage, 'whole');
    mkdirSync(whole);
    copyFileSync(kernel.image, join(whole, 'kernel'));
    writeFileSync(join(whole, 'initramfs'), initramfsOf(join(root, 'bin/busybox'), moduleOrder(kernel, BOOT_MODULES)));
    await makeExt4(root, join(whole, 'system.img'));
    renameSync(whole, folder);
  } finally {
    rmSync(stage, { recursive: true, force: true });
  }
  return folder;
}

/** What no package brings, or only its scripts do, which do not run. */
async function fill(root: string, kernel: Kernel): Promise<void> {
  for (const name of DROPPED) rmSync(join(root, name), { recursive: true, force: true });
  for (const name of ['dev', 'proc', 'sys', 'run', 'tmp', 'root', 'usr/lib/berth', 'var/lib/berth', 'var/log'])
    mkdirSync(join(root, name), { recursive: true });
  for (const { path, text, x } of GUEST_FILES) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
    if (x) chmodSync(join(root, path), 0o755);
  }
  chmodSync(join(root, 'etc/shadow'), 0o600);
  const busybox = join(root, 'bin/busybox');
  rmSync(join(root, 'sbin/init'), { force: true });
  symlinkSync('/bin/busybox', join(root, 'sbin/init'));
  const { stdout } = await run(busybox, ['--list-full']);
  for (const path of stdout.trim().split('\n')) {
    const name = basename(path);
    if (['bin', 'sbin', 'usr/bin', 'usr/sbin'].some((folder) => isThere(join(root, folder, name)))) continue;
    mkdirSync(dirname(join(root, path)), { recursive: true });
    symlinkSync('/bin/busybox', join(root, path));
  }
  if (!isThere(join(root, 'bin/sh'))) symlinkSync('bash', join(root, 'bin/sh'));
  if (!isThere(join(root, 'usr/bin/docker'))) symlinkSync('berth', join(root, 'usr/bin/docker'));
  const certificates = globSync('usr/share/ca-certificates/mozilla/*.crt', { cwd: root }).sort();
  mkdirSync(join(root, 'etc/ssl/certs'), { recursive: true });
  writeFileSync(
    join(root, 'etc/ssl/certs/ca-certificates.crt'),
    certificates.map((file) => readFileSync(join(root, file), 'utf8')).join(''),
  );
  const target = join(root, 'lib/modules', kernel.version);
  const wanted = [...BOOT_MODULES, ...MODULES].filter((name) => hasModule(kernel, name));
  for (const file of moduleOrder(kernel, wanted)) {
    const to = join(target, 'kernel', file.slice(kernel.modules.length + 1));
    mkdirSync(dirname(to), { recursive: true });
    copyFileSync(file, to);
  }
  for (const name of ['modules.builtin', 'modules.builtin.modinfo', 'modules.order']) {
    const from = join(dirname(kernel.modules), name);
    if (existsSync(from)) cpSync(from, join(target, name));
  }
  // the machine's own: its modprobe reads an index that busybox does not write
  await run('chroot', [root, '/sbin/depmod', kernel.version]);
}

/** A link counts, wherever it leads: it is meant for the machine. */
function isThere(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}

function hasModule(kernel: Kernel, name: string): boolean {
  try {
    moduleOrder(kernel, [name]);
    return true;
  } catch {
    return false;
  }
}

/** A disk of the folder's files, with little room besides; nobody writes to it. */
export async function makeExt4(folder: string, image: string): Promise<void> {
  const program = findProgram('mke2fs');
  if (program === undefined)
    throw unavailable('mke2fs is not installed on this host', { hint: 'Install the package e2fsprogs.' });
  const { stdout } = await run('du', ['-sm', folder]);
  const size = `${Math.ceil(Number.parseInt(stdout, 10) * 1.1) + 16}M`;
  await run(program, ['-q', '-F', '-t', 'ext4', '-O', '^has_journal', '-m', '0', '-d', folder, image, size]);
}
