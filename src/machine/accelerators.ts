// Which accelerators this host really lets us use. KVM may be there and not work, inside other virtual machines: so it is tried once a boot.
import { accessSync, constants, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isErrno } from '../base/errors.ts';
import { replaceFile } from '../files/index.ts';
import { bootId } from '../host/process.ts';
import type { Accelerator } from './accelerator.ts';
import { BARE, processorOf } from './argv.ts';
import { runProgram } from './command.ts';
import type { Platform } from './layout.ts';

const TRIAL_MS = 5000;

/** `kernel` and `initramfs` are what a trial boots. */
export async function usableAccelerators(
  platform: Platform,
  emulator: string,
  images: string,
  kernel: string,
  initramfs: string,
): Promise<ReadonlySet<Accelerator>> {
  if (platform !== 'linux') {
    const { stdout } = await runProgram(emulator, ['-accel', 'help'], TRIAL_MS);
    return new Set((['hvf', 'whpx'] as const).filter((name) => stdout.split(/\s+/).includes(name)));
  }
  try {
    accessSync('/dev/kvm', constants.R_OK | constants.W_OK);
  } catch {
    return new Set();
  }
  const memo = join(images, `kvm-${bootId().slice(0, 8)}`);
  if (existsSync(memo)) return new Set(readFileSync(memo, 'utf8') === 'yes' ? ['kvm'] : []);
  const tried = await runProgram(
    emulator,
    [
      ...BARE,
      ...processorOf('kvm'),
      '-m',
      '256',
      '-serial',
      'stdio',
      '-kernel',
      kernel,
      '-initrd',
      initramfs,
      '-append',
      'console=ttyS0 quiet panic=-1 rdinit=/bin/busybox -- echo machine-is-up',
    ],
    TRIAL_MS,
  );
  const works = tried.stdout.includes('machine-is-up');
  try {
    replaceFile(memo, works ? 'yes' : 'no', 0o644);
  } catch (error) {
    if (!isErrno(error, 'EACCES', 'EROFS', 'ENOSPC')) throw error;
  }
  return new Set(works ? ['kvm'] : []);
}
