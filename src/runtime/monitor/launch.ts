// Starts conmon, one a container or exec: it holds stdio, pty and exit code, and outlives the daemon.
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Socket } from 'node:net';
import { messageOf } from '../../base/errors.ts';
import type { OciRuntime } from '../choose.ts';

export interface Launch {
  readonly conmon: string;
  readonly runtime: OciRuntime;
  /** The runtime's state directory. */
  readonly runtimeRoot: string;
  readonly containerId: string;
  readonly name: string;
  readonly bundle: string;
  readonly exitDirectory: string;
  /** k8s-file log, or undefined for none. */
  readonly logFile: string | undefined;
  /** Begun anew beyond this size, bytes. */
  readonly logMaxBytes: number | undefined;
  readonly terminal: boolean;
  readonly stdin: boolean;
  /** The container's stdin stays open when the daemon's connection to it ends. */
  readonly keepStdin: boolean;
  /** For an exec: the file with its process description. */
  readonly execProcess?: string;
}

/** The runtime refused: its own words, and the exit code that an exec then has. */
export class LaunchError extends Error {
  readonly exitCode: number | undefined;
  constructor(message: string, exitCode?: number) {
    super(message);
    this.name = 'LaunchError';
    this.exitCode = exitCode;
  }
}

export interface Launched {
  readonly pid: number;
  readonly monitorPid: number;
  /** For an exec: its exit code when it ends, undefined when the monitor died. */
  readonly execExit?: Promise<number | undefined>;
}

/** Arguments of conmon; pure. */
export function monitorArguments(launch: Launch): string[] {
  const runtimeArguments = ['--root', launch.runtimeRoot, ...launch.runtime.arguments];
  return [
    '--api-version',
    '1',
    '--cid',
    launch.containerId,
    '--cuuid',
    launch.containerId,
    '--name',
    launch.name,
    '--runtime',
    launch.runtime.path,
    ...runtimeArguments.flatMap((argument) => ['--runtime-arg', argument]),
    '--bundle',
    launch.bundle,
    '--full-attach',
    '--container-pidfile',
    join(launch.bundle, 'pid'),
    '--conmon-pidfile',
    join(launch.bundle, 'monitor.pid'),
    '--persist-dir',
    launch.bundle,
    '--exit-dir',
    launch.exitDirectory,
    '--log-path',
    launch.logFile === undefined ? 'none' : `k8s-file:${launch.logFile}`,
    '--log-level',
    'error',
    '--no-sync-log',
    ...(launch.logMaxBytes === undefined ? [] : ['--log-size-max', String(launch.logMaxBytes)]),
    ...(launch.terminal ? ['--terminal'] : []),
    ...(launch.stdin ? ['--stdin'] : []),
    ...(launch.keepStdin ? ['--leave-stdin-open'] : []),
    ...(launch.execProcess === undefined ? [] : ['--exec', '--exec-attach', '--exec-process-spec', launch.execProcess]),
  ];
}

/** Lines of JSON that conmon writes on its pipes, one waiter at a time. */
class Messages {
  readonly #ready: { data: number; message?: string }[] = [];
  #waiting: ((message: { data: number; message?: string } | undefined) => void) | undefined;
  #ended = false;
  #rest = '';

  constructor(socket: Socket) {
    socket.setEncoding('utf8');
    socket.on('data', (text: string) => {
      const lines = (this.#rest + text).split('\n');
      this.#rest = lines.pop() ?? '';
      for (const line of lines) if (line !== '') this.#deliver(JSON.parse(line) as { data: number; message?: string });
    });
    socket.on('error', () => this.#finish());
    socket.on('close', () => this.#finish());
  }

  next(): Promise<{ data: number; message?: string } | undefined> {
    const first = this.#ready.shift();
    if (first !== undefined || this.#ended) return Promise.resolve(first);
    return new Promise((resolve) => {
      this.#waiting = resolve;
    });
  }

  #deliver(message: { data: number; message?: string }): void {
    if (this.#waiting) {
      this.#waiting(message);
      this.#waiting = undefined;
    } else this.#ready.push(message);
  }

  #finish(): void {
    this.#ended = true;
    this.#waiting?.(undefined);
    this.#waiting = undefined;
  }
}

/**
 * Runs conmon until the runtime has created the process. For an exec, `beforeStart` is called when the attach socket is
 * there and the process is not yet, so that no output is missed. Throws `LaunchError` with the runtime's words.
 */
export async function launch(options: Launch, beforeStart?: () => void): Promise<Launched> {
  const isExec = options.execProcess !== undefined;
  const child = spawn(options.conmon, monitorArguments(options), {
    cwd: options.bundle,
    detached: true,
    env: {
      PATH: process.env['PATH'] ?? '/usr/sbin:/usr/bin:/sbin:/bin',
      _OCI_SYNCPIPE: '3',
      ...(isExec ? { _OCI_STARTPIPE: '4', _OCI_ATTACHPIPE: '5' } : {}),
    },
    stdio: ['ignore', 'ignore', 'pipe', 'pipe', ...(isExec ? (['pipe', 'pipe'] as const) : [])],
  });
  let stderr = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    if (stderr.length < 4096) stderr += text;
  });
  const sync = new Messages(child.stdio[3] as Socket);
  const failedToSpawn = new Promise<never>((_, reject) => child.once('error', reject));
  failedToSpawn.catch(() => undefined);
  try {
    if (isExec) await Promise.race([releaseExec(child, beforeStart), failedToSpawn]);
    const first = await Promise.race([sync.next(), failedToSpawn]);
    if (first === undefined)
      throw new LaunchError(stderr.trim() || 'the container monitor ended before the container was created');
    if (first.data < 0)
      throw new LaunchError((first.message ?? stderr).trim(), first.data < -1 ? -first.data : undefined);
    const monitorPid = Number(readFileSync(join(options.bundle, 'monitor.pid'), 'utf8'));
    if (!isExec) {
      (child.stdio[3] as Socket).destroy();
      return { pid: first.data, monitorPid };
    }
    return { pid: first.data, monitorPid, execExit: sync.next().then((last) => last?.data) };
  } catch (error) {
    if (error instanceof LaunchError) throw error;
    throw new LaunchError(`cannot run the container monitor ${options.conmon}: ${messageOf(error)}`);
  }
}

/** An exec's monitor waits twice: before it forks, and again when its attach socket is ready. */
async function releaseExec(child: ChildProcess, beforeStart: (() => void) | undefined): Promise<void> {
  const start = child.stdio[4] as Socket;
  const attach = new Messages((child.stdio as unknown as readonly Socket[])[5] as Socket);
  start.on('error', () => undefined);
  start.write('start\n');
  await attach.next();
  beforeStart?.();
  start.write('start\n');
}
