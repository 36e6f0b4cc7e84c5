// Verbs on services: create, list, inspect, update and roll back, remove.
import { internal, invalid, notFound, notImplemented, unavailable } from '../../base/errors.ts';
import { rfc3339 } from '../../base/clock.ts';
import { randomName } from '../../base/random-name.ts';
import type { Cluster } from '../member/cluster.ts';
import { newId } from '../model/ids.ts';
import { specRevision } from '../manager/translate.ts';
import { isPredefined } from '../agent/container.ts';
import { addressesIn, type ClusterNetwork, type NetworkAddress } from '../model/network.ts';
import { isIngress, portKey } from '../network/allocate.ts';
import { isTerminal, keys, type Service, type ServiceSpec } from '../model/objects.ts';
import { type PullCredentials, sealPullAuth } from '../security/pull-auth.ts';
import { checkSpec } from './check-service.ts';
import { withDefaults } from './defaults.ts';
import { serviceShape, shaped } from './shape.ts';
import { byLabels, byPrefix, type Filters, find, known } from './find.ts';
import { OUT_OF_SEQUENCE } from './swarm.ts';

const FILTERS = ['name', 'id', 'label', 'mode', 'runtime'];

export interface UpdateRequest {
  readonly version: number | undefined;
  readonly rollback: string | undefined;
  readonly credentials?: PullCredentials | undefined;
  /** `previous-spec`: those that went with the specification before are kept. */
  readonly registryAuthFrom?: string | undefined;
  readonly spec: unknown;
}

export class ServiceControl {
  readonly #cluster: Cluster;

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
  }

  list(filters: Filters, status: boolean): object[] {
    known(filters, FILTERS, invalid);
    const modes = filters.get('mode') ?? [];
    return this.#cluster.manager.cache
      .all('services')
      .filter(
        ({ ID, Spec }) =>
          byPrefix(filters, 'id', ID) &&
          byPrefix(filters, 'name', Spec.Name) &&
          byLabels(filters, 'label', Spec.Labels) &&
          (modes.length === 0 || modes.includes(modeName(Spec))),
      )
      .map((service) => ({ ...view(service), ...(status ? { ServiceStatus: this.#status(service) } : {}) }));
  }

  inspect(reference: string, insertDefaults: boolean): object {
    const shown = view(this.get(reference));
    return insertDefaults ? { ...shown, Spec: withDefaults(shown.Spec) } : shown;
  }

  get(reference: string): Service {
    return find(reference, {
      noun: 'service',
      all: this.#cluster.manager.cache.all('services'),
      id: ({ ID }) => ID,
      name: ({ Spec }) => Spec.Name,
    });
  }

  #status(service: Service): object {
    const { cache } = this.#cluster.manager;
    const tasks = cache.all('tasks').filter(({ ServiceID }) => ServiceID === service.ID);
    const up = new Set(cache.all('nodes').flatMap(({ ID, Status }) => (Status.State === 'down' ? [] : [ID])));
    const wanted = tasks.filter(({ DesiredState, NodeID }) => DesiredState === 'running' && up.has(NodeID ?? ''));
    const { Mode } = service.Spec;
    return {
      RunningTasks: tasks.filter(({ Status, NodeID }) => Status.State === 'running' && up.has(NodeID ?? '')).length,
      DesiredTasks: Mode.Replicated
        ? (Mode.Replicated.Replicas ?? 1)
        : Mode.ReplicatedJob
          ? (Mode.ReplicatedJob.MaxConcurrent ?? 1)
          : wanted.length,
      CompletedTasks: tasks.filter(
        ({ Status, JobIteration }) =>
          Status.State === 'complete' && JobIteration?.Index === service.JobStatus?.JobIteration.Index,
      ).length,
    };
  }

  async create(body: unknown, credentials?: PullCredentials): Promise<string> {
    const { writer, cache } = this.#cluster.manager;
    const spec = this.#checked(named(body), undefined);
    const id = newId();
    await writer.create<'services'>(
      'services',
      keys.service(id),
      {
        ID: id,
        Spec: spec,
        PullAuth: this.#sealed(id, spec, credentials),
        Endpoint: { Spec: spec.EndpointSpec },
        SpecVersion: { Index: cache.revision },
        ...(spec.Mode.ReplicatedJob || spec.Mode.GlobalJob ? { JobStatus: { JobIteration: { Index: 0 } } } : {}),
      },
      spec.Name,
      `rpc error: code = AlreadyExists desc = name conflicts with an existing object: service ${spec.Name} already exists`,
    );
    return id;
  }

  #sealed(service: string, spec: ServiceSpec, credentials: PullCredentials | undefined): string | undefined {
    const { sealKey: key } = this.#cluster;
    return sealPullAuth(key, service, spec.TaskTemplate.ContainerSpec?.Image ?? '', credentials);
  }

  #checked(body: unknown, self: string | undefined): ServiceSpec {
    const { cache } = this.#cluster.manager;
    const spec = checkSpec(shaped(body, serviceShape) as Partial<ServiceSpec>);
    const { Secrets = [], Configs = [] } = spec.TaskTemplate.ContainerSpec ?? {};
    for (const { SecretID, SecretName } of Secrets)
      if (!cache.get('secrets', SecretID))
        throw notFound(`rpc error: code = InvalidArgument desc = secret not found: ${SecretName}`);
    for (const { ConfigID, ConfigName } of Configs)
      if (!cache.get('configs', ConfigID))
        throw notFound(`rpc error: code = InvalidArgument desc = config not found: ${ConfigName}`);
    this.#checkPublished(spec, self);
    return this.#withNetworks(spec);
  }

  /** A port is one service's on all nodes. */
  #checkPublished(spec: ServiceSpec, self: string | undefined): void {
    for (const port of (spec.EndpointSpec?.Ports ?? []).filter(
      (one) => isIngress(one) && (one.PublishedPort ?? 0) > 0,
    )) {
      const other = this.#cluster.manager.cache
        .all('services')
        .find(
          (one) =>
            one.ID !== self &&
            (one.Endpoint.Ports ?? []).some((held) => isIngress(held) && portKey(held) === portKey(port)),
        );
      if (other)
        throw invalid(
          `rpc error: code = InvalidArgument desc = port '${port.PublishedPort}' is already in use by service '${other.Spec.Name}' (${other.ID}) as an ingress port`,
        );
    }
  }

  /** By their ids, all of them in the template. Throws for one that is not the cluster's. */
  #withNetworks({ Networks, ...spec }: ServiceSpec): ServiceSpec {
    const asked = [...(spec.TaskTemplate.Networks ?? []), ...(Networks ?? [])];
    if (asked.length === 0) return spec;
    const resolved = asked.map((one) =>
      isPredefined(one.Target) ? one : { ...one, Target: this.#network(one.Target).ID },
    );
    return { ...spec, TaskTemplate: { ...spec.TaskTemplate, Networks: resolved } };
  }

  #network(reference: string): ClusterNetwork {
    const { cache } = this.#cluster.manager;
    const found = cache.get('networks', reference) ?? cache.all('networks').find(({ Spec }) => Spec.Name === reference);
    if (!found) throw notFound(`network ${reference} not found`);
    if (found.Spec.Ingress)
      throw invalid(
        `rpc error: code = InvalidArgument desc = Service cannot be explicitly attached to the ingress network "${found.Spec.Name}"`,
      );
    return found;
  }

  async update(reference: string, request: UpdateRequest): Promise<void> {
    const { writer } = this.#cluster.manager;
    const { version, rollback } = request;
    if (version === undefined)
      throw invalid(`invalid service version '': strconv.ParseUint: parsing "": invalid syntax`);
    if (!['', 'spec', 'previous-spec'].includes(request.registryAuthFrom ?? ''))
      throw invalid(`unsupported registryAuthFrom "${request.registryAuthFrom}"`);
    const { ID, Spec, PreviousSpec } = this.get(reference);
    if (rollback === 'previous' && !PreviousSpec)
      throw unavailable(`rpc error: code = FailedPrecondition desc = service ${ID} does not have a previous spec`);
    const next = rollback === 'previous' ? (PreviousSpec ?? Spec) : this.#checked(request.spec, ID);
    if (next.Name !== Spec.Name)
      throw notImplemented('rpc error: code = Unimplemented desc = renaming services is not supported');
    if (Object.keys(next.Mode)[0] !== Object.keys(Spec.Mode)[0])
      throw notImplemented('rpc error: code = Unimplemented desc = service mode change is not allowed');
    let stale = false;
    await writer.update<'services'>(keys.service(ID), (service) => {
      stale = service.Version.Index !== version;
      if (stale) return undefined;
      const renewed = specRevision(next) !== specRevision(service.Spec);
      return {
        Spec: next,
        PreviousSpec: service.Spec,
        PullAuth:
          this.#sealed(ID, next, request.credentials) ??
          (rollback === 'previous' || request.registryAuthFrom === 'previous-spec'
            ? service.PreviousPullAuth
            : service.PullAuth),
        PreviousPullAuth: service.PullAuth,
        // the leader gives what is lacking, and takes back what is asked for no more
        Endpoint: { ...service.Endpoint, Spec: next.EndpointSpec },
        ...(renewed ? { SpecVersion: { Index: version } } : {}),
        UpdateStatus:
          rollback === 'previous'
            ? { State: 'rollback_started', StartedAt: rfc3339(), Message: 'manually requested rollback' }
            : undefined,
        ...(service.JobStatus && renewed
          ? { JobStatus: { JobIteration: { Index: service.JobStatus.JobIteration.Index + 1 } } }
          : {}),
      };
    });
    if (stale) throw internal(OUT_OF_SEQUENCE);
  }

  /** How it is scaled and why, as text, with the series that it was decided by. */
  explainAutoscale(reference: string): Promise<object> {
    return this.#cluster.manager.ask({ about: 'autoscale', service: this.get(reference).ID });
  }

  async remove(reference: string): Promise<void> {
    const { ID, Spec } = this.get(reference);
    await this.#cluster.manager.writer.remove([keys.service(ID), keys.name('services', Spec.Name)]);
  }

  /** Tasks whose logs there are, the newest of each slot last. */
  tasksOf(reference: string) {
    const { ID } = this.get(reference);
    return this.#cluster.manager.cache
      .all('tasks')
      .filter(
        (task) =>
          task.ServiceID === ID &&
          task.NodeID !== undefined &&
          !(isTerminal(task.Status.State) && !task.Status.ContainerStatus),
      );
  }
}

/** With a name made up where none is given. */
function named(body: unknown): unknown {
  if (typeof body !== 'object' || body === null || ('Name' in body && body.Name)) return body;
  return { ...body, Name: randomName(0) };
}

function modeName({ Mode }: ServiceSpec): string {
  if (Mode.Global) return 'global';
  if (Mode.ReplicatedJob) return 'replicated-job';
  return Mode.GlobalJob ? 'global-job' : 'replicated';
}

/** Each family's of its own, as Docker would show several. */
function virtualAddresses(held: NetworkAddress): { NetworkID: string; Addr: string }[] {
  return addressesIn(held).map((Addr) => ({ NetworkID: held.NetworkID, Addr }));
}

function view(service: Service) {
  const { ID, Version, CreatedAt, UpdatedAt, Spec, PreviousSpec, UpdateStatus, JobStatus } = service;
  return {
    ID,
    Version,
    CreatedAt,
    UpdatedAt,
    Spec,
    ...(PreviousSpec ? { PreviousSpec } : {}),
    Endpoint: {
      Spec: service.Endpoint.VirtualIPs || Spec.EndpointSpec?.Ports ? (Spec.EndpointSpec ?? { Mode: 'vip' }) : {},
      ...(service.Endpoint.Ports ? { Ports: service.Endpoint.Ports } : {}),
      ...(service.Endpoint.VirtualIPs ? { VirtualIPs: service.Endpoint.VirtualIPs.flatMap(virtualAddresses) } : {}),
    },
    ...(UpdateStatus ? { UpdateStatus } : {}),
    ...(JobStatus ? { JobStatus } : {}),
  };
}
