// The default network as the settings want it, and elsewhere when its subnet has come to be another's while no bridge held it.
import type { Log } from '../../base/log.ts';
import { linkExists, observeHostBlocks, removeLink } from '../links/links.ts';
import type { NetworkRecord } from '../model/record.ts';
import type { Catalog } from './catalog.ts';
import { sameGround } from './predefined.ts';

export function renewDefault(catalog: Catalog, inUse: (record: NetworkRecord) => boolean, log: Log): void {
  const record = catalog.find('bridge');
  if (!record) return;
  const isUp = !record.foreignBridge && linkExists(record.bridge);
  const fresh = catalog.defaultNow(record, isUp ? [] : observeHostBlocks());
  if (fresh === record) return;
  if (!sameGround(fresh, record)) {
    if (inUse(record)) {
      log.warn('the default network stays as it is: containers run on it');
      return;
    }
    // a bridge with another address is made anew
    if (isUp) removeLink(record.bridge);
    const subnets = (fresh.ipam ?? []).map(({ Subnet }) => Subnet).join(', ');
    log.info(`the default network is now ${subnets || 'without a bridge'}`);
  }
  catalog.put(fresh);
}
