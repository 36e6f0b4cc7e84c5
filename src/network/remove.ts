// Takes everything that a daemon made for its networks off the host: links by name and mark, and its tables.
import { applyNft } from '../host/nft.ts';
import { removeText } from './firewall.ts';
import { applyLinks, observeLinks } from './links.ts';
import { hostNames } from './names.ts';
import { planLinks } from './plan.ts';

/** For a daemon that ends, or that is gone for good; twice is once. */
export async function removeFromHost(instance: string): Promise<void> {
  const names = hostNames(instance);
  const nothing = { mark: names.mark, vethPrefix: names.vethPrefix, bridges: [], veths: [] };
  applyLinks(planLinks(nothing, observeLinks()), names.mark);
  await applyNft(removeText(names.table));
}
