// Inputs for tests of specFor: a plain container on a plain host.
import { decode, containerConfig, hostConfig } from '../../spec/docker/schemas/index.ts';
import type { HostAbilities, SpecInput } from './input.ts';
import { KNOWN_CAPABILITIES } from './capabilities.ts';

export const PLAIN_HOST: HostAbilities = {
  cgroup: 'v1',
  capabilities: KNOWN_CAPABILITIES,
  seccomp: true,
  apparmor: false,
  selinux: false,
  arch: 'x64',
  hardLimits: {},
  canRaiseLimits: true,
  kernel: '6.1.0-18-amd64',
};

export interface Request {
  readonly config?: object;
  readonly hostConfig?: object;
  readonly host?: Partial<HostAbilities>;
  readonly input?: Partial<SpecInput>;
}

/** `config` and `hostConfig` are as a client writes them; all else is Docker's default. */
export function specInput({ config = {}, hostConfig: given = {}, host = {}, input = {} }: Request = {}): SpecInput {
  return {
    id: 'c'.repeat(64),
    config: decode(containerConfig, { Cmd: ['sh'], Image: 'busybox', ...config }),
    hostConfig: decode(hostConfig, {
      NetworkMode: 'bridge',
      IpcMode: 'private',
      ShmSize: 64 * 1024 * 1024,
      OomKillDisable: false,
      ...given,
    }),
    rootfs: '/data/merged',
    user: { uid: 0, gid: 0, additionalGids: [0], home: '/root' },
    hostname: 'cccccccccccc',
    domainname: '',
    mounts: [],
    files: { hosts: '/data/hosts', hostname: '/data/hostname', resolvConf: '/data/resolv.conf' },
    namespaces: { network: 'new', pid: 'new', ipc: 'new', uts: 'new', cgroup: 'host' },
    cgroupPath: '/berth/c',
    throttle: [],
    devices: [],
    host: { ...PLAIN_HOST, ...host },
    ...input,
  };
}
