// Containers as processes, by the OCI runtime and a monitor for each.
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, watch, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { messageOf } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import { type CgroupTrees, groupProcesses, removeGroup, setFrozen } from '../host/cgroup.ts';
import { limitIfThere, setLimit } from '../host/resource-limits.ts';
import { catchesSignal, isAlive, sendSignal, startTicks } from '../host/process.ts';
import { type OciRuntime, runtimeCall } from './choice/choose.ts';
import { AttachConsole, type Console } from './monitor/console.ts';
import { reopenLog, resizeTerminal } from './monitor/control.ts';
import { type Exit, ExitWatch } from './monitor/exits.ts';
import { startProcess } from './monitor/start.ts';
import { launch, LaunchError } from './monitor/launch.ts';
import type { ExecRoot } from './paths.ts';
import type { ExecRequest, Exits, ProcessIdentity, ProcessRuntime, ProcessSpec, StartedExec } from './ports.ts';
import { SeccompCache } from './seccomp-cache.ts';
import { lateLimits, withoutLimits } from './late-limits.ts';
import { prepareMounts } from './mount-parents.ts';
import { makeMountPoints } from './mount-points.ts';
import { haveProfile } from './profile.ts';
import { runStep, type StepRequest } from './step.ts';
import { type OciSpec, processText, specText } from './spec/index.ts';

const run = promisify(execFile);

/** File in a container's bundle that the monitor makes. */
const OUT_OF_MEMORY = 'oom';

/** Attempts to remove a control group, a little further apart each time: 1.3 s in all. */
const CLEAN_ATTEMPTS = 50;
/** Milliseconds until it is tried again; twice as long each time, up to the second number. */
const FIRST_RETRY_MS = 2000;
const MAX_RETRY_MS = 60_000;

export class Runtime implements ProcessRuntime {
  readonly paths: ExecRoot;
  readonly cgroups: CgroupTrees;
  readonly #conmon: string;
  readonly #log: Log;
  readonly #seccomp = new SeccompCache();
  /** Containers whose control group still holds processes, by id: the next attempt to end them. */
  readonly #unclean = new Map<string, NodeJS.Timeout>();

  constructor(options: { paths: ExecRoot; cgroups: CgroupTrees; conmon: string; log: Log }) {
    this.paths = options.paths;
    this.cgroups = options.cgroups;
    this.#conmon = options.conmon;
    this.#log = options.log;
    for (const folder of [this.paths.root, this.paths.exits, this.paths.runtime, join(this.paths.root, 'c')])
      mkdirSync(folder, { recursive: true, mode: 0o700 });
  }

  async create(request: ProcessSpec): Promise<{ pid: number; monitorPid: number }> {
    await haveProfile(request.spec.process.apparmorProfile);
    makeMountPoints(request.spec.root.path);
    const bundle = this.paths.bundle(request.id);
    rmSync(join(this.paths.exits, request.id), { force: true });
    mkdirSync(bundle, { recursive: true, mode: 0o700 });
    const isCrun = request.runtime.startBy === 'fifo-write';
    const prepared = isCrun ? prepareMounts(request.spec) : request.spec;
    const { spec, profile } = isCrun ? this.#seccomp.apply(prepared) : { spec: prepared, profile: undefined };
    const config = join(bundle, 'config.json');
    const late = isCrun ? lateLimits(spec.process.rlimits ?? []) : [];
    writeFileSync(config, specText({ ...spec, process: withoutLimits(spec.process, late) }), { mode: 0o600 });
    const launched = await launch({
      conmon: this.#conmon,
      runtime: request.runtime,
      runtimeRoot: this.paths.runtime,
      containerId: request.id,
      name: request.name,
      bundle,
      exitDirectory: this.paths.exits,
      logFile: request.logFile,
      logMaxBytes: request.logMaxBytes,
      terminal: request.spec.process.terminal,
      stdin: request.stdin,
      keepStdin: request.keepStdin,
    });
    if (profile !== undefined) this.#seccomp.learn(profile, this.paths.runtime, request.id);
    if (late.length > 0) {
      for (const limit of late) setLimit(launched.pid, limit);
      // execs take theirs from there
      writeFileSync(config, specText(spec), { mode: 0o600 });
    }
    return launched;
  }

  release(id: string, runtime: OciRuntime, alive: () => boolean): Promise<void> {
    return startProcess(runtime, this.paths.runtime, id, alive);
  }

  /** Runs a container to its end; `clean` takes away what is left. Throws `LaunchError` with the runtime's words. */
  runStep(request: Omit<StepRequest, 'kill'>, cgroupPath: string): Promise<number> {
    const kill = (): void => {
      for (const pid of groupProcesses(this.cgroups, cgroupPath)) sendSignal(pid, 9);
    };
    return runStep(this.paths, this.#seccomp, { ...request, kill });
  }

  console(id: string): Console {
    return new AttachConsole(this.paths.bundle(id));
  }

  async exec(request: ExecRequest, onConsole: (console: Console) => void): Promise<StartedExec> {
    const bundle = this.paths.execBundle(request.containerId, request.id);
    mkdirSync(bundle, { recursive: true, mode: 0o700 });
    const processFile = join(bundle, 'process.json');
    const late = request.runtime.startBy === 'fifo-write' ? lateLimits(request.process.rlimits ?? []) : [];
    writeFileSync(processFile, processText(withoutLimits(request.process, late)), { mode: 0o600 });
    let exit: Promise<number | undefined> | undefined;
    try {
      const launched = await launch(
        {
          conmon: this.#conmon,
          runtime: request.runtime,
          runtimeRoot: this.paths.runtime,
          containerId: request.containerId,
          name: request.id,
          bundle,
          exitDirectory: bundle,
          logFile: undefined,
          logMaxBytes: undefined,
          terminal: request.process.terminal,
          stdin: request.stdin,
          keepStdin: false,
          execProcess: processFile,
          // crun sets it for containers alone
          oomScoreAdj: request.runtime.startBy === 'fifo-write' ? request.process.oomScoreAdj || undefined : undefined,
        },
        () => {
          // crun does not set the size for an exec; the monitor does it as soon as there is a terminal
          const size = request.process.consoleSize;
          if (size) resizeTerminal(bundle, size.height, size.width);
          onConsole(new AttachConsole(bundle));
        },
      );
      // nothing holds an exec back: it may have run for a moment, or have ended
      for (const limit of late) limitIfThere(launched.pid, limit);
      exit = (launched.execExit ?? Promise.resolve(undefined)).finally(() =>
        rmSync(bundle, { recursive: true, force: true }),
      );
      return { pid: launched.pid, exit };
    } finally {
      if (!exit) rmSync(bundle, { recursive: true, force: true });
    }
  }

  /**
   * Everything that a container has outside its own directory: processes, cgroup, the runtime's state, the bundle. What the
   * kernel does not let go (a process that waits for a dead disk) is tried again later, and its state stays till then.
   */
  async clean(id: string, cgroupPath: string, runtime: OciRuntime | undefined): Promise<void> {
    clearTimeout(this.#unclean.get(id));
    this.#unclean.delete(id);
    for (let attempt = 0; attempt < CLEAN_ATTEMPTS; attempt += 1) {
      if (this.#endGroup(cgroupPath)) {
        await this.#forget(id, runtime);
        return;
      }
      await new Promise((resolve) => setTimeout(resolve, 2 + attempt));
    }
    this.#log.warn(
      `control group ${cgroupPath} still holds processes; they are ended as soon as the kernel lets them go`,
    );
    this.#cleanLater(FIRST_RETRY_MS, id, cgroupPath, runtime);
  }

  isClean(id: string): boolean {
    return !this.#unclean.has(id);
  }

  #cleanLater(milliseconds: number, id: string, cgroupPath: string, runtime: OciRuntime | undefined): void {
    const attempt = async (): Promise<void> => {
      try {
        if (this.#endGroup(cgroupPath)) {
          await this.#forget(id, runtime);
          this.#unclean.delete(id);
          this.#log.info(`control group ${cgroupPath} is gone at last`);
          return;
        }
      } catch (error) {
        this.#log.warn(`control group ${cgroupPath}: ${messageOf(error)}`);
      }
      this.#cleanLater(Math.min(milliseconds * 2, MAX_RETRY_MS), id, cgroupPath, runtime);
    };
    this.#unclean.set(id, setTimeout(() => void attempt(), milliseconds).unref());
  }

  /** True when the group, and with it every process, is gone. */
  #endGroup(cgroupPath: string): boolean {
    for (const pid of groupProcesses(this.cgroups, cgroupPath)) sendSignal(pid, 9);
    return removeGroup(this.cgroups, cgroupPath);
  }

  async #forget(id: string, runtime: OciRuntime | undefined): Promise<void> {
    if (runtime && runtime.startBy === 'command') {
      await run(...runtimeCall(runtime, this.paths.runtime, 'delete', '--force', id)).catch((error: unknown) =>
        this.#log.debug(`runtime delete ${id}: ${messageOf(error)}`),
      );
    }
    rmSync(join(this.paths.runtime, id), { recursive: true, force: true });
    rmSync(this.paths.bundle(id), { recursive: true, force: true });
    rmSync(join(this.paths.exits, id), { force: true });
  }

  takeOutOfMemory(id: string): boolean {
    const note = join(this.paths.bundle(id), OUT_OF_MEMORY);
    // an error costs a tenth of a millisecond, and there is hardly ever a note
    if (!existsSync(note)) return false;
    rmSync(note, { force: true });
    return true;
  }

  watchOutOfMemory(id: string, onNote: () => void): () => void {
    const watcher = watch(this.paths.bundle(id), { persistent: false }, (_, name) => {
      if (name === OUT_OF_MEMORY) onNote();
    });
    watcher.on('error', (error) =>
      this.#log.debug(`container ${id}: want of memory is seen at its end: ${messageOf(error)}`),
    );
    return () => watcher.close();
  }

  identity(pid: number, boot: string): ProcessIdentity {
    const ticks = startTicks(pid);
    if (ticks === undefined) throw new LaunchError('the process ended while it was being created');
    return { pid, ticks, boot };
  }

  alive(identity: ProcessIdentity | undefined, boot: string): boolean {
    return identity !== undefined && identity.boot === boot && isAlive(identity.pid, identity.ticks);
  }

  signal(pid: number, signal: number): boolean {
    return sendSignal(pid, signal);
  }

  catches(pid: number, signal: number): boolean {
    return catchesSignal(pid, signal);
  }

  processes(cgroupPath: string): readonly number[] {
    return groupProcesses(this.cgroups, cgroupPath);
  }

  freeze(cgroupPath: string, frozen: boolean): Promise<void> {
    return setFrozen(this.cgroups, cgroupPath, frozen);
  }

  specOf(id: string): OciSpec {
    return JSON.parse(readFileSync(join(this.paths.bundle(id), 'config.json'), 'utf8')) as OciSpec;
  }

  watchExits(onExit: (exit: Exit) => void): Exits {
    return new ExitWatch(this.paths.exits, onExit);
  }

  async sweep(cgroupParent: string, isKnown: (id: string) => boolean): Promise<void> {
    const leftovers = (folder: string): string[] =>
      existsSync(folder) ? readdirSync(folder).filter((name) => /^[0-9a-f]{64}$/.test(name) && !isKnown(name)) : [];
    for (const root of new Set(this.cgroups.roots.values()))
      for (const id of leftovers(join(root, cgroupParent)))
        await this.clean(id, join('/', cgroupParent, id), undefined);
    for (const folder of [this.paths.exits, this.paths.runtime, join(this.paths.root, 'c')])
      for (const id of leftovers(folder)) this.#removeLeftover(join(folder, id));
  }

  /** Whoever looked after a process that has just been ended may still write there; what stays is no reason not to start. */
  #removeLeftover(path: string): void {
    try {
      rmSync(path, { recursive: true, force: true, maxRetries: 20, retryDelay: 10 });
    } catch (error) {
      this.#log.warn(`${path} cannot be removed: ${messageOf(error)}`);
    }
  }

  resize(id: string, height: number, width: number): void {
    resizeTerminal(this.paths.bundle(id), height, width);
  }

  resizeExec(containerId: string, execId: string, height: number, width: number): void {
    resizeTerminal(this.paths.execBundle(containerId, execId), height, width);
  }

  reopenLog(id: string): boolean {
    return reopenLog(this.paths.bundle(id));
  }

  async limit(id: string, runtime: OciRuntime, resources: object): Promise<void> {
    // a file, since crun opens /dev/stdin, which cannot be done to the socket that a child of Node has there
    const file = join(this.paths.bundle(id), 'resources.json');
    writeFileSync(file, JSON.stringify(resources), { mode: 0o600 });
    try {
      await run(...runtimeCall(runtime, this.paths.runtime, 'update', '--resources', file, id));
    } catch (error) {
      throw new LaunchError(
        error instanceof Error && 'stderr' in error && typeof error.stderr === 'string'
          ? error.stderr.trim()
          : messageOf(error),
      );
    } finally {
      rmSync(file, { force: true });
    }
  }
}
