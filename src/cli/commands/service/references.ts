// Names of networks, secrets and configs that flags have -> their ids.
import { type Client, idsOf } from '../../../client/index.ts';
import type { References } from './spec/model.ts';

export interface Names {
  readonly networks: readonly string[];
  readonly secrets: readonly string[];
  readonly configs: readonly string[];
}

/** Throws for a name that the daemon does not know. */
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
    idsOf(client, 'Secret', names.secrets),
    idsOf(client, 'Config', names.configs),
  ]);
  return { networks: new Map(networks), secrets, configs };
}
