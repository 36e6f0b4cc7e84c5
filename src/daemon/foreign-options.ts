// dockerd's settings that mean nothing here: taken, so that the programs can be exchanged, and named in one warning. Pure.
import { invalid } from '../base/errors.ts';
import { flag, type Flags } from '../cli/grammar/index.ts';
import { isTable, listOf, type Shape } from './shape.ts';

export const foreignFlags = {
  'allow-direct-routing': flag.bool('', 'No effect; the gateway mode "routed" is for this'),
  'authorization-plugin': flag.list('', 'Refused: there are no plugins'),
  'bridge-accept-fwmark': flag.string('', 'No effect'),
  'cdi-spec-dir': flag.list('', 'No effect'),
  containerd: flag.string('', 'No effect: there is no containerd'),
  'containerd-namespace': flag.string('', 'No effect: there is no containerd'),
  'containerd-plugins-namespace': flag.string('', 'No effect: there is no containerd'),
  'cpu-rt-period': flag.int('', 'No effect'),
  'cpu-rt-runtime': flag.int('', 'No effect'),
  'cri-containerd': flag.bool('', 'No effect: there is no containerd'),
  'exec-opt': flag.list('', 'No effect but for native.cgroupdriver=cgroupfs, which is so'),
  experimental: flag.bool('', 'No effect'),
  feature: flag.list('', 'No effect'),
  'firewall-backend': flag.string('', 'No effect: it is nftables', 'nftables'),
  ip6tables: flag.bool('', 'No effect: rules are in nftables', true),
  iptables: flag.bool('', 'No effect: rules are in nftables', true),
  'log-format': flag.string('', 'No effect: it is json', 'json'),
  'metrics-addr': flag.string('', 'No effect'),
  'network-control-plane-mtu': flag.int('', 'No effect', 1500),
  'node-generic-resource': flag.list('', 'No effect'),
  'raw-logs': flag.bool('', 'No effect: the log is never coloured'),
  rootless: flag.bool('', 'Refused: the daemon runs as root'),
  'selinux-enabled': flag.bool('', 'Refused: containers get no labels of SELinux'),
  'storage-driver': flag.string('s', 'No effect: it is overlayfs'),
  'storage-opt': flag.list('', 'No effect'),
  'swarm-default-advertise-addr': flag.string('', 'No effect'),
  'userland-proxy': flag.bool('', 'No effect: there is no proxy process for ports'),
  'userland-proxy-path': flag.string('', 'No effect: there is no proxy process for ports'),
  'userns-remap': flag.string('', 'Refused: containers have the user namespace of the host'),
} as const satisfies Flags;

type Name = keyof typeof foreignFlags;

/** Keys of daemon.json, with the flag that says the same. */
export const foreignKeys = {
  'allow-direct-routing': 'allow-direct-routing',
  'authorization-plugins': 'authorization-plugin',
  'bridge-accept-fwmark': 'bridge-accept-fwmark',
  'cdi-spec-dirs': 'cdi-spec-dir',
  containerd: 'containerd',
  'containerd-namespace': 'containerd-namespace',
  'containerd-plugin-namespace': 'containerd-plugins-namespace',
  'cpu-rt-period': 'cpu-rt-period',
  'cpu-rt-runtime': 'cpu-rt-runtime',
  'cri-containerd': 'cri-containerd',
  'exec-opts': 'exec-opt',
  experimental: 'experimental',
  features: 'feature',
  'firewall-backend': 'firewall-backend',
  ip6tables: 'ip6tables',
  iptables: 'iptables',
  'log-format': 'log-format',
  'metrics-addr': 'metrics-addr',
  'network-control-plane-mtu': 'network-control-plane-mtu',
  'node-generic-resources': 'node-generic-resource',
  'raw-logs': 'raw-logs',
  rootless: 'rootless',
  'selinux-enabled': 'selinux-enabled',
  'storage-driver': 'storage-driver',
  'storage-opts': 'storage-opt',
  'swarm-default-advertise-addr': 'swarm-default-advertise-addr',
  'userland-proxy': 'userland-proxy',
  'userland-proxy-path': 'userland-proxy-path',
  'userns-remap': 'userns-remap',
} as const satisfies Record<string, Name>;

/** Keys that have no flag. */
export const KEYS_WITHOUT_EFFECT: ReadonlySet<string> = new Set([
  'builder',
  'default-init',
  'default-stop-timeout',
  'min-api-version',
  'network-diagnostic-port',
  'nri-opts',
  'resolv-conf',
  'swarm-raft-election-tick',
  'swarm-raft-heartbeat-tick',
]);

export const foreignShapes: Readonly<Record<string, Shape>> = {
  features: (value) =>
    isTable(value)
      ? listOf(Object.entries(value), ([name, on]) => (typeof on === 'boolean' ? `${name}=${on}` : undefined))
      : undefined,
};

/** Who asks for these relies on being kept apart from others: to go on without would be worse than not to start. */
const REFUSED: Readonly<Partial<Record<Name, string>>> = {
  'authorization-plugin': 'requests would not be authorized by it',
  rootless: 'the daemon runs as root',
  'selinux-enabled': 'containers would not be confined by it',
  'userns-remap': 'root in a container would be root on the host',
};

/** What is so anyway, besides what the flag begins with. */
const SO_ANYWAY: Readonly<Partial<Record<Name, readonly string[]>>> = {
  'exec-opt': ['native.cgroupdriver=cgroupfs'],
  'raw-logs': ['true'],
  'storage-driver': ['overlay2', 'overlayfs'],
};

/** The names of settings without effect, sorted. Throws invalid for one that is unsafe to ignore. */
export function withoutEffect(value: (name: Name) => unknown): string[] {
  return (Object.keys(foreignFlags) as Name[])
    .filter((name) => {
      const given = value(name);
      const texts = Array.isArray(given) ? given.map(String) : [String(given)];
      const asBefore = Array.isArray(given) ? given.length === 0 : given === foreignFlags[name].initial;
      return !asBefore && !texts.every((text) => SO_ANYWAY[name]?.includes(text));
    })
    .map((name) => {
      const why = REFUSED[name];
      if (why !== undefined) throw invalid(`--${name} is not supported, and cannot be ignored: ${why}`);
      return name;
    });
}
