// Gathers what the OCI configuration of a container depends on: files written, paths and users looked up, namespaces found.
import { existsSync, mkdirSync, readdirSync, readFileSync, realpathSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Undo } from '../../base/disposal.ts';
import { ZERO_TIME } from '../../base/clock.ts';
import { type BerthError, conflict, internal, invalid, isErrno, messageOf } from '../../base/errors.ts';
import { MS, mount, unmount } from '../../host/mount.ts';
import { readBounded } from '../../host/read-bounded.ts';
import {
  checkPropagation,
  type DeviceNode,
  type NamespaceSource,
  type ResolvedMount,
  type SpecInput,
  type ThrottleTarget,
} from '../../runtime/spec/index.ts';
import { resolveUser } from '../../runtime/user/index.ts';
import type { ContainerConfig, DeviceMapping, HostConfig } from '../../spec/docker/index.ts';
import type { Container } from '../container/container.ts';
import { cgroupPath, type EngineContext } from '../container/context.ts';
import { hostHostsText, hostsText, MAX_HOSTS_BYTES, ownResolvText, resolvText } from '../container/files.ts';
import { hasProcess } from '../lifecycle/index.ts';
import { type LinkedContainer, linkHosts, linkVariables } from '../container/links.ts';
import type { MountRecord } from '../container/record.ts';
import { runtimeOf } from '../container/running.ts';
import { atStart } from '../container/at-start.ts';
import { checkTarget } from './mount-target.ts';
import { said } from './networks.ts';
import { mountImage, mountSubpath } from './places.ts';

/** The root file system is mounted. What is acquired on the way is given to `undo`. */
export async function specInput(context: EngineContext, container: Container, undo: Undo): Promise<SpecInput> {
  const hostConfig = atStart(container.record.hostConfig, context.atStart);
  checkStartable(container);
  const paths = context.paths.of(container.id);
  const rootfs = paths.merged;
  const namespaces = {
    network: networkNamespace(context, container),
    pid: joined(context, container, hostConfig.PidMode, 'pid'),
    ipc: joined(context, container, hostConfig.IpcMode, 'ipc'),
    uts: hostConfig.UTSMode === 'host' ? ('host' as const) : ('new' as const),
    cgroup: hostConfig.CgroupnsMode === 'private' ? ('new' as const) : ('host' as const),
  };
  takeHostname(context, container);
  const { config } = container.record;
  const links = linksOf(context, container);
  writeFiles(
    context,
    container,
    links.map(({ alias, other }) => linkHosts(alias, other)),
  );
  const shm = shmPath(context, container, undo);
  // the namespace of others has a first process already, which takes care of orphans
  const wantsInit = hostConfig.Init === true && hostConfig.PidMode === '';
  if (wantsInit && context.initPath === undefined)
    throw invalid('no docker-init, tini or catatonit found on this host for --init');
  const mounts: ResolvedMount[] = [];
  const recursiveReadOnly =
    context.host.recursiveReadOnly === true && runtimeOf(context, container.record.runtime).recursiveReadOnly;
  for (const [number, record] of container.record.mounts.entries()) {
    if (record.readOnlyNested === 'always' && !recursiveReadOnly)
      throw internal(`rro is not supported by runtime "${container.record.runtime}" on this host`);
    const mount = await resolveMount(context, container, number, record, rootfs, undo);
    checkTarget(rootfs, mount.target, mount.source);
    mounts.push({ ...mount, readOnlyNested: nests(mount) ? (record.readOnlyNested ?? 'ifPossible') : 'never' });
  }
  return {
    id: container.id,
    config: withVariables(
      config,
      links.flatMap(({ alias, other }) => linkVariables(alias, container.record.name, other)),
    ),
    hostConfig,
    rootfs,
    user: resolveUser(rootfs, config.User, hostConfig.GroupAdd ?? []),
    hostname: config.Hostname,
    domainname: config.Domainname,
    mounts,
    files: {
      hosts: paths.hosts,
      hostname: paths.hostname,
      resolvConf: paths.resolvConf,
      ...(shm === undefined ? {} : { shm }),
      ...(wantsInit && context.initPath !== undefined ? { init: context.initPath } : {}),
    },
    namespaces,
    cgroupPath: cgroupPath(context, container),
    throttle: throttleTargets(hostConfig),
    devices: hostConfig.Privileged ? hostDevices() : (hostConfig.Devices ?? []).flatMap(deviceNodes),
    host: { ...context.host, recursiveReadOnly },
  };
}

/** Only below a directory something can be mounted; crun before 1.16 fails when it is asked to look below a file. */
function nests({ type, source }: ResolvedMount): boolean {
  return type === 'bind' && statSync(source).isDirectory();
}

function networkNamespace(context: EngineContext, container: Container): NamespaceSource {
  const source = joined(context, container, container.record.hostConfig.NetworkMode, 'net');
  const path = source === 'new' ? context.networks.place(container.id) : undefined;
  return path === undefined ? source : { path };
}

/** Who joins the network of another goes by its name. */
function takeHostname(context: EngineContext, { record }: Container): void {
  const reference = /^container:(.*)$/.exec(record.hostConfig.NetworkMode)?.[1];
  if (reference === undefined) return;
  const { Hostname, Domainname } = namespaceOwner(context, reference, 'net').record.config;
  record.config = { ...record.config, Hostname, Domainname };
}

/** `host`, `container:X`, or a new namespace. */
function joined(
  context: EngineContext,
  container: Container,
  mode: string,
  kind: 'net' | 'pid' | 'ipc',
): NamespaceSource {
  if (mode === 'host') return 'host';
  const reference = /^container:(.*)$/.exec(mode)?.[1];
  if (reference === undefined) return 'new';
  const other = namespaceOwner(context, reference, kind);
  if (other === container)
    throw internal(
      kind === 'net' ? 'cannot join own network namespace' : `cannot join own ${kind.toUpperCase()} namespace`,
    );
  const pid = other.state.process?.pid;
  if (!hasProcess(other.state.phase) || pid === undefined) throw notRunning(other, kind);
  if (kind === 'ipc' && other.record.hostConfig.IpcMode !== 'shareable')
    throw invalid(`container ${other.id}: non-shareable IPC (hint: use IpcMode:shareable for the donor container)`);
  return { path: `/proc/${pid}/ns/${kind}` };
}

/** How dockerd's refusals begin. */
const JOINING = {
  net: 'joining network namespace of container',
  pid: 'failed to join PID namespace',
  ipc: 'failed to join IPC namespace',
} as const;

/** One whose namespace is joined; dockerd's refusal is an error of its own then, not that of a name. */
export function namespaceOwner({ registry }: EngineContext, reference: string, kind: 'net' | 'pid' | 'ipc'): Container {
  try {
    return registry.get(reference);
  } catch (error) {
    throw (kind === 'ipc' ? invalid : internal)(`${JOINING[kind]}: ${messageOf(error)}`);
  }
}

/** The status differs by kind, as it does in dockerd. */
export function notRunning({ id, state, record }: Container, kind: 'net' | 'pid' | 'ipc'): BerthError {
  const restarting = `Container ${id} is restarting, wait until the container is running`;
  if (kind === 'net') {
    if (state.phase === 'restarting') return conflict(restarting);
    const phase = state.phase === 'starting' ? 'created' : state.phase;
    return conflict(
      `${JOINING.net}: cannot join network namespace of a non running container: container ${record.name} is ${phase}`,
    );
  }
  const why = state.phase === 'restarting' ? restarting : `container ${id} is not running`;
  return (kind === 'pid' ? internal : conflict)(`${JOINING[kind]}: ${why}`);
}

/** The containers that a link of the default network leads to. Throws in dockerd's words when one cannot be had. */
function linksOf(
  context: EngineContext,
  { record }: Container,
): { readonly alias: string; readonly other: LinkedContainer }[] {
  // a container without a network keeps its links, and they lead nowhere
  if (record.hostConfig.NetworkMode !== 'bridge') return [];
  return (record.links ?? []).map(({ id, name, alias }) => {
    const other = context.registry.find(id);
    if (!other || !hasProcess(other.state.phase))
      throw internal(
        `Cannot link to a non running container: /${other?.record.name ?? name} AS /${record.name}/${alias}`,
      );
    const endpoint = networkOwner(context, other).record.endpoints['bridge'];
    if (!endpoint) throw internal(`Cannot link to /${other.record.name}, as it does not belong to the default network`);
    const { config } = other.record;
    return {
      alias,
      other: {
        id: other.id,
        name: other.record.name,
        hostname: config.Hostname,
        address: endpoint.IPAddress,
        exposed: Object.keys(config.ExposedPorts ?? {}),
        environment: config.Env ?? [],
      },
    };
  });
}

/** Whose network it is in: its own, or another's that it joined. */
function networkOwner(context: EngineContext, container: Container): Container {
  const id = /^container:(.*)$/.exec(container.record.hostConfig.NetworkMode)?.[1];
  const owner = id === undefined ? undefined : context.registry.lookup(id);
  return owner === undefined || owner === container ? container : networkOwner(context, owner);
}

/** Variables of links come before the container's own, which win. */
function withVariables(config: ContainerConfig, variables: readonly string[]): ContainerConfig {
  return variables.length === 0 ? config : { ...config, Env: [...variables, ...(config.Env ?? [])] };
}

/** What only the start can find out: devices that are not there. */
function checkStartable({ record }: Container): void {
  const { hostConfig } = record;
  for (const request of hostConfig.DeviceRequests ?? []) {
    const capabilities = (request.Capabilities ?? []).map((all) => `[${all.join(' ')}]`).join(' ');
    throw invalid(`could not select device driver "${request.Driver}" with capabilities: [${capabilities}]`);
  }
}

function writeFiles(
  context: EngineContext,
  container: Container,
  linked: readonly { ip: string; names: readonly string[] }[],
): void {
  const { config, hostConfig } = container.record;
  const paths = context.paths.of(container.id);
  const shared = /^container:(.*)$/.exec(hostConfig.NetworkMode)?.[1];
  if (shared !== undefined) {
    const other = context.paths.of(context.registry.get(shared).id);
    for (const file of ['hosts', 'hostname', 'resolvConf'] as const)
      writeFileSync(paths[file], existsSync(other[file]) ? readBounded(other[file], MAX_HOSTS_BYTES) : '', {
        mode: 0o644,
      });
    return;
  }
  const gateways = context.networks.hostGateways();
  const extra = (hostConfig.ExtraHosts ?? []).flatMap((line) =>
    /[:=]host-gateway$/.test(line) ? gateways.map((one) => line.replace(/host-gateway$/, one)) : [line],
  );
  const { hosts, ownResolver } = context.networks.files(container.id);
  const isHost = hostConfig.NetworkMode === 'host';
  const ipv6 = hostConfig.Sysctls?.['net.ipv6.conf.all.disable_ipv6'] !== '1';
  const spec = {
    servers: said(hostConfig.Dns, context.dns.servers),
    search: said(hostConfig.DnsSearch, context.dns.search),
    options: said(hostConfig.DnsOptions, context.dns.options),
  };
  writeFileSync(
    paths.hosts,
    isHost ? hostHostsText(readText('/etc/hosts'), extra) : hostsText(extra, [...linked, ...hosts], ipv6),
    {
      mode: 0o644,
    },
  );
  writeFileSync(paths.hostname, `${config.Hostname}\n`, { mode: 0o644 });
  writeFileSync(
    paths.resolvConf,
    ownResolver && !asksForServers(hostConfig)
      ? ownResolvText(readText('/etc/resolv.conf'), spec)
      : resolvText(readText('/etc/resolv.conf'), spec, !isHost),
    { mode: 0o644 },
  );
}

/** As Docker has it, `--dns` on the default network names the servers that the container itself asks. */
function asksForServers({ Dns, NetworkMode }: HostConfig): boolean {
  return (Dns ?? []).length > 0 && (NetworkMode === 'bridge' || NetworkMode === 'default');
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return '';
    throw error;
  }
}

/** Where /dev/shm comes from when it is shared; undefined when the container has one of its own. */
function shmPath(context: EngineContext, container: Container, undo: Undo): string | undefined {
  const { IpcMode, ShmSize } = container.record.hostConfig;
  if (IpcMode === 'host') return '/dev/shm';
  const reference = /^container:(.*)$/.exec(IpcMode)?.[1];
  if (reference !== undefined) return context.paths.of(context.registry.get(reference).id).shm;
  if (IpcMode !== 'shareable') return undefined;
  const { shm } = context.paths.of(container.id);
  mkdirSync(shm, { recursive: true, mode: 0o1777 });
  mount('shm', shm, 'tmpfs', MS.NOSUID | MS.NODEV | MS.NOEXEC, `mode=1777,size=${ShmSize}`);
  undo.add('shared memory', () => unmount(shm));
  return shm;
}

async function resolveMount(
  context: EngineContext,
  container: Container,
  number: number,
  record: MountRecord,
  rootfs: string,
  undo: Undo,
): Promise<ResolvedMount> {
  const base = {
    target: record.Destination,
    readOnly: !record.RW,
    propagation: record.Propagation,
    recursive: record.recursive ?? true,
    options: record.options ?? [],
  };
  if (record.Type === 'tmpfs') return { type: 'tmpfs', source: 'tmpfs', ...base };
  const { subpath } = record;
  const partOf = (root: string): string =>
    subpath === undefined ? root : mountSubpath(context, container, { root, subpath, name: `part-${number}` }, undo);
  if (record.Type === 'volume') {
    const name = record.Name ?? '';
    const root = await context.volumes.acquire(name, container.id, {
      destination: record.Destination,
      rw: record.RW,
      propagation: record.Propagation,
    });
    undo.add(`volume ${name}`, () => context.volumes.release(name, container.id));
    const source = partOf(root);
    // once for a container, as Docker does it once at its creation: what a container emptied stays empty
    if (record.copyUp === true && container.state.startedAt === ZERO_TIME)
      await context.volumes.copyUp(name, rootfs, record.Destination, subpath === undefined ? undefined : source);
    return { type: 'bind', source, ...base };
  }
  if (record.Type === 'image') return { type: 'bind', source: partOf(mountImage(record, undo)), ...base };
  if (record.Type === 'bind') {
    if (!existsSync(record.Source)) {
      if (record.createSource !== true)
        throw invalid(`invalid mount config for type "bind": bind source path does not exist: ${record.Source}`);
      mkdirSync(record.Source, { recursive: true });
    }
    return { type: 'bind', source: record.Source, ...base, propagation: possiblePropagation(record) };
  }
  throw internal(`a mount of type ${record.Type} is not implemented`);
}

/** Throws internal when the source cannot have what somebody asked for. */
function possiblePropagation({ Propagation, Source, propagationIfPossible = false }: MountRecord): string {
  if (!/shared|slave/.test(Propagation)) return Propagation;
  try {
    checkPropagation(readText('/proc/self/mountinfo'), realpathSync(Source), Propagation);
    return Propagation;
  } catch (error) {
    if (propagationIfPossible) return 'rprivate';
    throw error;
  }
}

function deviceNodes(mapping: DeviceMapping): DeviceNode[] {
  const access = mapping.CgroupPermissions === '' ? 'rwm' : mapping.CgroupPermissions;
  const target = mapping.PathInContainer === '' ? mapping.PathOnHost : mapping.PathInContainer;
  const node = deviceNode(mapping.PathOnHost, target, access);
  if (node) return [node];
  if (existsSync(mapping.PathOnHost) && statSync(mapping.PathOnHost).isDirectory()) {
    return readdirSync(mapping.PathOnHost, { recursive: true, encoding: 'utf8' }).flatMap(
      (name) => deviceNode(join(mapping.PathOnHost, name), join(target, name), access) ?? [],
    );
  }
  throw internal(
    `error gathering device information while adding custom device "${mapping.PathOnHost}": ${existsSync(mapping.PathOnHost) ? 'not a device node' : 'no such file or directory'}`,
  );
}

/** undefined when the path is no device. */
function deviceNode(path: string, target: string, access: string): DeviceNode | undefined {
  let info: ReturnType<typeof statSync>;
  try {
    info = statSync(path);
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENXIO', 'EACCES')) return undefined;
    throw error;
  }
  const type = info.isCharacterDevice() ? 'c' : info.isBlockDevice() ? 'b' : undefined;
  if (type === undefined) return undefined;
  return {
    path: target,
    type,
    ...numbersOf(info.rdev),
    fileMode: info.mode & 0o7777,
    uid: info.uid,
    gid: info.gid,
    access,
  };
}

/** Linux's encoding of a device number. */
function numbersOf(rdev: number): { major: number; minor: number } {
  const device = BigInt(rdev);
  return {
    major: Number(((device >> 8n) & 0xfffn) | ((device >> 32n) & ~0xfffn)),
    minor: Number((device & 0xffn) | ((device >> 12n) & ~0xffn)),
  };
}

/** Every device of the host but terminals, for --privileged. */
function hostDevices(): DeviceNode[] {
  const found: DeviceNode[] = [];
  const walk = (folder: string): void => {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) {
        if (!['pts', 'shm', 'fd', 'mqueue', '.lxc', '.lxd-mounts', '.udev'].includes(entry.name)) walk(path);
      } else if ((entry.isCharacterDevice() || entry.isBlockDevice()) && entry.name !== 'console') {
        const node = deviceNode(path, path, 'rwm');
        if (node) found.push(node);
      }
    }
  };
  walk('/dev');
  return found;
}

export function throttleTargets(hostConfig: HostConfig): ThrottleTarget[] {
  const one = (kind: ThrottleTarget['kind'], path: string, value: number): ThrottleTarget => {
    if (!existsSync(path)) throw invalid(`no such device: ${path}`);
    return { kind, ...numbersOf(statSync(path).rdev), value };
  };
  return [
    ...(hostConfig.BlkioWeightDevice ?? []).map((device) => one('weight', device.Path, device.Weight)),
    ...(hostConfig.BlkioDeviceReadBps ?? []).map((device) => one('readBps', device.Path, device.Rate)),
    ...(hostConfig.BlkioDeviceWriteBps ?? []).map((device) => one('writeBps', device.Path, device.Rate)),
    ...(hostConfig.BlkioDeviceReadIOps ?? []).map((device) => one('readIOps', device.Path, device.Rate)),
    ...(hostConfig.BlkioDeviceWriteIOps ?? []).map((device) => one('writeIOps', device.Path, device.Rate)),
  ];
}
