// A kernel that hands the programs of another processor to an interpreter, for as long as a test needs it.
import { readFileSync } from 'node:fs';
import { Program } from './program.ts';

/** An ELF header of mips64, which no machine of ours has, and what the kernel is to look for. */
export const FOREIGN = {
  architecture: 'mips64',
  program: Buffer.from(`7f454c46020201${'00'.repeat(9)}00020008`, 'hex'),
};

const MASK = String.raw`\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff`;

/** Why there can be none here. */
export function whyNoInterpreter(): string | undefined {
  if (/\bbinfmt_misc$/m.test(readFileSync('/proc/filesystems', 'latin1'))) return undefined;
  return 'the kernel has no binfmt_misc';
}

/** `path` is a program of this machine that needs no files. Nobody mounted the list of interpreters where the daemon looks. */
export async function registerInterpreter(path: string): Promise<AsyncDisposable> {
  const name = `berth-test-${process.pid}`;
  const magic = [...FOREIGN.program].map((byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('');
  const list = '/proc/sys/fs/binfmt_misc';
  const script = [
    `mount -t binfmt_misc none ${list}`,
    `printf %s ':${name}:M::${magic}:${MASK}:${path}:F' >${list}/register`,
    'echo ready; read line || true',
    `echo -1 >${list}/${name}`,
  ].join('\n');
  const holder = new Program({ file: 'unshare', args: ['--mount', 'sh', '-ec', script] });
  await holder.expect(/ready/);
  return {
    async [Symbol.asyncDispose]() {
      holder.closeInput();
      await holder.ended;
    },
  };
}
