// A node's side of the cluster: runs what it was assigned, says what became of it, and goes on with what it has when no manager answers.
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import { isTerminal, type TaskStatus } from '../model/objects.ts';
import type { Machine, TaskContainers } from './ports.ts';
import type { Assignment, Files, ManagerMessage, Usage } from '../wire/messages.ts';
import type { TaskFacts } from './container.ts';
import { parseJson } from '../../base/json.ts';
import { type PullCredentials, pullFile } from '../security/pull-auth.ts';
import { contentsOf, placeFiles } from './files.ts';
import { Lease } from './lease.ts';
import { Meter } from './meter.ts';
import { Runner } from './runner.ts';
import type { TaskValues } from './values.ts';

export interface AgentOptions {
  readonly node: string;
  readonly folder: string;
  readonly containers: TaskContainers;
  readonly machine: Machine;
  readonly values: TaskValues;
  readonly log: Log;
}

interface Kept {
  readonly schema: 1;
  readonly tasks: readonly { readonly task: Assignment; readonly status: TaskStatus }[];
}

const SAVE_MS = 50;
/** How often it is looked whether fenced tasks may still run, milliseconds. */
const FENCE_CHECK_MS = 200;

export class Agent {
  readonly #options: AgentOptions;
  readonly #runners = new Map<string, Runner>();
  readonly #abort = new AbortController();
  /** Contents of secrets, configs and credentials for registries that tasks here need, in memory only. */
  readonly #files = new Map<string, string>();
  readonly #meter: Meter;
  readonly lease: Lease;
  readonly #fencing: NodeJS.Timeout;
  #saving: NodeJS.Timeout | undefined;
  #closed = false;
  /** Set while there is a session. */
  report: (task: Assignment, status: TaskStatus) => void = () => undefined;

  constructor(options: AgentOptions) {
    this.#options = options;
    this.#meter = new Meter(options.containers);
    this.lease = new Lease(options.folder);
    this.#fencing = setInterval(() => this.#fence(), FENCE_CHECK_MS).unref();
  }

  /** What must not run twice stops where no manager was heard of in time. */
  #fence(): void {
    const fenced = [...this.#runners.values()].filter(({ task, status }) => task.fence && !isTerminal(status.State));
    if (fenced.length === 0 || !this.lease.isOver) return;
    for (const runner of fenced) {
      this.#options.log.warn(`task ${runner.task.id} is stopped: no manager was heard of in time`);
      void runner
        .fence()
        .catch((error: unknown) => this.#options.log.warn(`task ${runner.task.id}: ${messageOf(error)}`));
    }
  }

  get hasFenced(): boolean {
    return [...this.#runners.values()].some(({ task }) => task.fence);
  }

  /** What the tasks that are measured used since the last time. */
  usage(): Promise<Usage[]> {
    const measured = [...this.#runners.values()].flatMap(({ task, container, status }) =>
      task.measure && container !== undefined && status.State === 'running' ? [{ task: task.id, container }] : [],
    );
    return this.#meter.read(measured);
  }

  /** Takes up what ran here before. */
  async start(): Promise<void> {
    const { containers, log } = this.#options;
    void (async () => {
      for await (const id of containers.changes(this.#abort.signal)) this.#byContainer(id)?.wake();
    })();
    const found = new Map((await containers.list()).map((view) => [view.task, view]));
    for (const { task, status } of this.#read().tasks) {
      const view = found.get(task.id);
      const runner = this.#runner(task, status, view?.id);
      // the process of before, not merely one of its number
      if (view?.running && view.pid === status.ContainerStatus?.PID) void this.#serveValues(task, status);
      this.#runners.set(task.id, runner);
      runner.wake();
    }
    if (this.#runners.size > 0) log.info(`cluster: ${this.#runners.size} tasks of before are taken up`);
  }

  #runner(task: Assignment, status: TaskStatus | undefined, container: string | undefined): Runner {
    return new Runner(
      {
        containers: this.#options.containers,
        log: this.#options.log,
        facts: (one) => this.#facts(one),
        pullAuth: (one) => {
          const data = this.#files.get(pullFile(one.service, one.spec.ContainerSpec?.Image ?? ''));
          return data === undefined ? {} : (parseJson(Buffer.from(data, 'base64').toString()) as PullCredentials);
        },
        report: (one, next) => {
          this.#save();
          void this.#serveValues(one, next);
          this.report(one, next);
        },
      },
      task,
      status,
      container,
    );
  }

  /** While its process is there. */
  async #serveValues({ id, kv }: Assignment, { State, ContainerStatus }: TaskStatus): Promise<void> {
    const pid = ContainerStatus?.PID ?? 0;
    if (kv && pid > 0 && !isTerminal(State)) await this.#options.values.serve(id, pid);
    else this.#options.values.stop(id);
  }

  async #facts(task: Assignment): Promise<TaskFacts> {
    const { machine, node } = this.#options;
    return {
      node,
      hostname: machine.describe().Hostname,
      files: await placeFiles(task, this.#files, machine),
    };
  }

  #byContainer(id: string): Runner | undefined {
    return [...this.#runners.values()].find(({ container }) => container === id);
  }

  /** Everything that this node is to have; containers of tasks that are not in it go. */
  async assign(tasks: readonly Assignment[], files: Files): Promise<void> {
    const present = new Set(tasks.map(({ id }) => id));
    this.change(
      tasks,
      [...this.#runners.keys()].filter((id) => !present.has(id)),
      files,
    );
    for (const { id, task } of await this.#options.containers.list())
      if (!this.#runners.has(task)) await this.#options.containers.remove(id).catch(() => undefined);
  }

  change(set: readonly Assignment[], gone: readonly string[], files: Files): void {
    for (const [id, data] of Object.entries(files)) this.#files.set(id, data);
    for (const task of set) {
      const runner = this.#runners.get(task.id) ?? this.#runner(task, undefined, undefined);
      this.#runners.set(task.id, runner);
      runner.task = task;
      // labels of its service may have changed
      void this.#serveValues(task, runner.status);
      runner.wake();
    }
    for (const id of gone) {
      this.#runners.get(id)?.forget();
      this.#options.values.stop(id);
      this.#runners.delete(id);
      void this.#options.machine.removeFiles(id).catch(() => undefined);
    }
    this.#forgetFiles();
    this.#save();
  }

  #forgetFiles(): void {
    const needed = new Set([...this.#runners.values()].flatMap(({ task }) => (task.ended ? [] : contentsOf(task))));
    for (const id of this.#files.keys()) if (!needed.has(id)) this.#files.delete(id);
  }

  statuses(): { readonly task: Assignment; readonly status: TaskStatus }[] {
    return [...this.#runners.values()].map(({ task, status }) => ({ task, status }));
  }

  async logs(
    message: Extract<ManagerMessage, { type: 'logs' }>,
    signal: AbortSignal,
    send: (lines: Parameters<typeof JSON.stringify>[0]) => void,
  ): Promise<void> {
    const container = this.#runners.get(message.task)?.container;
    if (container === undefined) return;
    for await (const lines of this.#options.containers.logs(container, message.options, signal)) send(lines);
  }

  get #file(): string {
    return join(this.#options.folder, 'tasks.json');
  }

  #read(): Kept {
    try {
      return JSON.parse(readFileSync(this.#file, 'utf8')) as Kept;
    } catch {
      return { schema: 1, tasks: [] };
    }
  }

  #save(): void {
    if (this.#closed) return;
    this.#saving ??= setTimeout(() => {
      this.#saving = undefined;
      this.#write();
    }, SAVE_MS);
  }

  #write(): void {
    const kept: Kept = { schema: 1, tasks: this.statuses() };
    try {
      writeFileSync(`${this.#file}.new`, JSON.stringify(kept), { mode: 0o600 });
      renameSync(`${this.#file}.new`, this.#file);
    } catch (error) {
      this.#options.log.warn(`cluster: assignments cannot be kept: ${messageOf(error)}`);
    }
  }

  /** Containers go on. */
  close(): void {
    this.#abort.abort();
    clearInterval(this.#fencing);
    this.#closed = true;
    if (!this.#saving) return;
    clearTimeout(this.#saving);
    this.#write();
  }

  /** On leaving: every container of a task goes. */
  async removeAll(): Promise<void> {
    this.#abort.abort();
    clearInterval(this.#fencing);
    this.#closed = true;
    clearTimeout(this.#saving);
    const { containers, machine } = this.#options;
    const found = await containers.list();
    await Promise.all(
      found.map(async ({ id, task, running }) => {
        if (running) await containers.kill(id).catch(() => undefined);
        await containers.remove(id).catch(() => undefined);
        await machine.removeFiles(task).catch(() => undefined);
      }),
    );
    this.#runners.clear();
  }

  /** Tasks that have not ended. */
  get active(): number {
    return [...this.#runners.values()].filter(({ status }) => !isTerminal(status.State)).length;
  }
}
