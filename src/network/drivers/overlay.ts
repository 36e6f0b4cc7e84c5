// Driver overlay: containers of several hosts on one network; each host joins its own by a bridge, and the bridges by VXLAN.
import { forbidden } from '../../base/errors.ts';
import { bridgedPacketsAreFiltered, makeVeth } from '../links/links.ts';
import type { Driver } from './driver.ts';

export const overlay: Driver = {
  name: 'overlay',
  choose: () => {
    throw forbidden('overlay networks are made by managers of a cluster');
  },
  attach: (namespace, { network, inside, hostLink }) =>
    makeVeth(namespace, {
      ...inside,
      hostLink,
      bridge: network.bridge,
      isolated: false,
      hairpin: bridgedPacketsAreFiltered(),
    }),
};
