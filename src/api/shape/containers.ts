// What changed in a container's JSON from one API version to the next: older clients get the older shape.
import type { ContainerInspect, ContainerSummary } from '../../spec/docker/index.ts';

export function containerForVersion(container: ContainerInspect, minor: number): unknown {
  const shaped: Record<string, unknown> = { ...container };
  const { Config, NetworkSettings } = container;
  if (minor >= 52) shaped['Config'] = without(Config, ['MacAddress']);
  const dropped =
    minor >= 52
      ? [
          'Bridge',
          'HairpinMode',
          'LinkLocalIPv6Address',
          'LinkLocalIPv6PrefixLen',
          'SecondaryIPAddresses',
          'SecondaryIPv6Addresses',
          'EndpointID',
          'Gateway',
          'GlobalIPv6Address',
          'GlobalIPv6PrefixLen',
          'IPAddress',
          'IPPrefixLen',
          'IPv6Gateway',
          'MacAddress',
        ]
      : [];
  if (minor < 48) delete shaped['ImageManifestDescriptor'];
  const settings = minor < 45 ? { ...NetworkSettings, Networks: withShortId(container) } : NetworkSettings;
  shaped['NetworkSettings'] = without(settings, dropped);
  return shaped;
}

/** Before DNSNames there were, the short id was one of the aliases on networks with names. */
function withShortId({ Id, NetworkSettings }: ContainerInspect): ContainerInspect['NetworkSettings']['Networks'] {
  const short = Id.slice(0, 12);
  return Object.fromEntries(
    Object.entries(NetworkSettings.Networks).map(([name, endpoint]) => {
      const { Aliases, DNSNames } = endpoint;
      const lacks = DNSNames?.includes(short) === true && Aliases?.includes(short) !== true;
      return [name, lacks ? { ...endpoint, Aliases: [...(Aliases ?? []), short] } : endpoint];
    }),
  );
}

export function summaryForVersion(row: ContainerSummary, minor: number): unknown {
  const shaped = without(row, [...(minor < 52 ? ['Health'] : []), ...(minor < 48 ? ['ImageManifestDescriptor'] : [])]);
  return minor >= 46 ? shaped : { ...shaped, HostConfig: without(row.HostConfig, ['Annotations']) };
}

function without<T extends object>(value: T, keys: readonly string[]): Partial<T> {
  return Object.fromEntries(Object.entries(value).filter(([key]) => !keys.includes(key))) as Partial<T>;
}
