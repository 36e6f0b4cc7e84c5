// `system check`: finds damage in the store and repairs what can be repaired.
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Store } from '../index.ts';
import { observeStore, type Wanted } from './observe.ts';
import { type Finding, type Op, type OpKind, planCheck } from './plan.ts';

export type { Wanted } from './observe.ts';
export { type Finding, findingText } from './plan.ts';

/** With `repair` every finding that has an op was repaired when this returns. */
export async function checkStore(
  store: Store,
  wanted: readonly Wanted[],
  options: { readonly repair: boolean; readonly signal: AbortSignal },
): Promise<Finding[]> {
  const findings = planCheck(await observeStore(store, wanted, options.signal));
  if (!options.repair) return findings;
  const handlers: { readonly [K in OpKind]: (op: Op<K>) => Promise<void> } = {
    unpack: ({ chain }) => store.layers.unpackAgain(chain),
    forgetArchive: async ({ chain, blob }) => {
      store.layers.forgetArchive(chain);
      await store.blobs.remove(blob);
    },
    removeOrphan: ({ path }) => rm(join(store.paths.root, path), { recursive: true, force: true }),
  };
  for (const { op } of findings) if (op) await (handlers[op.kind] as (op: Op) => Promise<void>)(op);
  return findings;
}
