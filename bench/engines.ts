// The engines that are compared, each started with roots of its own, and taken away again.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = new URL('..', import.meta.url).pathname;

export interface Engine extends AsyncDisposable {
  readonly name: string;
  /** What clients connect to. */
  readonly host: string;
  /** Processes that are the engine itself. */
  readonly pids: () => number[];
  /** Processes that watch one container each. */
  readonly monitorName: string;
  readonly folder: string;
}

async function answers(host: string): Promise<boolean> {
  try {
    execFileSync('docker', ['-H', host, 'version'], { stdio: 'ignore', timeout: 5000 });
    return true;
  } catch {
    return false;
  }
}

async function started(name: string, child: ChildProcess, host: string, log: string): Promise<void> {
  for (let attempt = 0; attempt < 120; attempt += 1) {
    if (await answers(host)) return;
    if (child.exitCode !== null) break;
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
  throw new Error(`${name} did not start:\n${readFileSync(log, 'utf8').slice(-2000)}`);
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const exit = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  await exit;
}

/** `enter` goes before the daemon's command line: a namespace that it is to live in. */
export async function startBerth(enter: readonly string[] = []): Promise<Engine> {
  const folder = mkdtempSync('/tmp/berth-bench-');
  const host = `unix://${folder}/s.sock`;
  const log = join(folder, 'log');
  const [file, ...args] = [...enter, join(ROOT, 'berth'), 'daemon'];
  const child = spawn(file, [...args, '--data-root', `${folder}/data`, '--exec-root', `${folder}/exec`, '-H', host], {
    stdio: ['ignore', openSync(log, 'a'), openSync(log, 'a')],
  });
  await started('berth', child, host, log);
  return {
    name: 'berth',
    host,
    folder,
    pids: () => [child.pid ?? 0],
    monitorName: 'conmon',
    async [Symbol.asyncDispose]() {
      await ended(child);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

const NO_NETWORKS = ['--bridge', 'none', '--iptables=false', '--ip6tables=false'];

/** undefined when there is no dockerd. It starts a containerd of its own. */
export async function startDockerd(
  path: string | undefined,
  networks: readonly string[] = NO_NETWORKS,
  enter: readonly string[] = [],
): Promise<Engine | undefined> {
  const program = path ?? ['/usr/sbin/dockerd', '/usr/bin/dockerd', '/usr/local/bin/dockerd'].find(existsSync);
  if (program === undefined) return undefined;
  const folder = mkdtempSync('/tmp/dockerd-bench-');
  const host = `unix://${folder}/s.sock`;
  const log = join(folder, 'log');
  const [file, ...args] = [...enter, program];
  const child = spawn(
    file,
    [
      ...args,
      '--data-root',
      `${folder}/data`,
      '--exec-root',
      `${folder}/exec`,
      '-H',
      host,
      '--pidfile',
      `${folder}/pid`,
      ...networks,
      '--log-level',
      'warn',
    ],
    {
      stdio: ['ignore', openSync(log, 'a'), openSync(log, 'a')],
    },
  );
  await started('dockerd', child, host, log);
  const containerd = join(folder, 'exec', 'containerd', 'containerd.pid');
  return {
    name: 'dockerd',
    host,
    folder,
    pids: () => [child.pid ?? 0, ...(existsSync(containerd) ? [Number(readFileSync(containerd, 'utf8'))] : [])],
    monitorName: 'containerd-shim',
    async [Symbol.asyncDispose]() {
      await ended(child);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Resident memory, bytes. */
export function residentBytes(pid: number): number {
  const line = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1];
  return Number(line ?? 0) * 1024;
}

/** Processes of that name whose command line names the folder. */
export function processesNamed(name: string, folder: string): number[] {
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .map(Number)
    .filter((pid) => {
      try {
        const command = readFileSync(`/proc/${pid}/cmdline`, 'latin1');
        return (command.split('\0')[0] ?? '').includes(name) && command.includes(folder);
      } catch {
        return false;
      }
    });
}
