// A container that is run to its end while somebody waits, as a step of a build is: the OCI runtime alone, with pipes, no monitor.
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { isErrno } from '../base/errors.ts';
import { childPipe, outputPipe, reapCode, spawnDetached } from '../host/spawn.ts';
import { type OciRuntime, runtimeCall } from './choice/choose.ts';
import { prepareMounts } from './mount-parents.ts';
import { makeMountPoints } from './mount-points.ts';
import { haveProfile } from './profile.ts';
import { LaunchError } from './monitor/launch.ts';
import type { ExecRoot } from './paths.ts';
import type { SeccompCache } from './seccomp-cache.ts';
import { type OciSpec, specText } from './spec/index.ts';

export interface StepRequest {
  readonly id: string;
  readonly spec: OciSpec;
  readonly runtime: OciRuntime;
  readonly onOutput: (stream: 1 | 2, chunk: Buffer) => void;
  /** Ends the step: its processes are killed by `kill`. */
  readonly signal: AbortSignal;
  readonly kill: () => void;
}

/** The exit code. Throws `LaunchError` with the runtime's words when the program could not be started. */
export async function runStep(paths: ExecRoot, seccomp: SeccompCache, request: StepRequest): Promise<number> {
  const { id, runtime } = request;
  await haveProfile(request.spec.process.apparmorProfile);
  makeMountPoints(request.spec.root.path);
  const bundle = paths.bundle(id);
  mkdirSync(bundle, { recursive: true, mode: 0o700 });
  const config = join(bundle, 'config.json');
  const given = runtime.startBy === 'fifo-write' ? prepareMounts(request.spec) : request.spec;
  const apply = (): ReturnType<SeccompCache['apply']> =>
    runtime.startBy === 'fifo-write' ? seccomp.apply(given) : { spec: given, profile: undefined };
  const { spec, profile } = apply();
  writeFileSync(config, specText(spec), { mode: 0o600 });
  if (profile !== undefined) {
    await learn(paths, seccomp, profile, request);
    writeFileSync(config, specText(apply().spec), { mode: 0o600 });
  }
  const log = join(bundle, 'runtime.log');
  const call = runtimeCall(runtime, paths.runtime, '--log', log, 'run', '--bundle', bundle, id);
  const pid = start(call, bundle, request);
  const kill = (): void => {
    request.kill();
    pid.kill();
  };
  request.signal.addEventListener('abort', kill, { once: true });
  if (request.signal.aborted) kill();
  try {
    const code = await pid.exit;
    const complaint = code === 0 || request.signal.aborted ? '' : complaintIn(log);
    pid.endOutput(complaint);
    if (complaint !== '') throw new LaunchError(complaint, code);
    return code;
  } finally {
    request.signal.removeEventListener('abort', kill);
    rmSync(bundle, { recursive: true, force: true });
  }
}

interface Started {
  readonly exit: Promise<number>;
  /** After the exit: hands on what was held back, unless it is this complaint of the runtime's. */
  endOutput(complaint: string): void;
  kill(): void;
}

/** So long the first line of errors waits: the runtime writes its complaint there too, and then ends. Milliseconds. */
const HELD_MS = 50;
const MAX_HELD = 4096;

function start([file, args]: [string, string[]], cwd: string, request: StepRequest): Started {
  using out = outputPipe();
  using err = outputPipe();
  using alive = childPipe();
  const pid = spawnDetached({
    file,
    args,
    env: { PATH: process.env['PATH'] ?? '/usr/sbin:/usr/bin:/sbin:/bin' },
    cwd,
    fds: [alive.fd],
    stdout: out.fd,
    stderr: err.fd,
  });
  let held: Buffer | undefined;
  let isFirst = true;
  const handOn = (): void => {
    isFirst = false;
    const chunk = held;
    held = undefined;
    if (chunk) request.onOutput(2, chunk);
  };
  out.socket.on('data', (chunk: Buffer) => {
    handOn();
    request.onOutput(1, chunk);
  });
  err.socket.on('data', (chunk: Buffer) => {
    if (isFirst && !held && chunk.length < MAX_HELD) {
      held = chunk;
      setTimeout(handOn, HELD_MS);
      return;
    }
    handOn();
    request.onOutput(2, chunk);
  });
  let ended = false;
  const exit = (async () => {
    await closed(alive.socket);
    let code = reapCode(pid);
    for (let attempt = 0; code === undefined; attempt += 1) {
      await new Promise((resolve) => (attempt < 50 ? setImmediate(resolve) : setTimeout(resolve, 2)));
      code = reapCode(pid);
    }
    ended = true;
    // a process that left the container's namespaces cannot exist, so the pipes end with the step
    await Promise.all([closed(out.socket), closed(err.socket)]);
    return code;
  })();
  return {
    exit,
    endOutput(complaint) {
      if (complaint !== '' && held?.toString().trim() === complaint.replace(/^\d{4}-\S+Z: /, '')) held = undefined;
      handOn();
    },
    kill: () => {
      if (!ended) process.kill(pid, 'SIGKILL');
    },
  };
}

function closed(socket: Socket): Promise<void> {
  socket.on('error', () => undefined);
  socket.resume();
  return socket.destroyed ? Promise.resolve() : new Promise((resolve) => socket.once('close', () => resolve()));
}

/** The runtime's last words; it writes nothing there when the program itself failed. */
function complaintIn(log: string): string {
  try {
    return readFileSync(log, 'utf8').trim().split('\n').at(-1) ?? '';
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return '';
    throw error;
  }
}

/** Has the runtime compile a profile for a container that is thrown away: once for each profile, since it takes longer than all the rest. */
async function learn(paths: ExecRoot, seccomp: SeccompCache, profile: string, request: StepRequest): Promise<void> {
  const { id, runtime } = request;
  const call = (...words: string[]): Promise<unknown> =>
    new Promise((resolve) => {
      const [file, args] = runtimeCall(runtime, paths.runtime, ...words);
      spawn(file, args, { stdio: 'ignore' }).once('close', resolve).once('error', resolve);
    });
  await call('create', '--bundle', paths.bundle(id), id);
  seccomp.learn(profile, paths.runtime, id);
  await call('delete', '--force', id);
}
