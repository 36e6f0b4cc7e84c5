// One task on its node: from what is asked of it and what its container does to the next step, again and again until both agree.
import { rfc3339 } from '../../base/clock.ts';
import { BerthError, messageOf } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import { isTerminal, stateOrder, type TaskState, type TaskStatus } from '../model/objects.ts';
import type { PullCredentials } from '../security/pull-auth.ts';
import type { ContainerView, TaskContainers } from './ports.ts';
import type { Assignment } from '../wire/messages.ts';
import { containerBody, containerName, type TaskFacts } from './container.ts';

const PULL_MS = 10 * 60_000;

export interface RunnerOptions {
  readonly containers: TaskContainers;
  readonly log: Log;
  /** Puts secrets and configs in place. */
  readonly facts: (task: Assignment) => Promise<TaskFacts>;
  /** What the registry of its image is shown. */
  readonly pullAuth: (task: Assignment) => PullCredentials;
  readonly report: (task: Assignment, status: TaskStatus) => void;
}

export class Runner {
  readonly #options: RunnerOptions;
  task: Assignment;
  status: TaskStatus;
  /** undefined: not looked for yet; null: there is none. */
  #container: string | undefined;
  #running = false;
  #again = false;
  #gone = false;

  constructor(options: RunnerOptions, task: Assignment, status: TaskStatus | undefined, container: string | undefined) {
    this.#options = options;
    this.task = task;
    this.#container = container;
    this.status = status ?? { Timestamp: rfc3339(), State: task.ended ? 'orphaned' : 'assigned', Message: '' };
  }

  get container(): string | undefined {
    return this.#container;
  }

  /** Its task is not known any more: the container goes. */
  forget(): void {
    this.#gone = true;
    this.wake();
  }

  /** It stops at once: elsewhere another one may take its place. */
  async fence(): Promise<void> {
    if (isTerminal(this.status.State)) return;
    const view = this.#container === undefined ? undefined : await this.#options.containers.view(this.#container);
    if (view?.running) await this.#options.containers.kill(view.id);
    this.#set('failed', 'fenced', 'no manager was heard of in time', view && { ...view, pid: 0, exitCode: 137 });
  }

  /** Looks again; at most one look at a time, and one more after it. */
  wake(): void {
    if (this.#running) {
      this.#again = true;
      // who waits for a stop to end would wait for the grace period first
      return;
    }
    this.#running = true;
    void (async () => {
      do {
        this.#again = false;
        try {
          await this.#look();
        } catch (error) {
          this.#options.log.warn(`task ${this.task.id}: ${messageOf(error)}`);
        }
      } while (this.#again);
      this.#running = false;
    })();
  }

  async #look(): Promise<void> {
    const { containers } = this.#options;
    const view = this.#container === undefined ? undefined : await containers.view(this.#container);
    if (this.#gone || (this.task.desired === 'remove' && this.task.ended)) {
      if (view) await this.#stop(view);
      if (view) await containers.remove(view.id);
      this.#container = undefined;
      return;
    }
    const wanted = stateOrder(this.task.desired) <= stateOrder('complete');
    if (!wanted) await this.#end(view);
    else if (view) await this.#advance(view);
    else if (this.#container !== undefined) this.#set('failed', 'started', 'task: non-zero exit (137)');
    else if (!this.task.ended && !isTerminal(this.status.State)) await this.#prepare();
  }

  async #end(view: ContainerView | undefined): Promise<void> {
    if (view?.running) await this.#stop(view);
    if (!isTerminal(this.status.State)) this.#set('shutdown', 'shutdown', undefined, view && { ...view, pid: 0 });
  }

  async #stop(view: ContainerView): Promise<void> {
    if (!view.running) return;
    const spec = this.task.spec.ContainerSpec;
    const grace = spec?.StopGracePeriod;
    await this.#options.containers.stop(
      view.id,
      spec?.StopSignal ?? '',
      grace === undefined ? undefined : Math.ceil(grace / 1e9),
    );
  }

  async #prepare(): Promise<void> {
    const { containers, facts } = this.#options;
    this.#set('preparing', 'preparing');
    try {
      const image = this.task.spec.ContainerSpec?.Image ?? '';
      if (!containers.hasImage(image)) await this.#pull(image);
      const where = await facts(this.task);
      this.#container = await containers.create(containerName(this.task, where.node), containerBody(this.task, where));
    } catch (error) {
      this.#set('rejected', 'preparing', messageOf(error));
      return;
    }
    this.#set('ready', 'ready');
    this.#again = true;
  }

  async #pull(image: string): Promise<void> {
    try {
      await this.#options.containers.pull(image, AbortSignal.timeout(PULL_MS), this.#options.pullAuth(this.task));
    } catch (error) {
      // Swarm's words for whatever kept the image away; the log has the cause
      this.#options.log.warn(`task ${this.task.id}: ${image}: ${messageOf(error)}`);
      throw new BerthError('notFound', `No such image: ${image.replace(/@sha256:.*/, '')}`);
    }
  }

  async #advance(view: ContainerView): Promise<void> {
    if (isTerminal(this.status.State)) {
      if (view.running) await this.#stop(view);
      return;
    }
    if (view.running) {
      if (view.health === 'unhealthy') {
        await this.#options.containers.kill(view.id);
        this.#set('failed', 'started', 'task: non-zero exit (137): dockerexec: unhealthy container', {
          ...view,
          pid: 0,
          exitCode: 137,
        });
      } else if (view.hasHealthCheck && view.health !== 'healthy') this.#set('starting', 'starting', undefined, view);
      else this.#set('running', 'started', undefined, view);
      return;
    }
    if (view.started) {
      if (view.error !== '') this.#set('failed', 'starting', `starting container failed: ${view.error}`, view);
      else if (view.exitCode === 0) this.#set('complete', 'finished', undefined, view);
      else this.#set('failed', 'started', `task: non-zero exit (${view.exitCode})`, view);
      return;
    }
    if (this.task.desired === 'ready') {
      this.#set('ready', 'ready');
      return;
    }
    this.#set('starting', 'starting');
    try {
      await this.#options.containers.start(view.id);
    } catch (error) {
      this.#set('failed', 'starting', `starting container failed: ${messageOf(error)}`, view);
      return;
    }
    this.#again = true;
  }

  #set(state: TaskState, message: string, error?: string, view?: ContainerView): void {
    if (stateOrder(state) < stateOrder(this.status.State)) return;
    const next: TaskStatus = {
      Timestamp: rfc3339(),
      State: state,
      Message: message,
      ...(error === undefined ? {} : { Err: error }),
      ...(view
        ? { ContainerStatus: { ContainerID: view.id, PID: view.pid, ExitCode: view.exitCode } }
        : this.status.ContainerStatus
          ? { ContainerStatus: this.status.ContainerStatus }
          : {}),
      ...(this.task.ports.length > 0 ? { PortStatus: state === 'running' ? { Ports: this.task.ports } : {} } : {}),
    };
    if (JSON.stringify({ ...next, Timestamp: '' }) === JSON.stringify({ ...this.status, Timestamp: '' })) return;
    this.status = next;
    this.#options.report(this.task, next);
  }
}
