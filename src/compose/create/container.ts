// The body that creates one container of a service, as docker compose sends it. Pure.
import { invalid } from '../../base/errors.ts';
import { capabilityName } from '../../spec/docker/capability.ts';
import type { ContainerCreateBody, HealthConfig, MountPoint, PortBinding } from '../../spec/docker/container.ts';
import { LABEL, COMPOSE_VERSION } from './labels.ts';
import { parseDuration } from '../load/durations.ts';
import type { Healthcheck, Project, Service } from '../model/project.ts';
import { limitsOf, restartPolicy } from './limits.ts';
import { mountsOf } from './mounts.ts';
import { endpointsOf } from './networks.ts';

/** What stands around the service: its project's files, and the containers that it refers to. */
export interface Surroundings {
  readonly project: Project;
  readonly workingDirectory: string;
  readonly files: readonly string[];
  readonly envFiles: readonly string[];
  /** containers of a service that are there, in their order */
  readonly containers: (service: string) => readonly { readonly id: string; readonly name: string }[];
}

export interface ContainerSpec {
  readonly service: string;
  readonly number: number;
  readonly name: string;
  readonly image: string;
  readonly imageId: string;
  /** mounts of the container that this one replaces */
  readonly inherited: readonly MountPoint[];
  /** `web-1` of the container that this one replaces */
  readonly replaces?: string;
  /** what `run` changes */
  readonly oneOff?: OneOff;
}

export interface OneOff {
  readonly slug: string;
  readonly tty: boolean;
  readonly stdin: boolean;
  readonly autoRemove: boolean;
  readonly useAliases: boolean;
}

export function containerBody(
  around: Surroundings,
  service: Service,
  spec: ContainerSpec,
  hash: string,
): ContainerCreateBody {
  const { project } = around;
  const links = linksOf(around, service, spec);
  const shared =
    service.network_mode === undefined ? undefined : referred(around, service.network_mode, 'network_mode');
  const withAliases = spec.oneOff === undefined || spec.oneOff.useAliases;
  const network =
    shared === undefined
      ? endpointsOf(project, service, {
          container: spec.name,
          service: withAliases ? spec.service : undefined,
          links,
        })
      : { mode: shared, endpoints: undefined };
  const { binds, mounts } = mountsOf(project, service, spec.inherited);
  const { oneOff } = spec;
  const tty = oneOff?.tty ?? service.tty ?? false;
  const stdin = oneOff?.stdin ?? service.stdin_open ?? false;
  return {
    ...(service.hostname === undefined ? {} : { Hostname: service.hostname }),
    ...(service.domainname === undefined ? {} : { Domainname: service.domainname }),
    User: service.user ?? '',
    AttachStdin: stdin && oneOff !== undefined,
    AttachStdout: true,
    AttachStderr: true,
    ExposedPorts: exposedPorts(service),
    Tty: tty,
    OpenStdin: stdin,
    StdinOnce: stdin && oneOff !== undefined,
    Env: environmentOf(service),
    Cmd: service.command === null ? null : [...service.command],
    ...(service.healthcheck === undefined ? {} : { Healthcheck: healthOf(service.healthcheck) }),
    Image: spec.image,
    WorkingDir: service.working_dir ?? '',
    Entrypoint: service.entrypoint === null ? null : [...service.entrypoint],
    Labels: labelsOf(around, service, spec, hash),
    ...(service.stop_signal === undefined ? {} : { StopSignal: service.stop_signal }),
    ...(service.stop_grace_period === undefined ? {} : { StopTimeout: seconds(service.stop_grace_period) }),
    HostConfig: {
      Binds: [...binds],
      ...(mounts.length === 0 ? {} : { Mounts: [...mounts] }),
      LogConfig: { Type: service.logging?.driver ?? '', Config: { ...service.logging?.options } },
      NetworkMode: network.mode,
      PortBindings: portBindings(service),
      RestartPolicy: oneOff === undefined ? restartPolicy(service) : { Name: '', MaximumRetryCount: 0 },
      AutoRemove: oneOff?.autoRemove ?? false,
      VolumesFrom: (service.volumes_from ?? []).map((text) => volumesFrom(around, text)),
      ...(service.annotations === undefined ? {} : { Annotations: { ...service.annotations } }),
      CapAdd: (service.cap_add ?? []).map(capabilityName),
      CapDrop: (service.cap_drop ?? []).map(capabilityName),
      CgroupnsMode: service.cgroup === 'host' || service.cgroup === 'private' ? service.cgroup : '',
      Dns: [...(service.dns ?? [])],
      DnsOptions: [...(service.dns_opt ?? [])],
      DnsSearch: [...(service.dns_search ?? [])],
      ExtraHosts: (service.extra_hosts ?? []).map((line) => line.replace('=', ':')),
      GroupAdd: [...(service.group_add ?? [])],
      IpcMode: service.ipc === undefined ? '' : referred(around, service.ipc, 'ipc'),
      Links: [...links],
      PidMode: service.pid === undefined ? '' : referred(around, service.pid, 'pid'),
      Privileged: service.privileged ?? false,
      ReadonlyRootfs: service.read_only ?? false,
      SecurityOpt: [...(service.security_opt ?? [])],
      ...(service.storage_opt === undefined ? {} : { StorageOpt: { ...service.storage_opt } }),
      ...(service.tmpfs === undefined ? {} : { Tmpfs: Object.fromEntries(service.tmpfs.map(tmpfs)) }),
      UTSMode: service.uts ?? '',
      UsernsMode: service.userns_mode ?? '',
      ShmSize: service.shm_size === undefined ? 0 : Number(service.shm_size),
      ...(service.sysctls === undefined ? {} : { Sysctls: { ...service.sysctls } }),
      ...(service.runtime === undefined ? {} : { Runtime: service.runtime }),
      Isolation: service.isolation ?? '',
      ...(service.init === undefined ? {} : { Init: service.init }),
      ...limitsOf(service),
    },
    ...(network.endpoints === undefined ? {} : { NetworkingConfig: { EndpointsConfig: network.endpoints } }),
  };
}

const seconds = (text: string): number => Math.floor(Number(parseDuration(text)) / 1e9);

function tmpfs(text: string): [string, string] {
  const at = text.indexOf(':');
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
}

function environmentOf({ environment }: Service): string[] {
  return Object.entries(environment ?? {})
    .map(([name, value]) => (value === null ? name : `${name}=${value}`))
    .sort();
}

function healthOf(check: Healthcheck): HealthConfig {
  if (check.disable === true) return { Test: ['NONE'] };
  const ns = (text: string | undefined): number | undefined =>
    text === undefined ? undefined : Number(parseDuration(text));
  const times = {
    Interval: ns(check.interval),
    Timeout: ns(check.timeout),
    StartPeriod: ns(check.start_period),
    StartInterval: ns(check.start_interval),
    Retries: check.retries,
  };
  const set = Object.fromEntries(Object.entries(times).filter(([, value]) => value !== undefined));
  return { ...(check.test === undefined ? {} : { Test: [...check.test] }), ...set };
}

function exposedPorts(service: Service): Record<string, object> {
  const ports: Record<string, object> = {};
  for (const port of service.expose ?? []) ports[port] = {};
  for (const { target, protocol = 'tcp' } of service.ports ?? []) ports[`${target ?? ''}/${protocol}`] = {};
  return ports;
}

function portBindings({ ports = [] }: Service): Record<string, PortBinding[]> {
  const bindings: Record<string, PortBinding[]> = {};
  for (const { target, protocol = 'tcp', host_ip: HostIp = '', published: HostPort = '' } of ports)
    (bindings[`${target ?? ''}/${protocol}`] ??= []).push({ HostIp, HostPort });
  return bindings;
}

/** `service:x` means a container of that service that is there. */
function referred({ containers }: Surroundings, mode: string, key: string): string {
  if (!mode.startsWith('service:')) return mode;
  const name = mode.slice('service:'.length);
  const [first] = containers(name);
  if (first === undefined) throw invalid(`cannot share ${key} with service ${name}: container missing`);
  return `container:${first.id}`;
}

function volumesFrom({ containers }: Surroundings, text: string): string {
  const [kind = '', ...rest] = text.split(':');
  if (kind === 'container') return rest.join(':');
  const [first] = containers(kind);
  if (first === undefined) throw invalid(`cannot share volume with service ${kind}: container missing`);
  return [first.id, ...rest].join(':');
}

/** For each container of a linked service: its alias and the two names that links always had. */
function linksOf({ project, containers }: Surroundings, service: Service, spec: ContainerSpec): string[] {
  const pairs = (service.links ?? []).flatMap((link) => {
    const [name = '', alias = name] = link.split(':');
    return containers(name).flatMap((container, index) => [
      `${container.name}:${alias}`,
      `${container.name}:${name}-${index + 1}`,
      `${container.name}:${project.name}-${name}-${index + 1}`,
    ]);
  });
  const own =
    spec.oneOff === undefined
      ? []
      : containers(spec.service).flatMap((container, index) => [
          `${container.name}:${spec.service}`,
          `${container.name}:${spec.service}-${index + 1}`,
          `${container.name}:${project.name}-${spec.service}-${index + 1}`,
        ]);
  const external = (service.external_links ?? []).map((link) => (link.includes(':') ? link : `${link}:${link}`));
  return [...pairs, ...own, ...external];
}

function labelsOf(around: Surroundings, service: Service, spec: ContainerSpec, hash: string): Record<string, string> {
  const { project, workingDirectory, files, envFiles } = around;
  const dependencies = Object.entries(service.depends_on ?? {})
    .map(([name, { condition, restart = false }]) => `${name}:${condition}:${restart}`)
    .sort()
    .join(',');
  return {
    ...service.labels,
    [LABEL.hash]: hash,
    ...(spec.oneOff === undefined ? { [LABEL.number]: String(spec.number) } : { [LABEL.slug]: spec.oneOff.slug }),
    [LABEL.dependsOn]: dependencies,
    [LABEL.image]: spec.imageId,
    [LABEL.oneOff]: spec.oneOff === undefined ? 'False' : 'True',
    [LABEL.project]: project.name,
    [LABEL.configFiles]: files.join(','),
    [LABEL.workingDirectory]: workingDirectory,
    ...(envFiles.length === 0 ? {} : { [LABEL.environmentFile]: envFiles.join(',') }),
    [LABEL.service]: spec.service,
    [LABEL.version]: COMPOSE_VERSION,
    ...(spec.replaces === undefined ? {} : { [LABEL.replace]: spec.replaces }),
  };
}

/** A service as docker compose sums it up: the services whose namespaces it shares are containers by then. Pure. */
export function withReferences(service: Service, first: (service: string) => string | undefined): Service {
  const mode = (text: string): string => {
    const id = text.startsWith('service:') ? first(text.slice('service:'.length)) : undefined;
    return id === undefined ? text : `container:${id}`;
  };
  const from = (text: string): string => {
    const [kind = '', name = ''] = text.split(':');
    return kind === 'container' ? name : (first(kind) ?? text);
  };
  const { network_mode, ipc, pid, volumes_from } = service;
  return {
    ...service,
    ...(network_mode === undefined ? {} : { network_mode: mode(network_mode) }),
    ...(ipc === undefined ? {} : { ipc: mode(ipc) }),
    ...(pid === undefined ? {} : { pid: mode(pid) }),
    ...(volumes_from === undefined ? {} : { volumes_from: volumes_from.map(from) }),
  };
}
