// Carries a plan out through the client: each kind of step has its executor.
import { BerthError, messageOf } from '../base/errors.ts';
import type { Client } from '../client/index.ts';
import { archiveOf } from './archive.ts';
import type { ContainerCreateBody } from '../spec/docker/container.ts';
import { containerBody, type ContainerSpec, type Surroundings } from './create/container.ts';
import { copiedFiles } from './create/mounts.ts';
import { networkBody, volumeBody } from './create/networks.ts';
import { runHook, runStopHooks } from './hooks.ts';
import { parseDuration } from './load/durations.ts';
import type { Project, Service } from './model/project.ts';
import { interimName, type ObservedContainer } from './observe.ts';
import type { Hashes } from './plan.ts';
import type { Op, OpKind, Step, Target } from './steps.ts';
import { type Report, reported } from './progress.ts';
import { runSteps } from './schedule.ts';
import { sleep, waitFor } from './wait.ts';

/** Everything that executors need; made once for a run. */
export interface Work {
  readonly client: Client;
  readonly project: Project;
  readonly files: Omit<Surroundings, 'project' | 'containers'>;
  readonly hashes: Hashes;
  /** what secrets and configs take their variables from */
  readonly environment: Readonly<Record<string, string>>;
  readonly report: Report;
  readonly warn: (message: string) => void;
  readonly parallel: number | undefined;
  readonly signal?: AbortSignal;
  readonly dryRun?: boolean;
  /** called before a container starts, so that nothing it writes is missed */
  readonly beforeStart?: (container: {
    readonly id: string;
    readonly name: string;
    readonly service: string;
  }) => Promise<void>;
}

type Handlers = { readonly [K in OpKind]: (op: Op<K>) => Promise<void> };

/** Does every step; throws the first failure when all that did not depend on it is done. */
export async function applyPlan(
  work: Work,
  steps: readonly Step[],
  there: readonly ObservedContainer[],
): Promise<void> {
  const executor = new Executor(work, there);
  const { failure } = await runSteps(steps, ({ op }) => executor.run(op), work.parallel, work.signal);
  if (failure !== undefined) throw failure;
  if (work.signal?.aborted === true) throw new BerthError('cancelled', 'canceled');
}

const line = (name: string): string => `Container ${name}`;

class Executor {
  readonly #work: Work;
  /** containers of each service, as they come and go */
  readonly #containers = new Map<string, { id: string; name: string }[]>();
  /** reported once, however many wait */
  readonly #handlers: Handlers = {
    createNetwork: ({ key, name }) =>
      this.#said(`Network ${name}`, ['Creating', 'Created'], async () => {
        const { project, hashes, client } = this.#work;
        const network = project.networks?.[key] ?? { ipam: {} };
        await client
          .text('NetworkCreate', { json: networkBody(project, key, network, hashes.networks[key] ?? '') })
          .catch(unlessConflict);
      }),
    removeNetwork: async ({ id, name }) => {
      await this.#work.client.text('NetworkDelete', { params: { id } });
      this.#work.report({ id: `Network ${name}`, text: 'Removed', status: 'done' });
    },
    connectNetwork: ({ network, id, name }) => this.#connect(network, id, name),
    createVolume: ({ key, name }) =>
      this.#said(`Volume ${name}`, ['Creating', 'Created'], async () => {
        const { project, hashes, client } = this.#work;
        await client.call('VolumeCreate', {
          body: volumeBody(project, key, project.volumes?.[key] ?? {}, hashes.volumes[key] ?? ''),
        });
      }),
    removeVolume: ({ name }) =>
      this.#said(`Volume ${name}`, ['Removing', 'Removed'], async () => {
        await this.#work.client.text('VolumeDelete', { params: { name }, query: { force: true } });
      }),
    createContainer: ({ spec }) =>
      this.#creating(spec.name, ['Creating', 'Created'], async () => {
        const id = await this.#create(spec, spec.name);
        this.#list(spec.service).push({ id, name: spec.name });
      }),
    recreateContainer: (op) => this.#creating(op.old.name, ['Recreate', 'Recreated'], () => this.#recreate(op)),
    rollContainer: (op) => this.#creating(op.old.name, ['Recreate', 'Recreated'], () => this.#roll(op)),
    startContainer: async ({ service, name }) => {
      await this.#fill(service, name);
      await this.#said(line(name), ['Starting', 'Started'], () => this.#start(service, name));
    },
    stopContainer: (op) =>
      this.#said(line(op.name), ['Stopping', 'Stopped', 'Error while Stopping'], () => this.#stop(op, op.timeout)),
    removeContainer: (op) =>
      this.#said(line(op.name), ['Removing', 'Removed', 'Error while Removing'], async () => {
        await this.#work.client
          .text('ContainerDelete', { params: { id: op.id }, query: { force: true, v: op.volumes } })
          .catch(unlessGone);
        this.#forget(op);
      }),
    renameContainer: async ({ id, to, service }) => {
      await this.#work.client.text('ContainerRename', { params: { id }, query: { name: to } });
      this.#forget({ id, service });
      this.#list(service).push({ id, name: to });
    },
    keepContainer: async ({ name }) => {
      this.#work.report({ id: line(name), text: 'Running', status: 'done' });
    },
    waitFor: (op) => this.#wait(op),
  };

  constructor(work: Work, there: readonly ObservedContainer[]) {
    this.#work = work;
    for (const { id, name, service, isOneOff } of there) if (!isOneOff) this.#list(service).push({ id, name });
  }

  async run<K extends OpKind>(op: Op<K>): Promise<void> {
    // One table, one kind: the handler is that of the step.
    const handler = this.#handlers[op.kind] as (op: Op<K>) => Promise<void>;
    await handler(op);
  }

  #list(service: string): { id: string; name: string }[] {
    const list = this.#containers.get(service) ?? [];
    this.#containers.set(service, list);
    return list;
  }

  #forget({ id, service }: Pick<Target, 'id' | 'service'>): void {
    this.#containers.set(
      service,
      this.#list(service).filter((one) => one.id !== id),
    );
  }

  #said<T>(id: string, words: readonly [string, string, string?], work: () => Promise<T>): Promise<T> {
    return reported(this.#work.report, id, words, work);
  }

  /** The line of a container that could not be made carries the whole error. */
  async #creating(name: string, words: readonly [string, string], work: () => Promise<void>): Promise<void> {
    try {
      await this.#said(line(name), words, work);
    } catch (error) {
      this.#work.report({ id: line(name), text: messageOf(error), status: 'error' });
      throw error;
    }
  }

  #service(name: string): Service {
    const service = this.#work.project.services[name];
    if (service === undefined) throw new Error(`no such service: ${name}`);
    return service;
  }

  #create(spec: ContainerSpec, name: string): Promise<string> {
    return this.#createFrom(spec, name, this.#service(spec.service), false);
  }

  /** `isHidden`: nobody reaches it by the service's names and ports until it takes over from another. */
  async #createFrom(spec: ContainerSpec, name: string, service: Service, isHidden: boolean): Promise<string> {
    const { client, project, files, hashes, warn } = this.#work;
    const containers = (other: string) => this.#list(other);
    const hash = hashes.service(spec.service, (other) => this.#list(other)[0]?.id);
    const body = containerBody({ ...files, project, containers }, service, spec, hash);
    if (isHidden) hide(body, spec.name);
    const { Id: id, Warnings: warnings } = await client.call('ContainerCreate', {
      query: { name, ...(service.platform === undefined ? {} : { platform: service.platform }) },
      body,
    });
    for (const warning of warnings) warn(warning);
    return id;
  }

  async #recreate({ spec, old, timeout }: Op<'recreateContainer' | 'rollContainer'>): Promise<void> {
    const { client } = this.#work;
    const id = await this.#create(spec, interimName(old.id, spec.name));
    await this.#stop(old, timeout);
    await client.text('ContainerDelete', { params: { id: old.id } }).catch(unlessGone);
    await client.text('ContainerRename', { params: { id }, query: { name: spec.name } });
    this.#forget(old);
    this.#list(spec.service).push({ id, name: spec.name });
  }

  /** The new container starts beside the old one, is waited for, takes over, and the old one ends when it has nothing left to do. */
  async #roll(op: Op<'rollContainer'>): Promise<void> {
    if (this.#work.dryRun === true) return this.#recreate(op);
    const { client, signal, report } = this.#work;
    const { spec, old, timeout } = op;
    const service = this.#service(spec.service);
    const interim = interimName(old.id, spec.name);
    const id = await this.#createFrom(spec, interim, service, true);
    const undo = async (): Promise<void> => {
      await client.text('ContainerDelete', { params: { id }, query: { force: true } }).catch(unlessGone);
    };
    try {
      this.#list(spec.service).push({ id, name: interim });
      report({ id: line(spec.name), text: 'Starting', status: 'working' });
      await this.#fill(spec.service, interim);
      await this.#start(spec.service, interim);
      const standing = await waitFor(client, id, 'service_running_or_healthy', signal);
      if (standing.kind === 'failed')
        throw new BerthError('invalid', `${standing.message}; ${old.name} goes on as it was`);
      await client.text('BerthContainerTransfer', { params: { id: old.id }, query: { to: id } });
    } catch (error) {
      this.#forget({ id, service: spec.service });
      await undo();
      throw error;
    }
    // Who asked for its name a moment ago still comes to the old one.
    await sleep(drainMs(service), signal);
    await this.#stop(old, timeout);
    await client.text('ContainerDelete', { params: { id: old.id } }).catch(unlessGone);
    await client.text('ContainerRename', { params: { id }, query: { name: spec.name } });
    this.#forget(old);
    this.#forget({ id, service: spec.service });
    this.#list(spec.service).push({ id, name: spec.name });
  }

  #idOf(service: string, name: string): string {
    return this.#list(service).find((one) => one.name === name)?.id ?? name;
  }

  /** Secrets and configs that are no files of the host are written into the container. */
  async #fill(serviceName: string, name: string): Promise<void> {
    const { client, project, environment } = this.#work;
    const service = this.#service(serviceName);
    const id = this.#idOf(serviceName, name);
    const files = copiedFiles(project, service, environment);
    if (files.length > 0)
      await client.text('PutContainerArchive', {
        params: { id },
        query: { path: '/', noOverwriteDirNonDir: 'true', copyUIDGID: 'true' },
        raw: await archiveOf(files),
      });
  }

  async #start(serviceName: string, name: string): Promise<void> {
    const { client } = this.#work;
    const service = this.#service(serviceName);
    const id = this.#idOf(serviceName, name);
    await this.#work.beforeStart?.({ id, name, service: serviceName });
    await client.text('ContainerStart', { params: { id } });
    for (const hook of service.post_start ?? []) await runHook(client, id, hook, serviceName);
  }

  async #stop({ id, service }: Target, timeout: number | undefined): Promise<void> {
    const { client, project } = this.#work;
    await runStopHooks(client, id, service, project.services[service]);
    await client
      .text('ContainerStop', { params: { id }, query: timeout === undefined ? {} : { t: timeout } })
      .catch(unlessGone);
  }

  async #connect(network: string, id: string, name: string): Promise<void> {
    const { client, project, files } = this.#work;
    const { Config } = await client.call('ContainerInspect', { params: { id } });
    const service = Config.Labels['com.docker.compose.service'] ?? '';
    const found = project.services[service];
    if (found === undefined) return;
    const spec = { service, number: 1, name, image: '', imageId: '', inherited: [] };
    const body = containerBody({ ...files, project, containers: (other) => this.#list(other) }, found, spec, '');
    await client.text('NetworkConnect', {
      params: { id: network },
      json: { Container: id, EndpointConfig: body.NetworkingConfig?.EndpointsConfig?.[network] ?? null },
    });
  }

  async #wait({ service, name, condition, required }: Op<'waitFor'>): Promise<void> {
    const { client, report, warn, signal } = this.#work;
    const id = line(name);
    report({ id, text: 'Waiting', status: 'working' });
    if (this.#work.dryRun === true) {
      report({ id, text: condition === 'service_completed_successfully' ? 'Exited' : 'Healthy', status: 'done' });
      return;
    }
    const standing = await waitFor(client, name, condition, signal);
    if (standing.kind === 'ready') {
      report({ id, text: standing.text, status: 'done' });
      return;
    }
    const completes = condition === 'service_completed_successfully';
    const fault = completes
      ? `${JSON.stringify(service)} didn't complete successfully: ${standing.message}`
      : standing.message;
    if (!required) {
      const text = completes
        ? `optional dependency ${fault}`
        : `optional dependency ${JSON.stringify(service)} failed to start`;
      report({ id, text: `Skipped: ${text}`, status: 'warning' });
      warn(completes ? text : `${text}: ${fault}`);
      return;
    }
    const message = completes ? `service ${fault}` : `dependency failed to start: ${fault}`;
    report({ id, text: completes ? message : 'Error', status: 'error' });
    throw new BerthError('invalid', message);
  }
}

/** Without host ports and aliases, which another container has for now. */
function hide({ HostConfig: host, NetworkingConfig: networking }: ContainerCreateBody, name: string): void {
  if (host !== undefined) host.PortBindings = {};
  for (const endpoint of Object.values(networking?.EndpointsConfig ?? {})) if (endpoint) endpoint.Aliases = [name];
}

/** How long a container that was taken over from goes on: `deploy.update_config.delay`, or long enough for cached names. */
function drainMs({ deploy }: Service): number {
  const delay = deploy?.update_config?.delay;
  return delay === undefined ? DRAIN_MS : Number(parseDuration(delay)) / 1e6;
}

const DRAIN_MS = 2000;

function unlessGone(error: unknown): string {
  if (error instanceof BerthError && error.kind === 'notFound') return '';
  throw error;
}

function unlessConflict(error: unknown): string {
  if (error instanceof BerthError && error.kind === 'conflict') return '';
  throw error;
}
