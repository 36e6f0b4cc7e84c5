// Runs a program beside us to its end and gives what it said; never through a shell.
import { spawn } from 'node:child_process';
import { isErrno, unavailable } from '../base/errors.ts';

export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A program that is late is killed, and its code is 137. Throws unavailable when there is no such program. */
export function runProgram(program: string, args: readonly string[], timeoutMs: number): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    let stdout = '';
    let stderr = '';
    const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs);
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout = (stdout + text).slice(-65_536)));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr = (stderr + text).slice(-65_536)));
    child.once('error', (error) => {
      clearTimeout(timer);
      reject(isErrno(error, 'ENOENT') ? missing(program) : error);
    });
    // not `close`: a daemon that it leaves behind may keep the pipes
    child.once('exit', (code) => {
      clearTimeout(timer);
      setTimeout(() => resolve({ code: code ?? 137, stdout, stderr }), 10);
    });
  });
}

const PACKAGES: Readonly<Record<string, string>> = {
  ssh: 'the package openssh-client (on macOS and Windows it is part of the system)',
  'ssh-keygen': 'the package openssh-client (on macOS and Windows it is part of the system)',
  'qemu-system-x86_64':
    'QEMU: the package qemu-system-x86 of Debian, "brew install qemu" on macOS, qemu.org on Windows',
  'qemu-system-aarch64':
    'QEMU: the package qemu-system-arm of Debian, "brew install qemu" on macOS, qemu.org on Windows',
};

function missing(program: string): Error {
  return unavailable(`${program} is not installed on this host`, { hint: `Install ${PACKAGES[program] ?? program}.` });
}
