// Starts conmon, one a container or exec: it holds stdio, pty and exit code, and outlives the daemon.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '../../base/errors.ts';
import { type ChildPipe, childPipe, reap, spawnDetached } from '../../host/spawn.ts';
import { type OciRuntime, runtimeCall } from '../choice/choose.ts';

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
  /** The score of the process where the runtime's own exec does not set it, as crun's. */
  readonly oomScoreAdj?: number | undefined;
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

/** Arguments of conmon. */
export function monitorArguments(launch: Launch): string[] {
  const [runtime, runtimeArguments] = withScore(launch.oomScoreAdj, ...runtimeCall(launch.runtime, launch.runtimeRoot));
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
    runtime,
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
  const sync = new Pipe();
  const start = isExec ? new Pipe() : undefined;
  const attach = isExec ? new Pipe() : undefined;
  const errors = new Pipe();
  const pipes = [sync, start, attach].filter((pipe) => pipe !== undefined);
  let pid: number;
  try {
    pid = spawnDetached({
      file: options.conmon,
      args: monitorArguments(options),
      cwd: options.bundle,
      env: {
        PATH: process.env['PATH'] ?? '/usr/sbin:/usr/bin:/sbin:/bin',
        _OCI_SYNCPIPE: '3',
        ...(isExec ? { _OCI_STARTPIPE: '4', _OCI_ATTACHPIPE: '5' } : {}),
      },
      fds: pipes.map((pipe) => pipe.childEnd),
      stderr: errors.childEnd,
    });
  } catch (error) {
    for (const pipe of [...pipes, errors]) pipe.close();
    throw new LaunchError(`cannot run the container monitor ${options.conmon}: ${messageOf(error)}`);
  } finally {
    for (const pipe of [...pipes, errors]) pipe.handedOver();
  }
  const messages = new Messages(sync.socket);
  const complaints = textOf(errors.socket);
  let monitored = false;
  try {
    if (start && attach) await releaseExec(start.socket, attach.socket, beforeStart);
    const first = await messages.next();
    const left = reaped(pid);
    if (first === undefined)
      throw new LaunchError(
        (await complaints).trim() || 'the container monitor ended before the container was created',
      );
    if (first.data < 0)
      throw new LaunchError((first.message ?? (await complaints)).trim(), first.data < -1 ? -first.data : undefined);
    // it may be slower than the second process, and all that that does
    await left;
    const monitorPid = Number(readFileSync(join(options.bundle, 'monitor.pid'), 'utf8'));
    if (!isExec) return { pid: first.data, monitorPid };
    monitored = true;
    const execExit = messages.next().then((last) => {
      sync.close();
      return last?.data;
    });
    return { pid: first.data, monitorPid, execExit };
  } finally {
    if (!monitored) sync.close();
    for (const pipe of [start, attach, errors]) pipe?.close();
  }
}

/** One end is ours, the other the child's. */
class Pipe {
  readonly #pipe: ChildPipe = childPipe();

  get socket(): Socket {
    return this.#pipe.socket;
  }

  get childEnd(): number {
    return this.#pipe.fd;
  }

  /** The child has its end; ours of it must go, or its closing would never be seen. */
  handedOver(): void {
    this.#pipe[Symbol.dispose]();
  }

  close(): void {
    this.#pipe.socket.destroy();
  }
}

/** What a program says until it closes the stream, bounded. */
async function textOf(socket: Socket): Promise<string> {
  let text = '';
  socket.setEncoding('utf8');
  try {
    for await (const chunk of socket) if (text.length < 4096) text += String(chunk);
  } catch {
    // what came so far is what there is
  }
  return text;
}

/** A runtime that does not set the score of an exec hands on its own, which the monitor has put to 0 by then. */
function withScore(score: number | undefined, file: string, args: readonly string[]): [string, readonly string[]] {
  if (score === undefined) return [file, args];
  const script = `echo ${score} 2>/dev/null >/proc/self/oom_score_adj; exec "$0" "$@"`;
  return ['/bin/sh', ['-c', script, file, ...args]];
}

/** conmon's first process writes down the second one's number and ends. */
async function reaped(pid: number): Promise<void> {
  while (!reap(pid)) await sleep(5, undefined, { ref: false });
}

/** An exec's monitor waits twice: before it forks, and again when its attach socket is ready. */
async function releaseExec(start: Socket, attach: Socket, beforeStart: (() => void) | undefined): Promise<void> {
  const ready = new Messages(attach);
  start.on('error', () => undefined);
  start.write('start\n');
  await ready.next();
  beforeStart?.();
  start.write('start\n');
}
