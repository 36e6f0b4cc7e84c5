// Another process in a running container: made, started, sized, looked at.
import { setTimeout as delay } from 'node:timers/promises';
import { conflict, internal, invalid, messageOf, notFound } from '../../base/errors.ts';
import { randomId } from '../../base/ids.ts';
import { exitCodeOf, LaunchError, refusalWords } from '../../runtime/index.ts';
import { execProcess, type ResolvedUser } from '../../runtime/spec/index.ts';
import { resolveUser } from '../../runtime/user/index.ts';
import type { ExecInspect } from '../../spec/docker/index.ts';
import type { Container } from '../container/container.ts';
import { type EngineContext, emit } from '../container/context.ts';
import type { ExecSpec } from '../create/index.ts';
import { Exec } from '../container/exec.ts';
import { forgetEndedExec, rememberExec } from '../container/exec-records.ts';
import { runtimeOf } from '../container/running.ts';
import { isRestarting } from '../lifecycle/index.ts';
import { Attachment, type AttachmentOptions, type Io, parseDetachKeys } from '../container/streams.ts';

export function createExec(context: EngineContext, reference: string, spec: ExecSpec): string {
  const container = context.registry.get(reference);
  checkRunning(container, reference);
  // looked up again at the start; a user that is not there is refused while there is still a status to say so with
  userOf(container, spec.user);
  checkEscapeKeys(spec.detachKeys);
  const exec = new Exec(randomId(), container.id, spec);
  rememberExec(context.execs, container.execs, exec);
  emit(context, container, `exec_create: ${spec.cmd.join(' ')}`, { execID: exec.id });
  return exec.id;
}

/** undefined: the container's own. Throws invalid when the files of the container have no such user or group. */
function userOf({ state, record }: Container, user: string): ResolvedUser | undefined {
  if (user === '') return undefined;
  return resolveUser(`/proc/${state.process?.pid ?? 0}/root`, user, record.hostConfig.GroupAdd ?? []);
}

/** dockerd has another word and status for the same mistake here than at attach. */
function checkEscapeKeys(keys: string): void {
  try {
    parseDetachKeys(keys === '' ? undefined : keys);
  } catch {
    throw internal(`Invalid escape keys (${keys}) provided`);
  }
}

/** `called`: what the client calls it. */
function checkRunning(container: Container, called = container.id): void {
  const { phase } = container.state;
  if (phase === 'paused') throw conflict(`Container ${called} is paused, unpause the container before exec`);
  if (isRestarting(container.state))
    throw conflict(`Container ${called} is restarting, wait until the container is running`);
  if (phase !== 'running') throw conflict(`container ${container.id} is not running`);
}

export function findExec(context: EngineContext, id: string): Exec {
  const exec = context.execs.get(id);
  if (!exec) throw notFound(`No such exec instance: ${id}`);
  return exec;
}

/** The exec, of a container in which it can run. */
function activeExec(context: EngineContext, id: string): Exec {
  const exec = findExec(context, id);
  const container = context.registry.find(exec.containerId);
  if (!container) throw notFound(`No such container: ${exec.containerId}`);
  checkRunning(container);
  return exec;
}

/** Everything that can be refused before the connection is taken over. */
export function checkExecStart(context: EngineContext, id: string): Exec {
  const exec = activeExec(context, id);
  if (exec.phase === 'running' || exec.phase === 'starting') throw conflict(`exec command ${id} is already running`);
  if (exec.phase === 'ended') throw conflict(`exec command ${id} has already run`);
  return exec;
}

export interface ExecStart {
  readonly exec: Exec;
  /** undefined: nobody is attached. */
  readonly io: Io | undefined;
  readonly consoleSize: readonly [number, number] | undefined;
}

/** Resolves when the process was started and, with a client, when it has ended or the client let go. */
export async function startExec(context: EngineContext, { exec, io, consoleSize }: ExecStart): Promise<void> {
  const container = context.registry.get(exec.containerId);
  const { request } = exec;
  exec.phase = 'starting';
  const runtime = runtimeOf(context, container.record.runtime);
  const over = Promise.withResolvers<void>();
  const attachment =
    io && new Attachment(endingAfter(io, over.promise), attachmentOptions(context, container, exec, over.resolve));
  try {
    const spec = context.runtime.specOf(container.id);
    const user = userOf(container, request.user);
    const homeGiven = (container.record.config.Env ?? []).some((one) => one.startsWith('HOME='));
    const process = execProcess({
      container: spec.process,
      exec: request,
      user,
      homeGiven,
      host: context.host,
      consoleSize,
    });
    emit(context, container, `exec_start: ${request.cmd.join(' ')}`, { execID: exec.id });
    const started = await context.runtime.exec(
      { id: exec.id, containerId: container.id, process, runtime, stdin: request.attachStdin },
      (console) => {
        exec.console = console;
        attachment?.connect(console);
      },
    );
    exec.pid = started.pid;
    exec.phase = 'running';
    exec.started.resolve();
    started.exit
      .then(async (code) => {
        exec.exitCode = code ?? 137;
        exec.phase = 'ended';
        over.resolve();
        forgetEndedExec(context.execs, container.execs, exec);
        emit(context, container, 'exec_die', { execID: exec.id, exitCode: String(exec.exitCode) });
        // what the process wrote last may still be on its way
        await Promise.race([exec.console?.ended, delay(DRAIN_MS, undefined, { ref: false })]);
        exec.console?.close();
      })
      .catch((error: unknown) => context.log.warn(`exec ${exec.id}: ${messageOf(error)}`));
    if (attachment) await Promise.race([io.closed, Promise.all([attachment.done, over.promise])]);
  } catch (error) {
    exec.phase = 'ended';
    exec.started.resolve();
    over.resolve();
    forgetEndedExec(context.execs, container.execs, exec);
    exec.console?.close();
    const failure = execFailure(error, container.record.runtime, request.cmd[0] ?? '');
    exec.exitCode = failure.exitCode;
    throw failure.error;
  }
}

/** How long output may lag behind the exit code, milliseconds. */
const DRAIN_MS = 2000;

/** A client that reads the end of the stream asks for the exit code at once: the end is held back until there is one. */
function endingAfter(io: Io, over: Promise<void>): Io {
  return { ...io, end: () => void over.then(() => io.end()) };
}

function attachmentOptions(
  context: EngineContext,
  container: Container,
  exec: Exec,
  letGo: () => void,
): AttachmentOptions {
  const { request } = exec;
  return {
    stdin: request.attachStdin,
    stdout: request.attachStdout,
    stderr: request.attachStderr,
    closeStdin: !request.tty,
    detachKeys:
      request.tty || request.detachKeys !== ''
        ? parseDetachKeys(request.detachKeys === '' ? undefined : request.detachKeys)
        : [],
    onDetach: () => {
      emit(context, container, 'exec_detach', { execID: exec.id });
      // who lets go early still finds a process that runs
      void exec.started.promise.then(letGo);
    },
  };
}

function execFailure(error: unknown, runtime: string, program: string): { error: unknown; exitCode: number } {
  if (!(error instanceof LaunchError)) return { error, exitCode: 128 };
  const words = refusalWords({ runtime, verb: 'exec', program, text: error.message });
  const exitCode = exitCodeOf(words);
  const message = `OCI runtime exec failed: ${words}: unknown`;
  return { error: exitCode === 128 ? internal(message) : invalid(message), exitCode };
}

/** A client sends its size as soon as it is attached, which may be before the process is there. */
export async function resizeExec(context: EngineContext, id: string, height: number, width: number): Promise<void> {
  const exec = activeExec(context, id);
  if (exec.phase === 'starting') await exec.started.promise;
  if (exec.phase !== 'running') throw invalid(`exec process is not started`);
  context.runtime.resizeExec(exec.containerId, exec.id, height, width);
}

export function inspectExec(context: EngineContext, id: string): ExecInspect {
  const exec = findExec(context, id);
  if (!context.registry.find(exec.containerId)) throw notFound(`No such container: ${exec.containerId}`);
  const { request } = exec;
  return {
    ID: exec.id,
    Running: exec.phase === 'starting' || exec.phase === 'running',
    ExitCode: exec.exitCode ?? null,
    ProcessConfig: {
      tty: request.tty,
      entrypoint: request.cmd[0] ?? '',
      arguments: request.cmd.slice(1),
      privileged: request.privileged,
      ...(request.user === '' ? {} : { user: request.user }),
    },
    OpenStdin: request.attachStdin,
    OpenStderr: request.attachStderr,
    OpenStdout: request.attachStdout,
    CanRemove: exec.phase === 'ended',
    ContainerID: exec.containerId,
    DetachKeys: '',
    Pid: exec.pid,
  };
}
