// Processes in memory, for tests of what is above the runtime. What it does as the real one does is written in testing.ts.
import type { CgroupTrees } from '../host/cgroup.ts';
import type { OciRuntime } from './choice/choose.ts';
import type { Channel, Console, Watcher } from './monitor/console.ts';
import type { Exit } from './monitor/exits.ts';
import { LaunchError } from './monitor/launch.ts';
import type { ExecRequest, Exits, ProcessIdentity, ProcessRuntime, ProcessSpec, StartedExec } from './ports.ts';
import type { OciSpec } from './spec/index.ts';

const SIGKILL = 9;
const SIGTERM = 15;

/** What a program of the fake may do. */
interface FakeProcess {
  readonly args: readonly string[];
  exit(code: number): void;
  on(signal: number, handler: () => void): void;
  say(channel: Channel, text: string): void;
  onInput(take: (data: Buffer) => void, end: () => void): void;
}

/** By their first word: `['ends', '3']`. One that has no line here is not found. */
const PROGRAMS: Readonly<Record<string, (process: FakeProcess) => void>> = {
  ends: (process) => process.exit(Number(process.args[1] ?? 0)),
  polite: (process) => {
    process.on(SIGTERM, () => process.exit(7));
    process.say('stdout', 'ready\n');
  },
  deaf: () => undefined,
  says: (process) => {
    process.say('stdout', 'out\n');
    process.say('stderr', 'err\n');
    process.exit(0);
  },
  echoes: (process) =>
    process.onInput(
      (data) => process.say('stdout', data.toString()),
      () => process.exit(0),
    ),
};

export const FAKE_OCI: OciRuntime = {
  name: 'fake',
  path: '/fake',
  command: ['/fake'],
  arguments: [],
  version: '1.0.0',
  startBy: 'fifo-read',
  recursiveReadOnly: true,
};

export class FakeRuntime implements ProcessRuntime {
  readonly cgroups: CgroupTrees;
  /** What was asked for, in order: `create`, `release`, `clean`, `signal 15`. */
  readonly calls: string[] = [];
  /** The next creation fails with these words. */
  refuses: string | undefined;
  /** Containers that the kernel does not let go. */
  readonly stuck = new Set<string>();
  /** Sizes of terminals, by container or exec. */
  readonly sizes = new Map<string, string>();
  /** What was limited last, by container. */
  readonly limits = new Map<string, object>();
  readonly #boxes = new Map<string, Box>();
  readonly #exits = new Map<string, number>();
  readonly #watchers = new Set<(exit: Exit) => void>();
  readonly #outOfMemory = new Map<string, Set<() => void>>();
  readonly #noted = new Set<string>();
  #lastPid = 1000;

  constructor(cgroups: CgroupTrees = { layout: 'v2', roots: new Map() }) {
    this.cgroups = cgroups;
  }

  /** How many containers have something here. */
  get size(): number {
    return this.#boxes.size;
  }

  async create(request: ProcessSpec): Promise<{ pid: number; monitorPid: number }> {
    this.calls.push('create');
    await turn();
    const words = this.refuses ?? missing(request.spec.process.args);
    this.refuses = undefined;
    if (words !== undefined) throw new LaunchError(words);
    this.#exits.delete(request.id);
    const box = new Box(request, this.#newPid(), (code) => this.#ended(box, code));
    this.#boxes.set(request.id, box);
    return { pid: box.first.pid, monitorPid: this.#newPid() };
  }

  async release(id: string): Promise<void> {
    this.calls.push('release');
    await turn();
    const first = this.#boxes.get(id)?.first;
    if (!first?.waits) throw new LaunchError('cannot start a process that is not waiting to be started');
    first.run();
  }

  async exec(request: ExecRequest, onConsole: (console: Console) => void): Promise<StartedExec> {
    await turn();
    const box = this.#boxes.get(request.containerId);
    const words = missing(request.process.args);
    if (!box?.first.lives || words !== undefined) throw new LaunchError(words ?? 'container does not exist');
    const { promise, resolve } = Promise.withResolvers<number>();
    const process = new Running(request.process.args, this.#newPid(), false, (code) => {
      box.execs.delete(process);
      resolve(code);
    });
    box.execs.add(process);
    onConsole(process.connect());
    setImmediate(() => process.run());
    return { pid: process.pid, exit: promise };
  }

  console(id: string): Console {
    const box = this.#boxes.get(id);
    if (!box?.first.lives) throw new Error(`ENOENT: no monitor of ${id}`);
    return box.first.connect();
  }

  specOf(id: string): OciSpec {
    const box = this.#boxes.get(id);
    if (!box) throw new Error(`ENOENT: no configuration of ${id}`);
    return box.request.spec;
  }

  identity(pid: number, boot: string): ProcessIdentity {
    // monitors are not kept: they live as long as their process
    return { pid, ticks: `ticks of ${pid}`, boot };
  }

  alive(identity: ProcessIdentity | undefined, boot: string): boolean {
    return (
      identity?.boot === boot &&
      identity.ticks === `ticks of ${identity.pid}` &&
      this.#process(identity.pid) !== undefined
    );
  }

  signal(pid: number, signal: number): boolean {
    this.calls.push(`signal ${signal}`);
    const process = this.#process(pid);
    process?.take(signal);
    return process !== undefined;
  }

  catches(pid: number, signal: number): boolean {
    return this.#process(pid)?.handlers.has(signal) ?? false;
  }

  processes(cgroupPath: string): readonly number[] {
    return this.#living(cgroupPath).map(({ pid }) => pid);
  }

  async freeze(cgroupPath: string, frozen: boolean): Promise<void> {
    await turn();
    for (const process of this.#living(cgroupPath)) process.freeze(frozen);
  }

  async clean(id: string): Promise<void> {
    this.calls.push('clean');
    await turn();
    if (this.stuck.has(id)) return;
    const box = this.#boxes.get(id);
    this.#boxes.delete(id);
    for (const process of box?.all() ?? []) process.kill();
    this.#exits.delete(id);
    this.#noted.delete(id);
  }

  isClean(id: string): boolean {
    return !this.stuck.has(id);
  }

  async sweep(cgroupParent: string, isKnown: (id: string) => boolean): Promise<void> {
    for (const box of this.#boxes.values())
      if (box.cgroup.startsWith(slashed(cgroupParent)) && !isKnown(box.request.id)) await this.clean(box.request.id);
  }

  watchExits(onExit: (exit: Exit) => void): Exits {
    this.#watchers.add(onExit);
    return {
      present: () => [...this.#exits].map(([id, code]) => ({ id, code })),
      read: (id) => this.#exits.get(id),
      [Symbol.dispose]: () => void this.#watchers.delete(onExit),
    };
  }

  /** The kernel killed a process of the container for want of memory. */
  noteOutOfMemory(id: string): void {
    this.#noted.add(id);
    for (const onNote of this.#outOfMemory.get(id) ?? []) onNote();
  }

  takeOutOfMemory(id: string): boolean {
    return this.#noted.delete(id);
  }

  watchOutOfMemory(id: string, onNote: () => void): () => void {
    const watchers = this.#outOfMemory.get(id) ?? new Set();
    this.#outOfMemory.set(id, watchers.add(onNote));
    return () => void watchers.delete(onNote);
  }

  resize(id: string, height: number, width: number): void {
    this.sizes.set(id, `${height}x${width}`);
  }

  resizeExec(_containerId: string, execId: string, height: number, width: number): void {
    this.sizes.set(execId, `${height}x${width}`);
  }

  reopenLog(id: string): boolean {
    return this.#boxes.get(id)?.first.lives ?? false;
  }

  async limit(id: string, _runtime: OciRuntime, resources: object): Promise<void> {
    await turn();
    if (!this.#boxes.get(id)?.first.lives) throw new LaunchError(`container ${id} is not running`);
    this.limits.set(id, resources);
  }

  /** The machine loses power: nothing runs any more, and nobody wrote down how it ended. */
  powerLoss(): void {
    this.#boxes.clear();
    this.#exits.clear();
  }

  #newPid(): number {
    this.#lastPid += 1;
    return this.#lastPid;
  }

  #living(cgroupPath: string): readonly Running[] {
    return [...this.#boxes.values()].filter(({ cgroup }) => cgroup === cgroupPath).flatMap((box) => box.all());
  }

  #process(pid: number): Running | undefined {
    return [...this.#boxes.values()].flatMap((box) => box.all()).find((process) => process.pid === pid);
  }

  #ended(box: Box, code: number): void {
    const { id } = box.request;
    for (const process of box.execs) process.kill();
    if (this.#boxes.get(id) !== box) return;
    this.#exits.set(id, code);
    for (const onExit of this.#watchers) onExit({ id, code });
  }
}

/** A container: its first process and those that were added. */
class Box {
  readonly request: ProcessSpec;
  readonly first: Running;
  readonly execs = new Set<Running>();

  constructor(request: ProcessSpec, pid: number, onEnd: (code: number) => void) {
    this.request = request;
    this.first = new Running(request.spec.process.args, pid, true, onEnd);
  }

  get cgroup(): string {
    return String(this.request.spec.linux['cgroupsPath']);
  }

  all(): readonly Running[] {
    return [this.first, ...this.execs].filter(({ lives }) => lives);
  }
}

class Running implements FakeProcess {
  readonly args: readonly string[];
  readonly pid: number;
  readonly handlers = new Map<number, () => void>();
  lives = true;
  waits = true;
  readonly #isFirst: boolean;
  readonly #onEnd: (code: number) => void;
  readonly #consoles = new Set<FakeConsole>();
  #frozen = false;
  #pending: (() => void)[] = [];
  #input: { take: (data: Buffer) => void; end: () => void } | undefined;

  constructor(args: readonly string[], pid: number, isFirst: boolean, onEnd: (code: number) => void) {
    this.args = args;
    this.pid = pid;
    this.#isFirst = isFirst;
    this.#onEnd = onEnd;
  }

  run(): void {
    this.waits = false;
    // at once: nothing that a test does next comes before its handlers are there
    PROGRAMS[this.args[0] ?? '']?.(this);
  }

  on(signal: number, handler: () => void): void {
    this.handlers.set(signal, handler);
  }

  say(channel: Channel, text: string): void {
    for (const console of this.#consoles) console.spread(channel, Buffer.from(text));
  }

  onInput(take: (data: Buffer) => void, end: () => void): void {
    this.#input = { take, end };
  }

  input(data: Buffer | undefined): void {
    this.#now(() => (data === undefined ? this.#input?.end() : this.#input?.take(data)));
  }

  /** As the kernel does: what has no handler does not reach a first process. */
  take(signal: number): void {
    if (signal === SIGKILL) return this.kill();
    const handler = this.handlers.get(signal);
    if (handler) this.#now(handler);
    else if (!this.#isFirst) this.#now(() => this.exit(128 + signal));
  }

  freeze(frozen: boolean): void {
    this.#frozen = frozen;
    if (frozen) return;
    const pending = this.#pending;
    this.#pending = [];
    for (const action of pending) this.#now(action);
  }

  kill(): void {
    this.exit(128 + SIGKILL);
  }

  exit(code: number): void {
    if (!this.lives) return;
    this.lives = false;
    // its output is closed, then its monitor writes down how it ended
    setImmediate(() => {
      for (const console of this.#consoles) console.finish();
      setImmediate(() => this.#onEnd(code));
    });
  }

  connect(): FakeConsole {
    const console = new FakeConsole(this);
    this.#consoles.add(console);
    return console;
  }

  #now(action: () => void): void {
    if (this.#frozen) this.#pending.push(action);
    else setImmediate(() => this.lives && action());
  }
}

class FakeConsole implements Console {
  readonly #process: Running;
  readonly #watchers = new Set<Watcher>();
  readonly #ended = Promise.withResolvers<void>();

  constructor(process: Running) {
    this.#process = process;
  }

  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  get watched(): boolean {
    return this.#watchers.size > 0;
  }

  watch(watcher: Watcher): () => void {
    this.#watchers.add(watcher);
    return () => void this.#watchers.delete(watcher);
  }

  write(data: Buffer): Promise<void> {
    this.#process.input(data);
    return Promise.resolve();
  }

  closeInput(): void {
    this.#process.input(undefined);
  }

  close(): void {
    this.finish();
  }

  spread(channel: Channel, data: Buffer): void {
    for (const watcher of this.#watchers) watcher.write(channel, data);
  }

  finish(): void {
    for (const watcher of this.#watchers) watcher.end();
    this.#watchers.clear();
    this.#ended.resolve();
  }
}

function missing([program = '']: readonly string[]): string | undefined {
  return Object.hasOwn(PROGRAMS, program) ? undefined : `exec: "${program}": executable file not found in $PATH`;
}

const slashed = (path: string): string => `/${path}/`.replaceAll(/\/+/g, '/');

/** A real runtime answers later, too. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
