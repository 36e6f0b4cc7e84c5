// A small QEMU machine with Debian's kernel and cgroup v2: given files and a command, it gives the command's output.
import { spawn } from 'node:child_process';
import { accessSync, constants, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { setPriority } from 'node:os';
import { dirname, join } from 'node:path';
import { messageOf } from '../../src/base/errors.ts';
import { findProgram } from '../../src/host/find.ts';
import { type Accelerator, chooseAccelerator } from '../../src/machine/accelerator.ts';
import { BARE, driveOf, emulatorOf, KERNEL_LINE, processorOf } from '../../src/machine/argv.ts';
import { initramfsOf } from '../../src/machine/disk/initramfs.ts';
import { fetchKernel, type Kernel, moduleOrder } from '../../src/machine/disk/kernel.ts';
import { execute } from '../support/daemon.ts';
import { PACKAGES } from '../support/package.ts';
import { staticBusybox, systemImage } from './system.ts';

const EMULATOR = emulatorOf('x64');
/** Small, and it boots fast. */
const KERNEL = 'linux-image-cloud-amd64';
const CACHE = join(dirname(dirname(import.meta.dirname)), '.berth/vm');
const MODULES = words(
  `virtio_pci virtio_blk overlay loop dummy veth bridge br_netfilter nf_tables nf_nat
   nft_chain_nat nft_nat nft_masq nft_redir nft_ct nft_reject_inet nft_fib_inet nft_log`,
);

export interface MachineOptions {
  /** A folder whose files are at /opt/berth/dist in the machine. */
  readonly files: string;
  /** A line of shell, run there as root. */
  readonly command: string;
  /** An ext4 image that is /var/lib/berth in the machine; without it that is in memory. */
  readonly disk?: string;
  readonly megabytes?: number;
  /** Milliseconds from power on to power off. */
  readonly timeout?: number;
}

export interface MachineEnd {
  /** What the command wrote to stdout. */
  readonly output: string;
  /** Exit code of the command; undefined when the machine went down before its end. */
  readonly code: number | undefined;
  /** The console: kernel, init, and the command's stderr. */
  readonly console: string;
  readonly accelerator: Accelerator;
}

/** Why this host cannot run such a machine; undefined when it can. Fetches the kernel, which is most of what can be missing. */
export async function whyNoMachine(): Promise<string | undefined> {
  if (process.arch !== 'x64') return `the machine is an x86-64 one, this host is ${process.arch}`;
  if (findProgram(EMULATOR) === undefined) return `${EMULATOR} is not installed (Debian package qemu-system-x86)`;
  if (findProgram('apt-get') === undefined) return 'its kernel comes from Debian, and this host has no apt-get';
  try {
    await fetchDebianKernel();
    return undefined;
  } catch (error) {
    return `its kernel cannot be fetched from Debian: ${messageOf(error)}`;
  }
}

/** Boots, runs the command, and waits for power off; a machine that is late is pulled out. */
export async function runMachine(options: MachineOptions): Promise<MachineEnd> {
  mkdirSync(CACHE, { recursive: true });
  const kernel = await fetchDebianKernel();
  const system = await systemImage(CACHE);
  const folder = mkdtempSync(join(CACHE, 'run-'));
  try {
    const modules = moduleOrder(kernel, MODULES);
    const initramfs = join(folder, 'initramfs');
    writeFileSync(initramfs, initramfsOf(staticBusybox(), modules));
    writeFileSync(join(folder, 'run'), `${options.command}\n`);
    const files = join(folder, 'files.tar');
    const packed = await execute('tar', ['-c', '-f', files, '-C', options.files, '.', '-C', folder, 'run']);
    if (packed.code !== 0) throw new Error(`tar: ${packed.stderr}`);
    const boot = (accelerator: Accelerator): Promise<MachineEnd> =>
      power(accelerator, folder, options, [
        '-kernel',
        kernel.image,
        '-initrd',
        initramfs,
        '-append',
        `console=ttyS0 ${KERNEL_LINE}`,
        ...driveOf(system, 'read'),
        ...driveOf(files, 'read'),
        ...(options.disk === undefined ? [] : driveOf(options.disk, 'write')),
      ]);
    return await boot((accelerator ??= await bestAccelerator(kernel.image, initramfs)));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function fetchDebianKernel(): Promise<Kernel> {
  return fetchKernel(PACKAGES, KERNEL);
}

function words(text: string): string[] {
  return text.split(/\s+/);
}

let accelerator: Accelerator | undefined;

/** KVM only where it gets as far as an init: inside other virtual machines it may be there and not work. */
async function bestAccelerator(kernel: string, initramfs: string): Promise<Accelerator> {
  try {
    accessSync('/dev/kvm', constants.R_OK | constants.W_OK);
  } catch {
    return 'tcg';
  }
  const tried = await execute(
    EMULATOR,
    [
      ...BARE,
      ...words('-accel kvm -cpu host -m 256 -serial stdio'),
      '-kernel',
      kernel,
      '-initrd',
      initramfs,
      '-append',
      'console=ttyS0 quiet panic=-1 rdinit=/bin/busybox -- echo machine-is-up',
    ],
    { timeoutMs: 5_000 },
  );
  const usable = new Set<Accelerator>(tried.stdout.includes('machine-is-up') ? ['kvm'] : []);
  return chooseAccelerator('linux', usable).accelerator;
}

function power(
  accelerator: Accelerator,
  folder: string,
  options: MachineOptions,
  boot: readonly string[],
): Promise<MachineEnd> {
  const [console, output] = [join(folder, 'console'), join(folder, 'output')];
  const child = spawn(
    EMULATOR,
    [
      ...BARE,
      ...processorOf(accelerator),
      ...words(`-m ${options.megabytes ?? 1536} -smp 2 -device virtio-rng-pci`),
      '-serial',
      `file:${console}`,
      '-serial',
      `file:${output}`,
      ...boot,
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  // the daemons of other tests, which answer to people, go first
  if (child.pid !== undefined) setPriority(child.pid, 5);
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const late = setTimeout(() => child.kill('SIGKILL'), options.timeout ?? 980_000);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (_, signal) => {
      clearTimeout(late);
      const text = readText(console).replaceAll('\r', '');
      const code = /^machine-is-done (\d+)$/m.exec(text)?.[1];
      resolve({
        output: readText(output),
        code: code === undefined ? undefined : Number(code),
        console: `${text}${stderr}${signal === 'SIGKILL' ? '\nthe machine was late and was pulled out\n' : ''}`,
        accelerator,
      });
    });
  });
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
