// A small QEMU machine with Debian's kernel and cgroup v2: given files and a command, it gives the command's output.
import { spawn } from 'node:child_process';
import { accessSync, constants, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { setPriority } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { messageOf } from '../../src/base/errors.ts';
import { findProgram } from '../../src/host/find.ts';
import { execute } from '../support/daemon.ts';
import { cpioArchive } from './initramfs.ts';
import { fetchKernel, moduleOrder } from './kernel.ts';
import { staticBusybox, systemImage } from './system.ts';

const EMULATOR = 'qemu-system-x86_64';
const CACHE = join(dirname(dirname(import.meta.dirname)), '.berth/vm');
const INITRAMFS = join(import.meta.dirname, 'guest/initramfs.sh');
const MODULES = words(
  `virtio_pci virtio_blk overlay loop dummy veth bridge br_netfilter nf_tables nf_nat
   nft_chain_nat nft_nat nft_masq nft_redir nft_ct nft_reject_inet nft_fib_inet nft_log`,
);
/** Devices are only those that are named. */
const BARE = words('-nodefaults -display none -no-reboot');

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

type Accelerator = 'kvm' | 'tcg';

/** Why this host cannot run such a machine; undefined when it can. Fetches the kernel, which is most of what can be missing. */
export async function whyNoMachine(): Promise<string | undefined> {
  if (process.arch !== 'x64') return `the machine is an x86-64 one, this host is ${process.arch}`;
  if (findProgram(EMULATOR) === undefined) return `${EMULATOR} is not installed (Debian package qemu-system-x86)`;
  if (findProgram('apt-get') === undefined) return 'its kernel comes from Debian, and this host has no apt-get';
  try {
    await fetchKernel();
    return undefined;
  } catch (error) {
    return `its kernel cannot be fetched from Debian: ${messageOf(error)}`;
  }
}

/** Boots, runs the command, and waits for power off; a machine that is late is pulled out. */
export async function runMachine(options: MachineOptions): Promise<MachineEnd> {
  mkdirSync(CACHE, { recursive: true });
  const kernel = await fetchKernel();
  const system = await systemImage(CACHE);
  const folder = mkdtempSync(join(CACHE, 'run-'));
  try {
    const modules = moduleOrder(kernel, MODULES);
    const initramfs = join(folder, 'initramfs');
    writeFileSync(initramfs, initramfsOf(modules));
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
        'console=ttyS0 quiet loglevel=4 panic=-1 random.trust_cpu=on',
        ...drive(system, true),
        ...drive(files, true),
        ...(options.disk === undefined ? [] : drive(options.disk, false)),
      ]);
    return await boot((accelerator ??= await bestAccelerator(kernel.image, initramfs)));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function initramfsOf(modules: readonly string[]): Buffer {
  const order = modules.map((file) => basename(file));
  return cpioArchive([
    { path: 'bin' },
    { path: 'bin/busybox', data: readFileSync(staticBusybox()) },
    { path: 'modules' },
    { path: 'modules/order', data: Buffer.from(`${order.join('\n')}\n`) },
    ...modules.map((file) => ({ path: `modules/${basename(file)}`, data: readFileSync(file) })),
    { path: 'init', data: readFileSync(INITRAMFS) },
  ]);
}

function words(text: string): string[] {
  return text.split(/\s+/);
}

function drive(file: string, readOnly: boolean): string[] {
  return ['-drive', `if=virtio,format=raw,file=${file.replaceAll(',', ',,')}${readOnly ? ',readonly=on' : ''}`];
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
  return tried.stdout.includes('machine-is-up') ? 'kvm' : 'tcg';
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
      ...words(accelerator === 'kvm' ? '-accel kvm -cpu host' : '-accel tcg,thread=multi -cpu max'),
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
