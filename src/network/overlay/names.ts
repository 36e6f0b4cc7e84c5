// Who is called what on an overlay network: services by their virtual address or their tasks, tasks together and each alone. Pure.
import { type Address, parseAddress } from '../../base/address.ts';
import { readyOf } from './balance.ts';
import { placesOf } from './plan.ts';
import type { OverlayState } from '../../spec/berth/index.ts';

export interface NamedAddresses {
  /** The first is what its addresses are called. */
  readonly names: readonly string[];
  readonly addresses: readonly Address[];
  /** Ports with names: `_http._tcp` before each of the names leads to these. */
  readonly ports?: readonly {
    readonly label: string;
    readonly targets: readonly { readonly name: string; readonly port: number }[];
  }[];
}

const read = (texts: readonly string[]): Address[] => texts.flatMap((text) => parseAddress(text) ?? []);

export function overlayNames({ services, members }: OverlayState): NamedAddresses[] {
  return [
    // each alone comes first, so that an address is called by its own name
    ...members
      .filter(({ ready, names }) => ready && names.length > 0)
      .map((member) => ({ names: member.names, addresses: read(placesOf(member)) })),
    ...services.flatMap(({ id, names, address, address6, named = [] }) => {
      const tasks = read([...readyOf(members, id), ...readyOf(members, id, 6)]);
      const each = members.flatMap((one) => (one.service === id && one.ready ? one.names.slice(0, 1) : []));
      const portsAt = (targets: readonly string[]): Pick<NamedAddresses, 'ports'> =>
        named.length === 0
          ? {}
          : {
              ports: named.map(({ name, protocol, port }) => ({
                label: `_${name}._${protocol}`,
                targets: targets.map((target) => ({ name: target, port })),
              })),
            };
      return [
        {
          names,
          addresses:
            address === undefined
              ? tasks
              : read(placesOf({ address, ...(address6 === undefined ? {} : { address6 }) })),
          ...portsAt(address === undefined ? each : names.slice(0, 1)),
        },
        { names: names.map((name) => `tasks.${name}`), addresses: tasks, ...portsAt(each) },
      ];
    }),
  ];
}
