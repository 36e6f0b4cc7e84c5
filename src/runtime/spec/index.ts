// A container's OCI configuration (config.json) out of its settings, its user, its mounts and what the host can do.
import { internal } from '../../base/errors.ts';
import { devicesOf, refuseDeviceRequests } from './devices.ts';
import type { NamespaceSource, OciSpec, SpecInput } from './input.ts';
import { hiddenPathsOf, mountsOf } from './mounts.ts';
import { processOf } from './process.ts';
import { resourcesFor } from './resources.ts';
import { DEFAULT_SECCOMP } from './seccomp-default.ts';
import { parseSeccompProfile, seccompSection } from './seccomp.ts';
import { parseSecurityOpt, type SecurityOptions } from './security.ts';

export { KNOWN_CAPABILITIES, normaliseCapabilities } from './capabilities.ts';
export type * from './input.ts';
export { DEFAULT_MASKED_PATHS, DEFAULT_READONLY_PATHS } from './mounts.ts';
export {
  apparmorProfile,
  DEFAULT_APPARMOR_PROFILE,
  execProcess,
  type ExecInput,
  type ExecRequest,
} from './process.ts';
export { checkProcTarget } from './proc-targets.ts';
export { checkPropagation } from './propagation.ts';
export { type ResourceInput, resourcesFor } from './resources.ts';
export { parseSeccompProfile } from './seccomp.ts';
export { parseSecurityOpt, type SecurityOptions } from './security.ts';

/**
 * Pure. `warnings` are sentences for the daemon's log or the caller: what the host could not give in full.
 * Throws internal, as dockerd does when a container's settings fail at start.
 */
export function specFor(input: SpecInput): { spec: OciSpec; warnings: string[] } {
  const { hostConfig, host, namespaces } = input;
  const security = parseSecurityOpt(hostConfig.SecurityOpt);
  const { process, warnings } = processOf(input, security);
  const { mounts, rootfsPropagation } = mountsOf(input, security);
  refuseDeviceRequests(hostConfig.DeviceRequests);
  const { devices, rules } = devicesOf(hostConfig, input.devices);
  const { maskedPaths, readonlyPaths } = hiddenPathsOf(hostConfig);
  const ownUts = namespaces.uts === 'new';
  const seccomp = seccompOf(input, security, process.capabilities?.bounding ?? []);
  const sysctl = sysctlsOf(input, ownUts);
  const annotations = hostConfig.Annotations;
  const spec: OciSpec = {
    ociVersion: '1.0.2',
    process,
    root: { path: input.rootfs, readonly: hostConfig.ReadonlyRootfs },
    ...(ownUts ? { hostname: input.hostname } : {}),
    mounts,
    ...(annotations && Object.keys(annotations).length > 0 ? { annotations: { ...annotations } } : {}),
    linux: {
      namespaces: namespaceList(namespaces),
      cgroupsPath: input.cgroupPath,
      resources: {
        devices: rules,
        ...resourcesFor({ hostConfig, throttle: input.throttle, cgroup: host.cgroup }),
      },
      ...(devices.length > 0 ? { devices } : {}),
      ...(Object.keys(sysctl).length > 0 ? { sysctl } : {}),
      ...(seccomp ? { seccomp } : {}),
      ...(rootfsPropagation ? { rootfsPropagation } : {}),
      ...(maskedPaths.length > 0 ? { maskedPaths: [...maskedPaths, ...(host.thermalPaths ?? [])] } : {}),
      ...(readonlyPaths.length > 0 ? { readonlyPaths: [...readonlyPaths] } : {}),
    },
  };
  const unseen = seccomp === undefined && !host.seccomp && !hostConfig.Privileged && security.seccomp !== 'unconfined';
  return {
    spec,
    warnings: unseen
      ? [...warnings, 'seccomp is not enabled in your kernel, running container without default profile']
      : [...warnings],
  };
}

/** config.json as text. JSON.stringify would write an unlimited ulimit as a number that no uint64 can hold. */
export function specText(spec: OciSpec): string {
  return exactJson(spec);
}

/** process.json of an exec, as text. */
export function processText(process: OciSpec['process']): string {
  return exactJson(process);
}

const MAX_UINT64 = 2n ** 64n - 1n;

function exactJson(value: object): string {
  const { rawJSON } = JSON as unknown as { rawJSON: (this: void, text: string) => unknown };
  return JSON.stringify(value, (_, one: unknown) => {
    if (typeof one !== 'number' || Math.abs(one) <= Number.MAX_SAFE_INTEGER) return one;
    const whole = BigInt(one);
    return rawJSON(String(whole > MAX_UINT64 ? MAX_UINT64 : whole));
  });
}

function seccompOf(
  { hostConfig, host }: SpecInput,
  security: SecurityOptions,
  capabilities: string[],
): object | undefined {
  const asked = security.seccomp;
  if (asked === 'unconfined') return undefined;
  const custom = asked !== '' && asked !== 'builtin';
  if (hostConfig.Privileged && asked === '') return undefined;
  if (!host.seccomp) {
    if (custom) throw internal('seccomp is not enabled in your kernel, cannot run a custom seccomp profile');
    return undefined;
  }
  const profile = custom ? parseSeccompProfile(asked) : DEFAULT_SECCOMP;
  return seccompSection(profile, { arch: host.arch, kernel: host.kernel, capabilities });
}

function namespaceList(sources: SpecInput['namespaces']): { type: string; path?: string }[] {
  const row = (type: string, source: NamespaceSource): { type: string; path?: string }[] => {
    if (source === 'host') return [];
    return [source === 'new' ? { type } : { type, path: source.path }];
  };
  return [
    { type: 'mount' },
    ...row('network', sources.network),
    ...row('uts', sources.uts),
    ...row('pid', sources.pid),
    ...row('ipc', sources.ipc),
    ...row('cgroup', sources.cgroup),
  ];
}

function sysctlsOf({ config, hostConfig, namespaces }: SpecInput, ownUts: boolean): Record<string, string> {
  const mode = hostConfig.NetworkMode;
  const ownNetwork = namespaces.network !== 'host' && mode !== 'host' && !mode.startsWith('container:');
  return {
    // The NIS domain has no field in the runtime's configuration; the sysctl is the same thing.
    ...(ownUts && config.Domainname ? { 'kernel.domainname': config.Domainname } : {}),
    // Ports below 1024 and ping without capabilities, in a network of its own.
    ...(ownNetwork ? { 'net.ipv4.ip_unprivileged_port_start': '0', 'net.ipv4.ping_group_range': '0 2147483647' } : {}),
    ...hostConfig.Sysctls,
  };
}
