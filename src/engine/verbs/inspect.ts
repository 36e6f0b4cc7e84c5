// A container as the API shows it.
import type { ContainerInspect, EndpointSettings, MountPoint, NetworkSettings } from '../../spec/docker/index.ts';
import type { Container } from '../container/container.ts';
import type { EngineContext } from '../container/context.ts';
import { isActive, shownState } from '../lifecycle/index.ts';
import { sizesOf } from '../prepare/sizes.ts';
import { apparmorProfile, parseSecurityOpt } from '../../runtime/spec/index.ts';
import type { ContainerRecord, MountRecord } from '../container/record.ts';

export async function inspect(context: EngineContext, reference: string, withSize: boolean): Promise<ContainerInspect> {
  const container = context.registry.get(reference);
  const { record } = container;
  const paths = context.paths.of(container.id);
  const everStarted = record.state.startedAt.startsWith('0001') ? '' : undefined;
  return {
    Id: container.id,
    Created: record.created,
    Path: record.path,
    Args: [...record.args],
    State: shownState(record.state),
    Image: record.image,
    ...(record.imageManifest ? { ImageManifestDescriptor: record.imageManifest } : {}),
    ResolvConfPath: everStarted ?? paths.resolvConf,
    HostnamePath: everStarted ?? paths.hostname,
    HostsPath: everStarted ?? paths.hosts,
    LogPath: record.hostConfig.LogConfig.Type === 'none' || everStarted === '' ? '' : paths.log,
    Name: `/${record.name}`,
    RestartCount: record.state.restartCount,
    Driver: 'overlay2',
    Platform: record.platform.os,
    MountLabel: '',
    ProcessLabel: '',
    AppArmorProfile: apparmorProfile(
      parseSecurityOpt(record.hostConfig.SecurityOpt).apparmor,
      record.hostConfig.Privileged,
      context.host,
    ),
    ExecIDs: container.execs.size === 0 ? null : [...container.execs.keys()],
    HostConfig: { ...record.hostConfig, Links: shownLinks(context, record) },
    GraphDriver: {
      Name: 'overlay2',
      Data: {
        ID: container.id,
        LowerDir: record.lowerDirs.join(':'),
        MergedDir: paths.merged,
        UpperDir: paths.upper,
        WorkDir: paths.work,
      },
    },
    ...(withSize ? (await sizesOf(context, [container], 'files')).get(container) : {}),
    Mounts: record.mounts.filter((mount) => mount.hidden !== true).map(shownMount),
    Config: { ...record.config, ...wishedMac(record) },
    NetworkSettings: networkSettings(container),
  };
}

export function shownMount(mount: MountRecord): MountPoint {
  return {
    Type: mount.Type,
    ...(mount.Name === undefined ? {} : { Name: mount.Name }),
    Source: mount.Source,
    Destination: mount.Destination,
    ...(mount.Driver === undefined ? {} : { Driver: mount.Driver }),
    Mode: mount.Mode,
    RW: mount.RW,
    Propagation: mount.Propagation,
  };
}

function networkSettings(container: Container): NetworkSettings {
  const { record } = container;
  const active = isActive(record.state.phase);
  const pid = record.state.process?.pid;
  return {
    Bridge: '',
    SandboxID: active ? container.id : '',
    SandboxKey: active && pid !== undefined ? `/proc/${pid}/ns/net` : '',
    Ports: active ? (record.ports ?? {}) : {},
    HairpinMode: false,
    LinkLocalIPv6Address: '',
    LinkLocalIPv6PrefixLen: 0,
    SecondaryIPAddresses: null,
    SecondaryIPv6Addresses: null,
    ...defaultEndpoint(record.endpoints['bridge']),
    Networks: record.endpoints,
  };
}

/** What older clients look for beside the networks: the endpoint on the default one. */
function defaultEndpoint(
  endpoint: EndpointSettings | undefined,
): Pick<
  NetworkSettings,
  | 'EndpointID'
  | 'Gateway'
  | 'GlobalIPv6Address'
  | 'GlobalIPv6PrefixLen'
  | 'IPAddress'
  | 'IPPrefixLen'
  | 'IPv6Gateway'
  | 'MacAddress'
> {
  return {
    EndpointID: endpoint?.EndpointID ?? '',
    Gateway: endpoint?.Gateway ?? '',
    GlobalIPv6Address: endpoint?.GlobalIPv6Address ?? '',
    GlobalIPv6PrefixLen: endpoint?.GlobalIPv6PrefixLen ?? 0,
    IPAddress: endpoint?.IPAddress ?? '',
    IPPrefixLen: endpoint?.IPPrefixLen ?? 0,
    IPv6Gateway: endpoint?.IPv6Gateway ?? '',
    MacAddress: endpoint?.MacAddress ?? '',
  };
}

/** The address that was asked for on the first network, where clients of before 1.44 look for it. */
function wishedMac({ hostConfig, macs }: ContainerRecord): { MacAddress?: string } {
  const mac = macs?.[hostConfig.NetworkMode];
  return mac === undefined ? {} : { MacAddress: mac };
}

/** Links by the names of today; those of user networks belong to the endpoint. */
function shownLinks({ registry }: EngineContext, { links, hostConfig, name }: ContainerRecord): string[] | null {
  if (!links) return hostConfig.Links;
  if (links.length === 0) return null;
  return links.map((link) => `/${registry.find(link.id)?.record.name ?? link.name}:/${name}/${link.alias}`);
}
