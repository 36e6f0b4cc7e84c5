// Facts of an ordinary host, for tests of creates and updates.
import { KNOWN_CAPABILITIES } from '../../runtime/spec/index.ts';
import type { CreateFacts } from './facts.ts';

/** A cgroup v1 host with two CPUs; `/there` exists, and one container called `donor`. */
export function plainFacts(over: Partial<CreateFacts> = {}): CreateFacts {
  return {
    cgroup: 'v1',
    support: {
      memoryLimit: true,
      swapLimit: true,
      memoryReservation: true,
      memorySwappiness: true,
      oomKillDisable: true,
      kernelMemory: true,
      pidsLimit: true,
      cpuShares: true,
      cpuCfs: true,
      cpuRealtime: false,
      cpuset: true,
      blkioWeight: true,
      blkioWeightDevice: true,
      blkioReadBps: true,
      blkioWriteBps: true,
      blkioReadIOps: true,
      blkioWriteIOps: true,
      cgroupNamespaces: true,
    },
    capabilities: KNOWN_CAPABILITIES,
    cpus: 2,
    cpusetCpus: '0-1',
    cpusetMems: '0',
    ipv4Forwarding: true,
    hostname: 'thishost',
    daemonRoot: '/var/lib/berth',
    runtimes: ['runc'],
    logDrivers: ['json-file', 'local', 'none'],
    defaults: {
      runtime: 'runc',
      logDriver: 'json-file',
      logOptions: {},
      shmSize: 64 * 1024 * 1024,
      ipcMode: 'private',
    },
    platform: () => ({ os: 'linux', architecture: 'amd64', variant: 'v3' }),
    pathExists: (path) => path === '/there',
    containerId: (reference) => (reference === 'donor' ? 'd'.repeat(64) : undefined),
    ...over,
  };
}
