// What a client of an older or newer API version means by the same body. `minor` is 41 for v1.41.
import { invalid } from '../../base/errors.ts';
import { isOwnNetwork, isUserNetwork } from '../../engine/create/index.ts';
import type { ContainerConfig, EndpointSettings, HostConfig } from '../../spec/docker/index.ts';
import { decode, endpointSettings } from '../../spec/docker/schemas/index.ts';

export interface Draft {
  readonly config: ContainerConfig;
  readonly host: HostConfig;
  readonly endpoints: Record<string, EndpointSettings | null>;
  readonly minor: number;
}

/** Changes the draft in place; gives warnings. Throws invalid for what the version does not have. */
export function adaptToVersion(draft: Draft, cgroup2: boolean): string[] {
  const { config, host, minor } = draft;
  if (minor < 25) host.AutoRemove = false;
  if (minor < 40) {
    delete host.KernelMemoryTCP;
    if (host.IpcMode === '') host.IpcMode = 'shareable';
  }
  if (minor < 41 && !cgroup2 && host.CgroupnsMode === '') host.CgroupnsMode = 'host';
  if (minor < 42) host.ConsoleSize = [0, 0];
  else delete host.KernelMemory;
  if (minor < 43) delete host.Annotations;
  if (minor < 44 && config.Healthcheck) delete config.Healthcheck.StartInterval;
  if (minor >= 52) delete host.KernelMemoryTCP;
  adaptMounts(host, minor);
  adaptEndpoints(draft);
  const warnings = [driverWarning(host, minor), adaptMac(draft), adaptSysctls(draft), emptyPorts(host, minor)];
  return warnings.filter((one) => one !== undefined);
}

function adaptMounts(host: HostConfig, minor: number): void {
  for (const mount of host.Mounts ?? []) {
    if (minor < 40) delete mount.BindOptions?.NonRecursive;
    if (minor < 42) {
      delete mount.BindOptions?.CreateMountpoint;
    } else {
      const rules = [
        ['VolumeOptions', 'volume'],
        ['BindOptions', 'bind'],
        ['TmpfsOptions', 'tmpfs'],
      ] as const;
      for (const [options, type] of rules) {
        if (mount[options] && mount.Type !== type) {
          throw invalid(`${options} must not be specified on mount type "${mount.Type ?? ''}"`);
        }
      }
    }
    if (minor < 44 && mount.Type === 'bind' && mount.BindOptions?.ReadOnlyForceRecursive) {
      throw invalid('BindOptions.ReadOnlyForceRecursive needs API v1.44 or newer');
    }
    // Read-only never reached nested mounts then; inspect says so.
    if (minor < 44 && mount.Type === 'bind' && mount.ReadOnly && mount.BindOptions) {
      mount.BindOptions.ReadOnlyNonRecursive = true;
    }
    if (minor < 45 && mount.VolumeOptions?.Subpath) throw invalid('VolumeOptions.Subpath needs API v1.45 or newer');
    if (minor < 48 && mount.Type === 'image') throw invalid('Mount type "Image" needs API v1.48 or newer');
  }
}

function adaptEndpoints({ endpoints, minor }: Draft): void {
  const names = Object.keys(endpoints);
  if (minor < 44 && names.length > 1) {
    throw invalid(`Container cannot be created with multiple network endpoints: ${names.join(', ')}`);
  }
  if (minor < 48) for (const one of Object.values(endpoints)) if (one) one.GwPriority = 0;
}

function driverWarning(host: HostConfig, minor: number): string | undefined {
  if (host.VolumeDriver === '' || minor < 48) return undefined;
  const ignored = (host.Mounts ?? []).some((one) => one.Type === 'volume' && !one.VolumeOptions?.DriverConfig?.Name);
  return ignored
    ? "WARNING: the container-wide volume-driver configuration is ignored for volumes specified via 'mount'. Use '--mount type=volume,volume-driver=...' instead"
    : undefined;
}

/** The container's MAC address belongs to the endpoint of its first network since 1.44, and is gone from 1.52. */
function adaptMac(draft: Draft): string | undefined {
  const { config, host, endpoints, minor } = draft;
  const mac = config.MacAddress ?? '';
  const networked = host.NetworkMode === 'bridge' || isUserNetwork(host.NetworkMode);
  if (minor < 44) {
    if (mac === '') {
      for (const one of Object.values(endpoints)) if (one) one.MacAddress = '';
      return undefined;
    }
    if (!networked) throw invalid('conflicting options: mac-address and the network mode');
    mainEndpoint(draft).MacAddress = mac;
    return undefined;
  }
  delete config.MacAddress;
  if (mac === '' || minor >= 52) return undefined;
  if (networked) {
    const endpoint = mainEndpoint(draft, 'unable to migrate container-wide MAC address to a specific network: ');
    if (endpoint.MacAddress !== '' && endpoint.MacAddress !== mac) {
      throw invalid(
        'the container-wide MAC address must match the endpoint-specific MAC address for the main network, or be left empty',
      );
    }
    endpoint.MacAddress = mac;
  }
  return 'The container-wide MacAddress field is now deprecated. It should be specified in EndpointsConfig instead.';
}

const SYSCTLS = 'com.docker.network.endpoint.sysctls';

/** `net.*.*.eth0.*` names an interface that is not there when sysctls are set: it is the endpoint's since 1.46. */
function adaptSysctls(draft: Draft): string | undefined {
  const { host, minor } = draft;
  if (!isOwnNetwork(host.NetworkMode)) return undefined;
  const moved: string[] = [];
  const settings: string[] = [];
  for (const [name, value] of Object.entries(host.Sysctls ?? {})) {
    const match = /^net\.([^.]*)\.([^.]*)\.(eth[^.]*)\.(.*)$/s.exec(name);
    if (!match) continue;
    if (minor > 47) {
      throw invalid(`interface specific sysctl setting "${name}" must be supplied using driver option '${SYSCTLS}'`);
    }
    mainEndpoint(draft, `unable to find a network for sysctl ${name}: `);
    if (match[3] !== 'eth0') {
      throw invalid(
        `unable to determine network endpoint for sysctl ${name}, use driver option '${SYSCTLS}' to set per-interface sysctls`,
      );
    }
    moved.push(name);
    settings.push(`net.${match[1]}.${match[2]}.IFNAME.${match[4]}=${value}`);
  }
  if (moved.length === 0) return undefined;
  const endpoint = mainEndpoint(draft);
  const option = settings.join(',');
  const before = endpoint.DriverOpts?.[SYSCTLS];
  endpoint.DriverOpts = { ...endpoint.DriverOpts, [SYSCTLS]: before === undefined ? option : `${option},${before}` };
  for (const name of moved) delete host.Sysctls?.[name];
  if (Object.keys(host.Sysctls ?? {}).length === 0) delete host.Sysctls;
  return `Migrated sysctl ${JSON.stringify(moved.join(','))} to DriverOpts{"${SYSCTLS}":${JSON.stringify(option)}}.`;
}

/** The endpoint of the network that NetworkMode names; made when there is none at all. */
function mainEndpoint({ host, endpoints, minor }: Draft, context = ''): EndpointSettings {
  const names = Object.keys(endpoints);
  const name = minor < 44 ? (names[0] ?? host.NetworkMode) : host.NetworkMode;
  const found = endpoints[name];
  if (found) return found;
  if (names.length > 0) {
    throw invalid(`${context}HostConfig.NetworkMode must match the identity of a network in NetworkSettings.Networks`);
  }
  const fresh = decode(endpointSettings, {});
  endpoints[name] = fresh;
  return fresh;
}

function emptyPorts(host: HostConfig, minor: number): string | undefined {
  if (minor < 52) return undefined;
  const empty = Object.entries(host.PortBindings ?? {}).filter(([, bindings]) => (bindings ?? []).length === 0);
  if (empty.length === 0) return undefined;
  const ports = empty.map(([port]) => port).join(', ');
  return `Following container port(s) have an empty list of port-bindings: ${ports}. Such bindings will be discarded in a future version.`;
}
