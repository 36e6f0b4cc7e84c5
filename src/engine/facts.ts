// What creating and updating containers depends on, read from the host once and from the daemon's settings.
import { existsSync, readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { type CgroupTrees, controllerDirectory, controllersOf } from '../host/cgroup.ts';
import { amd64Level } from '../host/processor.ts';
import type { HostAbilities } from '../runtime/spec/index.ts';
import { hostPlatform, type Platform } from '../spec/oci/index.ts';
import type { CgroupSupport, CreateFacts } from './create/index.ts';

export interface FactSources {
  readonly host: HostAbilities;
  readonly cgroups: CgroupTrees;
  readonly hostname: string;
  readonly daemonRoot: string;
  readonly runtimes: readonly string[];
  readonly defaults: CreateFacts['defaults'];
  /** The daemon turns the host's forwarding on when a network needs it. */
  readonly forwards: boolean;
  readonly containerId: (reference: string) => string | undefined;
  readonly networkSubnets: (reference: string) => readonly string[] | undefined;
}

export function createFacts(sources: FactSources): CreateFacts {
  let platform: Platform | undefined;
  return {
    cgroup: sources.host.cgroup,
    support: cgroupSupport(sources.cgroups),
    capabilities: sources.host.capabilities,
    cpus: cpus().length,
    cpusetCpus: readText('/sys/devices/system/cpu/online'),
    cpusetMems: readText('/sys/devices/system/node/online') || '0',
    ipv4Forwarding: sources.forwards || readText('/proc/sys/net/ipv4/ip_forward') === '1',
    hostname: sources.hostname,
    daemonRoot: sources.daemonRoot,
    runtimes: sources.runtimes,
    logDrivers: ['json-file', 'local', 'none'],
    defaults: sources.defaults,
    platform: () => (platform ??= detectedPlatform()),
    pathExists: existsSync,
    containerId: sources.containerId,
    networkSubnets: sources.networkSubnets,
  };
}

/** The text is long on large machines and hardly ever needed: read when it is. */
function detectedPlatform(): Platform {
  const host = hostPlatform();
  return host.architecture === 'amd64' ? { ...host, variant: amd64Level(readText('/proc/cpuinfo')) } : host;
}

function readText(file: string): string {
  return existsSync(file) ? readFileSync(file, 'latin1').trim() : '';
}

/** v2 promises its controllers by name; v1 by the files of each tree's root. */
function cgroupSupport(trees: CgroupTrees): CgroupSupport {
  const v2 = trees.layout === 'v2';
  const controllers = controllersOf(trees);
  const has = (controller: string): boolean => controllers.includes(controller);
  const file = (controller: string, name: string): boolean =>
    !v2 && existsSync(join(controllerDirectory(trees, controller, '') ?? '/nonexistent', name));
  return {
    memoryLimit: has('memory'),
    swapLimit: v2 ? has('memory') : file('memory', 'memory.memsw.limit_in_bytes'),
    memoryReservation: v2 ? has('memory') : file('memory', 'memory.soft_limit_in_bytes'),
    memorySwappiness: file('memory', 'memory.swappiness'),
    oomKillDisable: file('memory', 'memory.oom_control'),
    kernelMemory: file('memory', 'memory.kmem.limit_in_bytes'),
    pidsLimit: has('pids'),
    cpuShares: has('cpu'),
    cpuCfs: v2 ? has('cpu') : file('cpu', 'cpu.cfs_quota_us'),
    cpuRealtime: file('cpu', 'cpu.rt_period_us'),
    cpuset: has('cpuset'),
    blkioWeight: v2 ? has('io') : file('blkio', 'blkio.weight'),
    blkioWeightDevice: v2 ? has('io') : file('blkio', 'blkio.weight_device'),
    blkioReadBps: v2 ? has('io') : file('blkio', 'blkio.throttle.read_bps_device'),
    blkioWriteBps: v2 ? has('io') : file('blkio', 'blkio.throttle.write_bps_device'),
    blkioReadIOps: v2 ? has('io') : file('blkio', 'blkio.throttle.read_iops_device'),
    blkioWriteIOps: v2 ? has('io') : file('blkio', 'blkio.throttle.write_iops_device'),
    cgroupNamespaces: existsSync('/proc/self/ns/cgroup'),
  };
}
