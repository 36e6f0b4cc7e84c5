// Tries an OCI runtime on this host with a container of one tiny program, since neither name nor version tells whether it works.
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { messageOf } from '../base/errors.ts';
import { type OciRuntime, runtimeCall, TRIAL_PATIENCE_MS } from './choose.ts';

const run = promisify(execFile);

/** Machine code of "exit with 0", and the ELF machine number. */
const EXIT_ZERO: Record<string, { machine: number; code: number[] }> = {
  x64: { machine: 62, code: [0x31, 0xff, 0xb8, 0x3c, 0, 0, 0, 0x0f, 0x05] },
  arm64: { machine: 183, code: [0, 0, 0x80, 0xd2, 0xa8, 0x0b, 0x80, 0xd2, 0x01, 0, 0, 0xd4] },
};

/** A static program of some 130 bytes; undefined for a processor that has none here. */
export function exitZeroProgram(arch: string): Buffer | undefined {
  const target = EXIT_ZERO[arch];
  if (!target) return undefined;
  const base = 0x400000n;
  const header = Buffer.alloc(120);
  header.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  header.writeUInt16LE(2, 16);
  header.writeUInt16LE(target.machine, 18);
  header.writeUInt32LE(1, 20);
  header.writeBigUInt64LE(base + 120n, 24);
  header.writeBigUInt64LE(64n, 32);
  header.writeUInt16LE(64, 52);
  header.writeUInt16LE(56, 54);
  header.writeUInt16LE(1, 56);
  header.writeUInt32LE(1, 64);
  header.writeUInt32LE(5, 68);
  header.writeBigUInt64LE(base, 80);
  header.writeBigUInt64LE(base, 88);
  const size = BigInt(120 + target.code.length);
  header.writeBigUInt64LE(size, 96);
  header.writeBigUInt64LE(size, 104);
  header.writeBigUInt64LE(4096n, 112);
  return Buffer.concat([header, Buffer.from(target.code)]);
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
