// The part of a create that belongs to the host: restart policy, ports, mounts, capabilities, namespaces, runtime.
import { internal, invalid } from '../../base/errors.ts';
import { normaliseCapabilities } from '../../runtime/spec/index.ts';
import type { HostConfig, RestartPolicy } from '../../spec/docker/index.ts';
import { checkDns } from './check-dns.ts';
import { checkMount, destinationFault } from './check-mount.ts';
import { checkBindings } from './check-ports.ts';
import { checkResources } from './check-resources.ts';
import type { CreateFacts } from './facts.ts';
import { isValidIpcMode, isValidPidMode } from './modes.ts';

/** Warnings; `host` loses what this machine cannot do. Throws invalid in dockerd's words. */
export function checkHost(host: HostConfig, facts: CreateFacts): string[] {
  const warnings: string[] = [];
  if (host.AutoRemove && !['', 'no'].includes(host.RestartPolicy.Name)) {
    throw invalid("can't create 'AutoRemove' container with restart policy");
  }
  for (const mount of host.Mounts ?? []) {
    if (mount.Type === 'image') warnings.push('Image mount is an experimental feature');
    checkMount(mount, facts.pathExists);
  }
  checkDns(host);
  host.PortBindings = checkBindings(host.PortBindings);
  checkRestartPolicy(host.RestartPolicy);
  checkCapabilities('CapAdd', host.CapAdd, facts);
  checkCapabilities('CapDrop', host.CapDrop, facts);
  if (!['', 'default'].includes(host.Isolation.toLowerCase())) {
    throw invalid(`invalid isolation '${host.Isolation}' on linux`);
  }
  if (Object.keys(host.Annotations ?? {}).includes('')) {
    throw invalid('invalid Annotations: the empty string is not permitted as an annotation key');
  }
  checkStorage(host.StorageOpt ?? {});
  warnings.push(...checkResources(host, facts));
  warnings.push(...checkPlatform(host, facts));
  return warnings;
}

/** Layers have no quota of their own, and dockerd says so where its file system has none. */
function checkStorage(options: Readonly<Record<string, string>>): void {
  for (const name of Object.keys(options)) {
    if (name.toLowerCase() !== 'size') throw internal(`Unknown option ${name}`);
    throw internal("--storage-opt is supported only for overlay over xfs with 'pquota' mount option");
  }
}

function checkPlatform(host: HostConfig, facts: CreateFacts): string[] {
  const warnings: string[] = [];
  if (!isValidIpcMode(host.IpcMode)) throw invalid(`invalid IPC mode: ${host.IpcMode}`);
  if (!isValidPidMode(host.PidMode)) throw invalid(`invalid PID mode: ${host.PidMode}`);
  if (host.ShmSize < 0) throw invalid('SHM size can not be less than 0');
  if (!['', 'host'].includes(host.UTSMode)) throw invalid(`invalid UTS mode: ${host.UTSMode}`);
  if (host.OomScoreAdj < -1000 || host.OomScoreAdj > 1000) {
    throw invalid(`Invalid value ${host.OomScoreAdj}, range for oom score adj is [-1000, 1000]`);
  }
  if (!facts.ipv4Forwarding && !['host', 'none'].includes(host.NetworkMode)) {
    warnings.push('IPv4 forwarding is disabled. Networking will not work.');
  }
  if (host.NetworkMode === 'host' && Object.keys(host.PortBindings ?? {}).length > 0) {
    warnings.push('Published ports are discarded when using host network mode');
  }
  if (host.Runtime === '') host.Runtime = facts.defaults.runtime;
  if (!facts.runtimes.includes(host.Runtime)) throw invalid(`unknown or invalid runtime name: ${host.Runtime}`);
  for (const destination of Object.keys(host.Tmpfs ?? {})) {
    const fault = destinationFault(destination);
    if (fault) throw invalid(fault);
  }
  if (!['', 'private', 'host'].includes(host.CgroupnsMode)) {
    throw invalid(`invalid cgroup namespace mode: ${host.CgroupnsMode}`);
  }
  if (host.CgroupnsMode === 'private' && !facts.support.cgroupNamespaces) {
    warnings.push('Your kernel does not support cgroup namespaces.  Cgroup namespace setting discarded.');
  }
  return warnings;
}

export function checkRestartPolicy({ Name, MaximumRetryCount }: RestartPolicy): void {
  switch (Name) {
    case 'always':
    case 'unless-stopped':
    case 'no': {
      if (MaximumRetryCount === 0) return;
      const negative = MaximumRetryCount < 0 ? ' and cannot be negative' : '';
      throw invalid(`invalid restart policy: maximum retry count can only be used with 'on-failure'${negative}`);
    }
    case 'on-failure':
      if (MaximumRetryCount < 0) throw invalid('invalid restart policy: maximum retry count cannot be negative');
      return;
    case '':
      return;
    default:
      throw invalid(
        `invalid restart policy: unknown policy '${String(Name)}'; use one of 'no', 'always', 'on-failure', or 'unless-stopped'`,
      );
  }
}

function checkCapabilities(field: string, names: readonly string[] | null, facts: CreateFacts): void {
  try {
    normaliseCapabilities(names, facts.capabilities);
  } catch (cause) {
    if (!(cause instanceof Error)) throw cause;
    throw invalid(`invalid ${field}: ${cause.message}`, { cause });
  }
}
