// Names of networks, secrets and configs that flags have -> their ids.
import type { Client } from '../../../client/index.ts';
import { Failure } from '../../grammar/index.ts';
import type { References } from './spec/model.ts';

export interface Names {
  readonly networks: readonly string[];
  readonly secrets: readonly string[];
  readonly configs: readonly string[];
}

/** Throws Failure for a name that the daemon does not know. */
export async function findReferences(client: Client, names: Names): Promise<References> {
  const network = async (name: string): Promise<[string, string]> => {
    const { Id } = await client.json<{ Id: string }>('NetworkInspect', {
      params: { id: name },
      query: { scope: 'swarm' },
    });
    return [name, Id];
  };
  const [networks, secrets, configs] = await Promise.all([
    Promise.all(names.networks.map(network)),
    files(client, 'Secret', names.secrets),
    files(client, 'Config', names.configs),
  ]);
  return { networks: new Map(networks), secrets, configs };
}

async function files(
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
  if (missing !== undefined) throw new Failure(`${noun.toLowerCase()} not found: ${missing}`);
  return ids;
}
