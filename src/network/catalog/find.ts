// One network by what a person calls it. Pure.
import { invalid } from '../../base/errors.ts';
import type { NetworkRecord } from '../model/record.ts';

/** By full id, name, or the beginning of an id; throws invalid when several fit. */
export function findNetwork(reference: string, all: readonly NetworkRecord[]): NetworkRecord | undefined {
  const wanted = reference === 'default' ? 'bridge' : reference;
  const exact = all.find(({ id }) => id === wanted) ?? all.find(({ name }) => name === wanted);
  if (exact || wanted === '') return exact;
  const matches = all.filter(({ id }) => id.startsWith(wanted));
  if (matches.length > 1)
    throw invalid(`network ${reference} is ambiguous (${matches.length} matches found based on ID prefix)`);
  return matches[0];
}

/** Empty for any. */
export function inScope({ driver }: NetworkRecord, scope: string): boolean {
  return scope === '' || scope === (driver === 'overlay' ? 'swarm' : 'local');
}
