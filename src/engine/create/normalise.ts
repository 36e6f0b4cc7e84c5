// A container's spec made complete and checked: first alone, then with its image.
import { invalid } from '../../base/errors.ts';
import { DEFAULT_MASKED_PATHS, DEFAULT_READONLY_PATHS, parseSecurityOpt } from '../../runtime/spec/index.ts';
import type { ContainerConfig, EndpointSettings, HostConfig, ImageConfig } from '../../spec/docker/index.ts';
import { decode, endpointSettings } from '../../spec/docker/schemas/index.ts';
import { checkConfig, checkMerged } from './check-config.ts';
import { checkHost } from './check-host.ts';
import { checkEndpoints, checkNetworkMode } from './check-network.ts';
import type { CreateFacts } from './facts.ts';
import { logConfigOf } from './log-options.ts';
import { mergeImage } from './merge-image.ts';
import { joinedContainer } from './modes.ts';
import { guardDaemonRoot } from './daemon-root.ts';
import { type ParsedMounts, parseMounts } from './parse-mounts.ts';
import type { ContainerSpec } from './spec.ts';

/** A spec that was found good as far as it can be told without its image. */
export interface CreateDraft extends ContainerSpec {
  readonly endpoints: Record<string, EndpointSettings>;
}

export interface NormalisedCreate {
  readonly config: ContainerConfig;
  readonly hostConfig: HostConfig;
  /** By network; empty when the container joins another's network. */
  readonly endpoints: Record<string, EndpointSettings>;
  readonly mounts: ParsedMounts;
  readonly warnings: readonly string[];
}

/** Every check of dockerd that comes before it looks for the image. Pure but for `facts`' look-ups; the spec is the draft's from then on. */
export function checkSpec(spec: ContainerSpec, facts: CreateFacts): CreateDraft {
  const { config, hostConfig: host } = spec;
  checkDecoded(config, host, facts);
  // Nothing at or below 0 is a limit.
  if (host.PidsLimit !== null && host.PidsLimit <= 0) host.PidsLimit = null;
  if (host.RestartPolicy.Name === '') host.RestartPolicy.Name = 'no';
  checkConfig(config);
  return {
    ...spec,
    // what is nil is refused with the endpoints
    endpoints: spec.endpoints as Record<string, EndpointSettings>,
    warnings: [...checkHost(host, facts), ...spec.warnings],
  };
}

/** What dockerd refuses while it decodes. */
function checkDecoded(config: ContainerConfig, host: HostConfig, facts: CreateFacts): void {
  checkNetworkMode(config, host);
  if (!['', 'default'].includes(host.Isolation.toLowerCase())) {
    throw invalid(`invalid isolation (${host.Isolation}): linux only supports 'default'`);
  }
  if (host.IOMaximumBandwidth !== 0) {
    throw invalid('invalid option: QoS maximum bandwidth configuration is not supported on linux');
  }
  if (host.IOMaximumIOps !== 0) {
    throw invalid('invalid option: QoS maximum IOPs configuration is not supported on linux');
  }
  const { CpuRealtimePeriod: period, CpuRealtimeRuntime: runtime } = host;
  if ((period !== 0 || runtime !== 0) && !facts.support.cpuRealtime) {
    throw invalid('kernel does not support CPU real-time scheduler');
  }
  if (period !== 0 && runtime !== 0 && runtime > period) {
    throw invalid('cpu real-time runtime cannot be higher than cpu real-time period');
  }
  if (facts.support.cpuShares && host.CpuShares < 0) {
    throw invalid(`invalid CPU shares (${host.CpuShares}): value must be a positive integer`);
  }
}

/** The draft with its image's config and Docker's defaults. `id` names the host when nothing else does. */
export function completeCreate(
  draft: CreateDraft,
  image: ImageConfig,
  facts: CreateFacts,
  id: string,
): NormalisedCreate {
  checkEndpoints(draft.endpoints, facts);
  const hostConfig = withDefaults(structuredClone(draft.hostConfig), facts);
  const merged = mergeImage(draft.config, image);
  checkMerged(merged);
  hostConfig.LogConfig = logConfigOf(hostConfig.LogConfig, facts);
  parseSecurityOpt(hostConfig.SecurityOpt);
  const hostname = hostConfig.NetworkMode === 'host' ? facts.hostname : id.slice(0, 12);
  const config = { ...merged, Hostname: merged.Hostname || hostname };
  return {
    config,
    hostConfig,
    endpoints: endpointsOf(config, hostConfig, draft.endpoints),
    mounts: guardDaemonRoot(parseMounts(config, hostConfig, draft.createSources), facts.daemonRoot),
    warnings: draft.warnings,
  };
}

/** Both steps at once, for a caller that has the image already. */
export function normaliseCreate(
  spec: ContainerSpec,
  image: ImageConfig,
  facts: CreateFacts,
  id: string,
): NormalisedCreate {
  return completeCreate(checkSpec(spec, facts), image, facts, id);
}

function withDefaults(host: HostConfig, facts: CreateFacts): HostConfig {
  const { defaults } = facts;
  const v2 = facts.cgroup === 'v2';
  if (host.Memory > 0 && host.MemorySwap === 0) host.MemorySwap = host.Memory * 2;
  if (host.ShmSize === 0) host.ShmSize = defaults.shmSize;
  if (host.IpcMode === '') host.IpcMode = defaults.ipcMode;
  if (host.CgroupnsMode === '') {
    const usual = defaults.cgroupnsMode ?? (v2 ? 'private' : 'host');
    host.CgroupnsMode = host.Privileged && !v2 ? 'host' : usual;
  }
  host.PidMode = byId(host.PidMode, facts);
  host.IpcMode = byId(host.IpcMode, facts);
  host.NetworkMode = byId(host.NetworkMode, facts);
  host.SecurityOpt = securityOpt(host, facts);
  // A host that cannot keep the killer away has no default for it.
  if (host.OomKillDisable === null && facts.support.oomKillDisable) host.OomKillDisable = false;
  if (!host.Privileged) {
    host.MaskedPaths ??= [...DEFAULT_MASKED_PATHS];
    host.ReadonlyPaths ??= [...DEFAULT_READONLY_PATHS];
  }
  return host;
}

/** `container:<id>` for `container:<name>`, so that a rename does not part the two; unknown ones stay as they are. */
function byId(mode: string, facts: CreateFacts): string {
  const reference = joinedContainer(mode);
  const id = reference ? facts.containerId(reference) : undefined;
  return id === undefined ? mode : `container:${id}`;
}

/** Labels cannot hold where namespaces of the host are seen. */
function securityOpt(host: HostConfig, facts: CreateFacts): string[] | null {
  const given = host.SecurityOpt;
  if ((given ?? []).some((one) => one.split('=')[0] === 'label')) return given;
  if (host.IpcMode === 'host' || host.PidMode === 'host' || host.Privileged) return [...(given ?? []), 'label=disable'];
  for (const mode of [host.IpcMode, host.PidMode]) {
    const reference = joinedContainer(mode);
    if (reference && facts.containerId(reference) === undefined) throw invalid(`No such container: ${reference}`);
  }
  return given;
}

function endpointsOf(
  config: ContainerConfig,
  { NetworkMode }: HostConfig,
  given: Record<string, EndpointSettings>,
): Record<string, EndpointSettings> {
  if (config.NetworkDisabled || joinedContainer(NetworkMode) !== undefined) return {};
  return Object.keys(given).length > 0 ? given : { [NetworkMode]: decode(endpointSettings, {}) };
}
