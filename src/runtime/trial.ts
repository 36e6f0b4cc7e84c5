// Tries an OCI runtime on this host with a container of one tiny program, since neither name nor version tells whether it works.
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { messageOf } from '../base/errors.ts';
import { staticProgram } from './elf.ts';
import { type OciRuntime, runtimeCall, TRIAL_PATIENCE_MS } from './choice/choose.ts';

const run = promisify(execFile);

/** Machine code of "exit with 0". */
const EXIT_ZERO = {
  x64: [0x31, 0xff, 0xb8, 0x3c, 0, 0, 0, 0x0f, 0x05],
  arm64: [0, 0, 0x80, 0xd2, 0xa8, 0x0b, 0x80, 0xd2, 0x01, 0, 0, 0xd4],
} as const;

/** A static program of some 130 bytes; undefined for a processor that has none here. */
export function exitZeroProgram(arch: string): Buffer | undefined {
  return arch === 'x64' || arch === 'arm64' ? staticProgram(arch, EXIT_ZERO[arch]) : undefined;
}

/** Runs it below `folder`, in a control group like a container's; throws the runtime's own words. */
export async function tryRuntime(runtime: OciRuntime, folder: string, cgroupParent: string): Promise<void> {
  const program = exitZeroProgram(process.arch);
  if (!program) return;
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const bundle = mkdtempSync(join(folder, 'trial-'));
  const id = bundle.slice(bundle.lastIndexOf('/') + 1);
  try {
    // crun opens /dev whether or not anything is mounted there
    for (const name of ['dev', 'proc']) mkdirSync(join(bundle, 'rootfs', name), { recursive: true });
    writeFileSync(join(bundle, 'rootfs', 'exit'), program, { mode: 0o755 });
    writeFileSync(
      join(bundle, 'config.json'),
      JSON.stringify({
        ociVersion: '1.0.2',
        process: { args: ['/exit'], cwd: '/', env: [], user: { uid: 0, gid: 0 } },
        root: { path: 'rootfs' },
        mounts: [{ destination: '/proc', type: 'proc', source: 'proc' }],
        linux: {
          cgroupsPath: join('/', cgroupParent, id),
          namespaces: ['pid', 'ipc', 'uts', 'mount', 'network'].map((type) => ({ type })),
        },
      }),
    );
    await run(...runtimeCall(runtime, join(folder, 'trial-state'), 'run', '--bundle', bundle, id), {
      timeout: TRIAL_PATIENCE_MS,
    });
  } catch (error) {
    const stderr =
      error instanceof Error && 'stderr' in error && typeof error.stderr === 'string' ? error.stderr.trim() : '';
    throw new Error(stderr.split('\n').at(-1) || messageOf(error), { cause: error });
  } finally {
    rmSync(bundle, { recursive: true, force: true });
    rmSync(join(folder, 'trial-state'), { recursive: true, force: true });
  }
}
