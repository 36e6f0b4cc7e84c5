// What is to be done so that a project runs as its files say: steps, each with why and after what. Pure.
import { invalid, notImplemented } from '../base/errors.ts';
import type { ContainerSpec } from './create/container.ts';
import { networkName } from './create/networks.ts';
import { LABEL } from './create/labels.ts';
import type { Dependency, Port, Project, Service } from './model/project.ts';
import { isInterim, isOrphan, type Observed, type ObservedContainer } from './observe.ts';
import type { Op, Step, Target } from './steps.ts';

export interface UpOptions {
  /** services that were named, or all of the project */
  readonly services: readonly string[];
  readonly recreate: 'diverged' | 'force' | 'never';
  readonly recreateDependencies: 'diverged' | 'force' | 'never';
  readonly start: boolean;
  readonly removeOrphans: boolean;
  readonly renewVolumes: boolean;
  /** seconds, where `-t` says so */
  readonly timeout?: number;
  /** volumes that differ and are made anew, without what is in them */
  readonly recreateVolumes?: readonly string[];
  /** hidden in the output of a daemon that cannot move ports */
  readonly canRoll?: boolean;
}

/** Sums of the file's parts, as labels have them. */
export interface Hashes {
  /** of a service whose namespaces are those of containers, by the id of the first container of each service */
  readonly service: (name: string, first: (service: string) => string | undefined) => string;
  readonly networks: Readonly<Record<string, string>>;
  readonly volumes: Readonly<Record<string, string>>;
}

export interface Plan {
  readonly steps: readonly Step[];
  /** containers of services that the files do not have */
  readonly orphans: readonly ObservedContainer[];
}

/** How many containers of a service there shall be. */
export const scaleOf = (service: Service): number => service.scale ?? service.deploy?.replicas ?? 1;

export function containerName(project: Project, service: string, number: number): string {
  return project.services[service]?.container_name ?? `${project.name}-${service}-${number}`;
}

/** Services in the order of their dependencies: what is depended on comes first. */
export function startOrder(project: Project): readonly string[] {
  const ordered = new Set<string>();
  const visit = (name: string, path: readonly string[]): void => {
    if (ordered.has(name) || path.includes(name)) return;
    for (const other of Object.keys(project.services[name]?.depends_on ?? {}).sort())
      if (project.services[other] !== undefined) visit(other, [...path, name]);
    ordered.add(name);
  };
  for (const name of Object.keys(project.services).sort()) visit(name, []);
  return [...ordered];
}

export function planUp(
  project: Project,
  hashes: Hashes,
  observed: Observed,
  options: UpOptions,
  disabled: Readonly<Record<string, Service>> = {},
): Plan {
  return new Planner(project, hashes, observed, options, disabled).plan();
}

/** Volumes that are there and are not as the files say. Pure. */
export function changedVolumes({ volumes = {} }: Project, hashes: Hashes, observed: Observed): string[] {
  return Object.entries(volumes).flatMap(([key, { name = key, external }]) => {
    const hash = observed.volumes[name]?.labels[LABEL.hash] ?? '';
    return external === true || hash === '' || hash === hashes.volumes[key] ? [] : [name];
  });
}

/** Starts what is there and does not run, after what it depends on. Throws for a service without a container. Pure. */
export function planStart(project: Project, observed: Observed, options: UpOptions, hashes: Hashes): Plan {
  return new Planner(project, hashes, observed, options, {}).planStart();
}

/** What happens to one container that is there, and why. */
interface Verdict {
  readonly recreate: boolean;
  readonly cause: string;
}

class Planner {
  readonly #project: Project;
  readonly #hashes: Hashes;
  readonly #observed: Observed;
  readonly #options: UpOptions;
  readonly #disabled: Readonly<Record<string, Service>>;
  readonly #steps: Step[] = [];
  /** last step of each network and volume, by name */
  readonly #resources = new Map<string, number>();
  /** steps that create containers of a service */
  readonly #creations = new Map<string, number[]>();
  /** services whose containers are made anew */
  readonly #renewed = new Set<string>();
  /** containers that are to run, by service */
  readonly #present = new Map<string, { name: string; running: boolean }[]>();

  constructor(
    project: Project,
    hashes: Hashes,
    observed: Observed,
    options: UpOptions,
    disabled: Readonly<Record<string, Service>>,
  ) {
    this.#project = project;
    this.#hashes = hashes;
    this.#observed = observed;
    this.#options = options;
    this.#disabled = disabled;
  }

  plan(): Plan {
    this.#planNetworks();
    this.#planVolumes();
    const orphans = this.#orphans();
    if (this.#options.removeOrphans)
      for (const orphan of orphans) this.#remove(orphan, 'its service is not in the files');
    const order = startOrder(this.#project);
    for (const name of order) this.#converge(name);
    if (this.#options.start) this.#start(order);
    return { steps: this.#steps, orphans };
  }

  planStart(): Plan {
    const order = startOrder(this.#project);
    for (const name of order) {
      const mine = this.#observed.containers.filter((one) => one.service === name && !one.isOneOff);
      // With one container in the project, services without any are passed over.
      if (this.#observed.containers.length === 0)
        throw invalid(`service ${JSON.stringify(name)} has no container to start`);
      this.#present.set(
        name,
        mine.map((one) => ({ name: one.name, running: one.state === 'running' })),
      );
    }
    this.#start(order);
    return { steps: this.#steps, orphans: [] };
  }

  #add(op: Op, cause: string, after: readonly (number | undefined)[] = []): number {
    const id = this.#steps.length;
    this.#steps.push({
      id,
      op,
      cause,
      after: [...new Set(after.filter((one) => one !== undefined))].sort((a, b) => a - b),
    });
    return id;
  }

  #planNetworks(): void {
    for (const key of Object.keys(this.#project.networks ?? {}).sort()) {
      const network = this.#project.networks?.[key];
      if (network === undefined) continue;
      const name = networkName(this.#project, key);
      const seen = this.#observed.networks[name];
      if (network.external === true) {
        if (seen === undefined && !['host', 'none', 'bridge'].includes(name))
          throw invalid(`network ${name} declared as external, but could not be found`);
        continue;
      }
      if (seen === undefined) {
        this.#resources.set(name, this.#add({ kind: 'createNetwork', key, name }, 'it does not exist'));
        continue;
      }
      this.#checkOwner(key, name, seen.labels);
      const hash = seen.labels[LABEL.hash];
      if (hash === undefined || hash === '' || hash === this.#hashes.networks[key]) continue;
      this.#renewNetwork(key, name, seen.id);
    }
  }

  #checkOwner(key: string, name: string, labels: Readonly<Record<string, string>>): void {
    const owner = labels[LABEL.network];
    if (owner !== undefined && owner !== key)
      throw invalid(
        `network ${name} was found but has incorrect label ${LABEL.network} set to ${JSON.stringify(owner)} (expected: ${JSON.stringify(key)})`,
      );
    if (owner === undefined)
      throw invalid(
        `network ${name} was found but has incorrect label ${LABEL.network} set to "" (expected: ${JSON.stringify(key)})`,
      );
  }

  /** Its containers stop, it is made anew, they start again. */
  #renewNetwork(key: string, name: string, id: string): void {
    const users = this.#observed.containers.filter((one) => one.networks.includes(id));
    const stops = users
      .filter((one) => one.state === 'running')
      .map((one) =>
        this.#add({ kind: 'stopContainer', ...target(one), ...this.#timeout() }, `network ${name} changes`),
      );
    const gone = this.#add({ kind: 'removeNetwork', id, name }, 'its definition changed', stops);
    const made = this.#add({ kind: 'createNetwork', key, name }, 'its definition changed', [gone]);
    this.#resources.set(name, made);
    for (const one of users) {
      this.#stopped.add(one.id);
      this.#add({ kind: 'connectNetwork', network: name, id: one.id, name: one.name }, `network ${name} is another`, [
        made,
      ]);
    }
  }

  readonly #stopped = new Set<string>();

  #planVolumes(): void {
    for (const key of Object.keys(this.#project.volumes ?? {}).sort()) {
      const volume = this.#project.volumes?.[key];
      if (volume === undefined) continue;
      const name = volume.name ?? key;
      const seen = this.#observed.volumes[name];
      if (volume.external === true) {
        if (seen === undefined) throw invalid(`external volume ${JSON.stringify(name)} not found`);
        continue;
      }
      if (seen === undefined) {
        this.#resources.set(name, this.#add({ kind: 'createVolume', key, name }, 'it does not exist'));
        continue;
      }
      if (this.#options.recreateVolumes?.includes(name) === true) this.#renewVolume(key, name);
    }
  }

  #renewVolume(key: string, name: string): void {
    const users = this.#observed.containers.filter((one) => one.mounts.some((mount) => mount.Name === name));
    const gone = users.map((one) => {
      this.#lost.add(one.id);
      return this.#remove(one, `volume ${name} changes`);
    });
    const removed = this.#add({ kind: 'removeVolume', name }, 'its definition changed', gone);
    this.#resources.set(name, this.#add({ kind: 'createVolume', key, name }, 'its definition changed', [removed]));
  }

  /** containers that are removed before their service is looked at */
  readonly #lost = new Set<string>();

  #orphans(): ObservedContainer[] {
    const known = { ...this.#project.services, ...this.#disabled };
    return this.#observed.containers.filter((one) => isOrphan(one, known));
  }

  #timeout(): { timeout?: number } {
    return this.#options.timeout === undefined ? {} : { timeout: this.#options.timeout };
  }

  #remove(container: ObservedContainer, cause: string): number {
    const stop = this.#add({ kind: 'stopContainer', ...target(container), ...this.#timeout() }, cause);
    return this.#add({ kind: 'removeContainer', ...target(container), volumes: false }, cause, [stop]);
  }

  #converge(name: string): void {
    const service = this.#project.services[name];
    if (service === undefined) return;
    if (service.provider !== undefined) throw notImplemented(`service ${name}: providers are not implemented`);
    if (service.models !== undefined) throw notImplemented(`service ${name}: models are not implemented`);
    const wanted = scaleOf(service);
    if (service.container_name !== undefined && wanted > 1)
      throw invalid(
        `WARNING: The ${JSON.stringify(name)} service is using the custom container name ${JSON.stringify(service.container_name)}. Docker requires each container to have a unique name. Remove the custom name to scale the service`,
      );
    const mine = this.#observed.containers.filter(
      (one) => one.service === name && !one.isOneOff && !this.#lost.has(one.id),
    );
    // Nobody would reach it: the old one is still there, or a new one is made.
    const cleared = mine.filter(({ isHidden }) => isHidden).map((one) => this.#remove(one, 'an update was cut short'));
    const found = mine
      .filter(({ isHidden }) => !isHidden)
      .map((container) => ({ container, verdict: this.#judge(name, service, container) }))
      // What is out of date goes first when there are too many, then the highest numbers.
      .sort(
        (a, b) => Number(a.verdict.recreate) - Number(b.verdict.recreate) || a.container.number - b.container.number,
      );
    const before = [...this.#before(name, service), ...cleared];
    const created: number[] = [];
    const present: { name: string; running: boolean }[] = [];
    const interim: (Target & { to: string })[] = [];
    const removed: number[] = [];
    found.forEach(({ container, verdict }, index) => {
      if (index >= wanted) {
        removed.push(this.#remove(container, `the service is scaled to ${wanted}`));
        return;
      }
      const running = container.state === 'running' && !this.#stopped.has(container.id);
      if (verdict.recreate) {
        this.#renewed.add(name);
        const rolls = this.#rolls(service, container);
        const spec = this.#spec(name, container.number, container);
        const stops = rolls ? [] : this.#stopDependents(name);
        const old = { ...target(container), service: name };
        const kind = rolls ? 'rollContainer' : 'recreateContainer';
        created.push(this.#add({ kind, spec, old, ...this.#timeout() }, verdict.cause, [...before, ...stops]));
        present.push({ name: spec.name, running: rolls });
      } else if (isInterim(container.name)) {
        const to = containerName(this.#project, name, container.number);
        interim.push({ ...target(container), to });
        present.push({ name: to, running });
      } else {
        if (running) this.#add({ kind: 'keepContainer', ...target(container) }, 'it is as the files say');
        present.push({ name: container.name, running });
      }
    });
    for (const one of interim) {
      created.push(this.#add({ kind: 'renameContainer', ...one }, 'an earlier update was cut short', removed));
    }
    const last = Math.max(0, ...found.map(({ container }) => container.number));
    for (let more = 1; more <= wanted - found.length; more++) {
      const spec = this.#spec(name, last + more);
      created.push(this.#add({ kind: 'createContainer', spec }, 'it does not exist', before));
      present.push({ name: spec.name, running: false });
    }
    this.#creations.set(name, created);
    this.#present.set(name, present);
  }

  /** Resources that its containers need, and containers that they refer to. */
  #before(name: string, service: Service): readonly number[] {
    const networks = Object.keys(service.networks ?? {}).map((key) => networkName(this.#project, key));
    const volumes = (service.volumes ?? []).map(({ source = '' }) => this.#project.volumes?.[source]?.name ?? source);
    const resources = [...networks, ...volumes].flatMap((one) => this.#resources.get(one) ?? []);
    const containers = [...referredServices(service)].flatMap((other) =>
      other === name ? [] : (this.#creations.get(other) ?? []),
    );
    return [...resources, ...containers];
  }

  #judge(name: string, service: Service, container: ObservedContainer): Verdict {
    const keep: Verdict = { recreate: false, cause: '' };
    const isNamed = this.#options.services.length === 0 || this.#options.services.includes(name);
    const policy = isNamed ? this.#options.recreate : this.#options.recreateDependencies;
    if (policy === 'never') return keep;
    const because = (cause: string): Verdict => ({ recreate: true, cause });
    if (policy === 'force') return because('it was asked for');
    if (this.#options.renewVolumes && isNamed) return because('its anonymous volumes are renewed');
    for (const other of namespaceServices(service))
      if (this.#renewed.has(other)) return because(`it shares what ${other} has, which is made anew`);
    if (container.hash !== this.#hashes.service(name, this.#first)) return because('its configuration changed');
    const image = this.#observed.images[name];
    if (image !== undefined && container.image !== image)
      return because(`image ${short(container.image)} -> ${short(image)}`);
    for (const key of Object.keys(service.networks ?? {})) {
      const network = this.#observed.networks[networkName(this.#project, key)];
      if (network !== undefined && container.state === 'running' && !container.networks.includes(network.id))
        return because(`it is not on network ${network.name}`);
    }
    return keep;
  }

  readonly #first = (service: string): string | undefined =>
    this.#observed.containers.find((one) => one.service === service && !one.isOneOff)?.id;

  /** A service is updated beside itself where its file asks for it, and names and addresses can be taken over. */
  #rolls(service: Service, container: ObservedContainer): boolean {
    if (this.#options.canRoll !== true || container.state !== 'running' || !this.#options.start) return false;
    if (service.network_mode !== undefined || this.#options.recreate === 'force') return false;
    // Two cannot have one address, and a port that is new is not there to be taken over.
    const hasAddress = Object.values(service.networks ?? {}).some(
      (network) => (network?.ipv4_address ?? network?.ipv6_address ?? network?.mac_address) !== undefined,
    );
    if (hasAddress || service.mac_address !== undefined || !this.#hasSamePorts(service, container)) return false;
    const order = service.deploy?.update_config?.order;
    if (order !== undefined) return order === 'start-first';
    return service.healthcheck?.test !== undefined && service.healthcheck.disable !== true;
  }

  /** What the file publishes is what the container has published; a port that nobody named is any. */
  #hasSamePorts({ ports = [] }: Service, { summary }: ObservedContainer): boolean {
    const isAny = (published: string): boolean => published === '' || published === '0';
    const found = (summary.Ports ?? []).filter(({ PublicPort }) => PublicPort !== undefined);
    const fits = (wanted: Port, seen: (typeof found)[number]): boolean =>
      wanted.target === seen.PrivatePort &&
      (wanted.protocol ?? 'tcp') === seen.Type &&
      (isAny(wanted.published ?? '') || wanted.published === String(seen.PublicPort));
    return (
      ports.every((one) => found.some((seen) => fits(one, seen))) &&
      found.every((seen) => ports.some((one) => fits(one, seen)))
    );
  }

  #spec(name: string, number: number, old?: ObservedContainer): ContainerSpec {
    return {
      service: name,
      number,
      name: containerName(this.#project, name, number),
      image: this.#project.services[name]?.image ?? `${this.#project.name}-${name}`,
      imageId: this.#observed.images[name] ?? '',
      inherited: old === undefined || this.#options.renewVolumes ? [] : old.mounts,
      ...(old === undefined ? {} : { replaces: `${name}-${number}` }),
    };
  }

  /** Those that asked to be restarted with it stop first. */
  #stopDependents(name: string): number[] {
    const dependents = Object.entries(this.#project.services).filter(
      ([, service]) => service.depends_on?.[name]?.restart === true,
    );
    return dependents.flatMap(([dependent]) =>
      this.#observed.containers
        .filter(
          (one) => one.service === dependent && !one.isOneOff && one.state === 'running' && !this.#stopped.has(one.id),
        )
        .map((one) => {
          this.#stopped.add(one.id);
          return this.#add({ kind: 'stopContainer', ...target(one), ...this.#timeout() }, `${name} is made anew`);
        }),
    );
  }

  /** Every container that does not run starts after what its service depends on. */
  #start(order: readonly string[]): void {
    const made = this.#steps.filter(({ op }) => op.kind !== 'keepContainer').map(({ id }) => id);
    const ready = new Map<string, number[]>();
    for (const name of order) {
      const service = this.#project.services[name];
      const present = this.#present.get(name) ?? [];
      const idle = present.filter(({ running }) => !running);
      if (service === undefined || present.length === 0) continue;
      const waits = Object.entries(service.depends_on ?? {})
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .flatMap(([other, dependency]) => this.#waits(name, other, dependency, ready, made));
      const starts = idle.map((container) =>
        this.#add({ kind: 'startContainer', service: name, name: container.name }, 'it is not running', [
          ...made,
          ...waits,
        ]),
      );
      ready.set(name, starts);
    }
  }

  #waits(
    name: string,
    other: string,
    { condition, required }: Dependency,
    ready: ReadonlyMap<string, readonly number[]>,
    made: readonly number[],
  ): number[] {
    const started = [...made, ...(ready.get(other) ?? [])];
    if (condition === 'service_started') return [...(ready.get(other) ?? [])];
    return (this.#present.get(other) ?? []).map((container) =>
      this.#add(
        { kind: 'waitFor', service: other, name: container.name, condition, required },
        `${name} depends on it`,
        started,
      ),
    );
  }
}

const target = ({ id, name, service }: ObservedContainer): Target => ({ id, name, service });

const short = (id: string): string => (id === '' ? '(none)' : id.slice(0, id.startsWith('sha256:') ? 19 : 12));

/** Services whose namespaces a service shares: it has to be made anew with them. */
export function namespaceServices({ network_mode, ipc, pid, volumes_from }: Service): ReadonlySet<string> {
  const modes = [network_mode, ipc, pid].flatMap((mode) => (mode?.startsWith('service:') ? [mode.slice(8)] : []));
  const volumes = (volumes_from ?? []).flatMap((text) =>
    text.startsWith('container:') ? [] : [text.split(':')[0] ?? ''],
  );
  return new Set([...modes, ...volumes]);
}

function referredServices(service: Service): ReadonlySet<string> {
  const links = (service.links ?? []).map((link) => link.split(':')[0] ?? '');
  return new Set([...namespaceServices(service), ...links]);
}
