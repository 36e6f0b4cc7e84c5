// What the engine needs of whatever runs its processes: the OCI runtime with its monitors, or a fake of them in tests. One suite
// (testing.ts) holds for both.
import type { CgroupTrees } from '../host/cgroup.ts';
import type { OciRuntime } from './choice/choose.ts';
import type { Console } from './monitor/console.ts';
import type { Exit } from './monitor/exits.ts';
import type { OciProcess, OciSpec } from './spec/index.ts';

export interface ProcessSpec {
  readonly id: string;
  readonly name: string;
  readonly spec: OciSpec;
  readonly runtime: OciRuntime;
  readonly logFile: string | undefined;
  /** The log is begun anew when it is larger, bytes. */
  readonly logMaxBytes: number | undefined;
  readonly stdin: boolean;
  readonly keepStdin: boolean;
}

export interface ExecRequest {
  readonly id: string;
  readonly containerId: string;
  readonly process: OciProcess;
  readonly runtime: OciRuntime;
  readonly stdin: boolean;
}

export interface StartedExec {
  readonly pid: number;
  readonly exit: Promise<number | undefined>;
}

/** A process for good: its number may be another's after it, or after the next boot. */
export interface ProcessIdentity {
  readonly pid: number;
  readonly ticks: string;
  readonly boot: string;
}

/** Ends of first processes, each told when it happens and kept until its container is cleaned. */
export interface Exits extends Disposable {
  present(): readonly Exit[];
  read(id: string): number | undefined;
}

export interface ProcessRuntime {
  /** Where the values of a container's control group are read. */
  readonly cgroups: CgroupTrees;
  /** Makes the process, which waits for `release`. Throws `LaunchError` with the runtime's words. */
  create(request: ProcessSpec): Promise<{ readonly pid: number; readonly monitorPid: number }>;
  /** Lets it go. Throws `LaunchError` when it is gone. */
  release(id: string, runtime: OciRuntime, alive: () => boolean): Promise<void>;
  /** Starts a process in a running container; `onConsole` is called before it runs, so that no output is missed. */
  exec(request: ExecRequest, onConsole: (console: Console) => void): Promise<StartedExec>;
  /** A new connection to the stdio of a container's first process; throws when its monitor is gone. */
  console(id: string): Console;
  /** The configuration that a container was started with. */
  specOf(id: string): OciSpec;
  /** Throws `LaunchError` when the process is gone already. */
  identity(pid: number, boot: string): ProcessIdentity;
  alive(identity: ProcessIdentity | undefined, boot: string): boolean;
  /** False when there is no such process. */
  signal(pid: number, signal: number): boolean;
  /** Whether a process has a handler for a signal. */
  catches(pid: number, signal: number): boolean;
  /** All processes below a control group. */
  processes(cgroupPath: string): readonly number[];
  /** Stops or resumes all of them; resolves when that is so. */
  freeze(cgroupPath: string, frozen: boolean): Promise<void>;
  /** Takes away everything that a container has outside its own directory; what cannot go yet goes later. */
  clean(id: string, cgroupPath: string, runtime: OciRuntime | undefined): Promise<void>;
  /** Whether nothing of an earlier process of the container is left. */
  isClean(id: string): boolean;
  /** The same for all that `isKnown` does not know, whoever left it. */
  sweep(cgroupParent: string, isKnown: (id: string) => boolean): Promise<void>;
  watchExits(onExit: (exit: Exit) => void): Exits;
  /** True when it was noted since the last call that the kernel killed a process for want of memory. */
  takeOutOfMemory(id: string): boolean;
  /** Calls `onNote` whenever that is noted; the answer ends it. */
  watchOutOfMemory(id: string, onNote: () => void): () => void;
  resize(id: string, height: number, width: number): void;
  resizeExec(containerId: string, execId: string, height: number, width: number): void;
  /** The log was moved away: the monitor begins a new file. False when there is no monitor. */
  reopenLog(id: string): boolean;
  /** Sets limits of a running container, in the words of the OCI specification. Throws `LaunchError` with the runtime's. */
  limit(id: string, runtime: OciRuntime, resources: object): Promise<void>;
}
