// What a client of a cluster asks before it makes a service: what its image is on the registry, and ids of what it names.
import { notFound } from '../base/errors.ts';
import type { Client } from './client.ts';

/** `image` with the digest that its registry has now, so that every node runs the same. `auth`: `X-Registry-Auth`. */
export async function resolveDigest(client: Client, image: string, auth: string): Promise<string> {
  const { Descriptor } = await client.json<{ Descriptor: { digest: string } }>('DistributionInspect', {
    params: { name: image },
    headers: { 'X-Registry-Auth': auth },
  });
  return `${image}@${Descriptor.digest}`;
}

/** Throws for a name that the cluster does not know. */
export async function idsOf(
  client: Client,
  noun: 'Secret' | 'Config',
  names: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  if (names.length === 0) return new Map();
  const found = await client.json<{ ID: string; Spec: { Name: string } }[]>(`${noun}List`, {
    query: { filters: new Map([['name', [...names]]]) },
  });
  const ids = new Map(found.map(({ ID, Spec }) => [Spec.Name, ID]));
  const missing = names.find((name) => !ids.has(name));
  if (missing !== undefined) throw notFound(`${noun.toLowerCase()} not found: ${missing}`);
  return ids;
}
