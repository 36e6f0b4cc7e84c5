// What the checks of a create or an update depend on: the host and the daemon's settings, observed once.
import type { CgroupLayout } from '../../runtime/spec/index.ts';
import type { Platform } from '../../spec/oci/index.ts';

/** Which limits the mounted cgroup controllers can enforce. */
export interface CgroupSupport {
  readonly memoryLimit: boolean;
  readonly swapLimit: boolean;
  readonly memoryReservation: boolean;
  readonly memorySwappiness: boolean;
  readonly oomKillDisable: boolean;
  readonly kernelMemory: boolean;
  readonly pidsLimit: boolean;
  readonly cpuShares: boolean;
  readonly cpuCfs: boolean;
  readonly cpuRealtime: boolean;
  readonly cpuset: boolean;
  readonly blkioWeight: boolean;
  readonly blkioWeightDevice: boolean;
  readonly blkioReadBps: boolean;
  readonly blkioWriteBps: boolean;
  readonly blkioReadIOps: boolean;
  readonly blkioWriteIOps: boolean;
  readonly cgroupNamespaces: boolean;
}

export interface CreateFacts {
  readonly cgroup: CgroupLayout;
  readonly support: CgroupSupport;
  /** With CAP_ prefix. */
  readonly capabilities: readonly string[];
  readonly cpus: number;
  /** Online CPUs and memory nodes as the kernel lists them: `0-3`, `0`. */
  readonly cpusetCpus: string;
  readonly cpusetMems: string;
  /** Packets are passed on, or will be once a network needs it. */
  readonly ipv4Forwarding: boolean;
  /** The host's own name, which a container in the host's network takes. */
  readonly hostname: string;
  /** Where the daemon keeps everything. */
  readonly daemonRoot: string;
  readonly runtimes: readonly string[];
  readonly logDrivers: readonly string[];
  readonly defaults: {
    readonly runtime: string;
    readonly logDriver: string;
    readonly logOptions: Readonly<Record<string, string>>;
    /** bytes */
    readonly shmSize: number;
    readonly ipcMode: 'private' | 'shareable';
    /** Absent: private on cgroup v2, host on v1. */
    readonly cgroupnsMode?: 'private' | 'host';
  };
  /** With the generation of the processor, where its architecture counts them. */
  readonly platform: () => Platform;
  /** Whether a bind's source is there. */
  readonly pathExists: (path: string) => boolean;
  /** Id of a container by name, id or prefix; undefined when there is none. */
  readonly containerId: (reference: string) => string | undefined;
  /** Subnets that a user gave a network, as CIDR; undefined for an unknown network. */
  readonly networkSubnets?: (network: string) => readonly string[] | undefined;
}
