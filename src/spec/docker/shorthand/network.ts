// Reads --network, and joins it with the older flags (--ip, --network-alias, --link …) into endpoint settings.
import { cut, parseCsv } from '../../../base/go-text.ts';
import type { DeepPartial, EndpointSettings } from '../container.ts';

export interface Attachment {
  readonly target: string;
  readonly aliases: readonly string[];
  readonly driverOpts: Readonly<Record<string, string>>;
  readonly links: readonly string[];
  readonly ipv4: string;
  readonly ipv6: string;
  readonly linkLocal: readonly string[];
  readonly mac: string;
  readonly gwPriority: number;
}

const EMPTY: Omit<Attachment, 'target'> = {
  aliases: [],
  driverOpts: {},
  links: [],
  ipv4: '',
  ipv6: '',
  linkLocal: [],
  mac: '',
  gwPriority: 0,
};

/** `NAME` or `name=NAME,alias=…,ip=…`. Throws Error with Docker's text. */
export function parseNetwork(text: string): Attachment {
  if (!/\w=\w/.test(text)) return { ...EMPTY, target: text };
  const made = {
    ...EMPTY,
    target: '',
    aliases: [] as string[],
    linkLocal: [] as string[],
    driverOpts: {} as Record<string, string>,
  };
  for (const field of parseCsv(text)) {
    const [name, raw] = cut(field.toLowerCase(), '=');
    if (!field.includes('=') || name === '') throw new Error(`invalid field ${field}`);
    const key = name.trim();
    const value = raw.trim();
    if (key === 'name') made.target = value;
    else if (key === 'alias') made.aliases.push(value);
    else if (key === 'ip') made.ipv4 = value;
    else if (key === 'ip6') made.ipv6 = value;
    else if (key === 'mac-address') made.mac = value;
    else if (key === 'link-local-ip') made.linkLocal.push(value);
    else if (key === 'driver-opt') {
      const [option, setting] = cut(value, '=');
      if (!value.includes('=') || option === '') throw new Error('invalid key value pair format in driver options');
      made.driverOpts[option.trim()] = setting.trim();
    } else if (key === 'gw-priority') {
      if (!/^[+-]?\d+$/.test(value)) throw new Error(`invalid gw-priority (${value}): invalid syntax`);
      made.gwPriority = Number(value);
    } else throw new Error(`invalid field key ${key}`);
  }
  if (made.target === '') throw new Error('network name/id is not specified');
  return made;
}

/** The flags that stand beside --network and mean the first network. */
export interface LegacyNetworkFlags {
  readonly aliases: readonly string[];
  readonly links: readonly string[];
  readonly ipv4: string;
  readonly ipv6: string;
  readonly mac: string;
  readonly linkLocal: readonly string[];
}

/** Networks that are not a mode: bridge, host, none, default, container:… */
export function isUserDefined(mode: string): boolean {
  return !['default', 'bridge', 'host', 'none'].includes(mode) && !mode.startsWith('container:');
}

/** EndpointsConfig of the create body. */
export function endpoints(
  networks: readonly Attachment[],
  legacy: LegacyNetworkFlags,
): Record<string, DeepPartial<EndpointSettings>> {
  const made: Record<string, DeepPartial<EndpointSettings>> = {};
  if (networks.length === 0) {
    made['default'] = endpoint(withLegacy({ ...EMPTY, target: 'default' }, legacy));
    return made;
  }
  for (const [i, given] of networks.entries()) {
    const network = i === 0 ? withLegacy(given, legacy) : given;
    const settings = endpoint(network);
    if (Object.hasOwn(made, network.target))
      throw new Error(`network ${JSON.stringify(network.target)} is specified multiple times`);
    if (networks.length === 1 && isPlain(settings)) continue;
    made[network.target] = settings;
  }
  const kinds = new Set(networks.map((network) => isUserDefined(network.target)));
  if (kinds.size > 1) {
    throw new Error('conflicting options: cannot attach both user-defined and non-user-defined network-modes');
  }
  return made;
}

const isPlain = (settings: DeepPartial<EndpointSettings>): boolean =>
  Object.values(settings).every((value) => value === null || value === '' || value === 0 || value === undefined);

function withLegacy(network: Attachment, legacy: LegacyNetworkFlags): Attachment {
  const conflict = (own: boolean, flag: boolean, names: string): void => {
    if (own && flag) throw new Error(`conflicting options: cannot specify both ${names}`);
  };
  conflict(network.aliases.length > 0, legacy.aliases.length > 0, '--network-alias and per-network alias');
  conflict(network.links.length > 0, legacy.links.length > 0, '--link and per-network links');
  conflict(network.ipv4 !== '', legacy.ipv4 !== '', '--ip and per-network IPv4 address');
  conflict(network.ipv6 !== '', legacy.ipv6 !== '', '--ip6 and per-network IPv6 address');
  conflict(network.mac !== '', legacy.mac !== '', '--mac-address and per-network MAC address');
  conflict(
    network.linkLocal.length > 0,
    legacy.linkLocal.length > 0,
    '--link-local-ip and per-network link-local IP addresses',
  );
  return {
    ...network,
    aliases: legacy.aliases.length > 0 ? legacy.aliases : network.aliases,
    links: isUserDefined(network.target) && legacy.links.length > 0 ? legacy.links : network.links,
    ipv4: legacy.ipv4 || network.ipv4,
    ipv6: legacy.ipv6 || network.ipv6,
    mac: legacy.mac || network.mac,
    linkLocal: legacy.linkLocal.length > 0 ? legacy.linkLocal : network.linkLocal,
  };
}

function endpoint(network: Attachment): DeepPartial<EndpointSettings> {
  if (network.target.trim() === '') throw new Error('no name set for network');
  if (!isUserDefined(network.target)) {
    if (network.aliases.length > 0)
      throw new Error('network-scoped aliases are only supported for user-defined networks');
    if (network.links.length > 0) throw new Error('links are only supported for user-defined networks');
  }
  if (network.mac !== '' && !isMac(network.mac)) throw new Error(`${network.mac} is not a valid mac address`);
  const addressed = network.ipv4 !== '' || network.ipv6 !== '' || network.linkLocal.length > 0;
  return {
    IPAMConfig: addressed
      ? {
          ...(network.ipv4 === '' ? {} : { IPv4Address: network.ipv4 }),
          ...(network.ipv6 === '' ? {} : { IPv6Address: network.ipv6 }),
          ...(network.linkLocal.length === 0 ? {} : { LinkLocalIPs: [...network.linkLocal] }),
        }
      : null,
    Links: network.links.length > 0 ? [...network.links] : null,
    Aliases: network.aliases.length > 0 ? [...network.aliases] : null,
    MacAddress: network.mac,
    DriverOpts: Object.keys(network.driverOpts).length > 0 ? { ...network.driverOpts } : null,
    GwPriority: network.gwPriority,
  };
}

/** Six, eight or twenty octets with colons or dashes, or groups of four with dots, as net.ParseMAC takes them. */
export function isMac(text: string): boolean {
  const octets = /^[0-9a-f]{2}([:-])[0-9a-f]{2}(?:\1[0-9a-f]{2})*$/i.test(text) ? text.split(/[:-]/).length : 0;
  return [6, 8, 20].includes(octets) || /^[0-9a-f]{4}(?:\.[0-9a-f]{4}){2}(?:\.[0-9a-f]{4})?$/i.test(text);
}
