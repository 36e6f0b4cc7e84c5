// A network namespace for each engine, so that none of them touches the machine's links and rules, nor the other's.
import { spawn } from 'node:child_process';

export interface Namespace extends AsyncDisposable {
  /** A command line that runs in it. */
  readonly enter: readonly string[];
}

export async function makeNamespace(): Promise<Namespace> {
  const child = spawn('unshare', ['--net', 'sh', '-c', 'ip link set lo up; echo; exec sleep 100000'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  await new Promise((resolve) => child.stdout.once('data', resolve));
  return {
    enter: ['nsenter', `--net=/proc/${child.pid}/ns/net`],
    async [Symbol.asyncDispose]() {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGKILL');
      await ended;
    },
  };
}
