// Driver macvlan: containers with links of their own over a link of the host, which the host itself is not on.
import { forbidden, notImplemented } from '../../base/errors.ts';
import { linkExists, makeMacvlan } from '../links/links.ts';
import { MACVLAN_MODES, macvlanOptions } from '../model/options.ts';
import type { NetworkRecord } from '../model/record.ts';
import type { Driver, HostFacts } from './driver.ts';

const parentOf = ({ options }: NetworkRecord): string => options['parent'] ?? '';

export const macvlan: Driver = {
  name: 'macvlan',
  choose: ({ options }, facts) => {
    const { parent, mode } = macvlanOptions(options, facts.linkExists);
    if (parent === '')
      throw notImplemented('a macvlan network without a parent is not implemented: name a link with -o parent=LINK');
    checkParent(facts, parent, mode);
    return { withoutGateway: [], bridge: '', foreignBridge: false };
  },
  attach: (namespace, { network, inside }) => {
    const { parent, mode } = macvlanOptions(network.options, linkExists);
    makeMacvlan(namespace, { ...inside, parent, mode: MACVLAN_MODES[mode] });
  },
};

/** A link that one network has for itself alone is not shared. */
function checkParent({ networks }: HostFacts, parent: string, mode: string): void {
  const other = networks.find((one) => one.driver === 'macvlan' && parentOf(one) === parent);
  if (other && (mode === 'passthru' || other.options['macvlan_mode'] === 'passthru'))
    throw forbidden(`network ${other.name} is already using parent interface ${parent}`);
}
