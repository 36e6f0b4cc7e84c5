// Who is called what on an overlay network: services by their virtual address or their tasks, tasks together and each alone. Pure.
import { type Address, parseAddress } from '../../base/address.ts';
import { readyOf } from './balance.ts';
import type { OverlayState } from '../../spec/berth/index.ts';

export interface NamedAddresses {
  /** The first is what its addresses are called. */
  readonly names: readonly string[];
  readonly addresses: readonly Address[];
}

const read = (texts: readonly string[]): Address[] => texts.flatMap((text) => parseAddress(text) ?? []);

export function overlayNames({ services, members }: OverlayState): NamedAddresses[] {
  return [
    // each alone comes first, so that an address is called by its own name
    ...members
      .filter(({ ready, names }) => ready && names.length > 0)
      .map(({ names, address }) => ({ names, addresses: read([address]) })),
    ...services.flatMap(({ id, names, address }) => {
      const tasks = read(readyOf(members, id));
      return [
        { names, addresses: address === undefined ? tasks : read([address]) },
        { names: names.map((name) => `tasks.${name}`), addresses: tasks },
      ];
    }),
  ];
}
