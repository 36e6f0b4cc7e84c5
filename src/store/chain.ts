// Chain IDs: a layer together with everything below it has one name.
import type { Digest } from '../base/ids.ts';
import { sha256 } from '../base/ids.ts';

export function chainOf(parent: Digest | undefined, diffId: Digest): Digest {
  return parent === undefined ? diffId : sha256(`${parent} ${diffId}`);
}

/** The chain IDs of a list of layers, lowest first. */
export function chainsOf(diffIds: readonly Digest[]): Digest[] {
  const chains: Digest[] = [];
  for (const diffId of diffIds) chains.push(chainOf(chains.at(-1), diffId));
  return chains;
}
