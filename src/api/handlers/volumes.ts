// Handlers of /volumes.
import { unavailable } from '../../base/errors.ts';
import { decode, volumeCreate } from '../../spec/docker/schemas/index.ts';
import type { Volumes } from '../../volumes/index.ts';
import type { ApiRequest, Handlers } from '../handler.ts';

const name = (request: ApiRequest): string => request.params['name'] ?? '';

const NO_SWARM =
  'This node is not a swarm manager. Use "docker swarm init" or "docker swarm join" to connect this node to swarm and try again.';

export function volumeHandlers(volumes: Volumes): Handlers {
  return {
    VolumeList: async (request, response) => {
      response.json(await volumes.list(request.query.filters ?? new Map()));
    },
    VolumeCreate: async (request, response) => {
      const body = await request.json();
      if (isCluster(body)) throw unavailable(NO_SWARM);
      response.json(await volumes.create(decode(volumeCreate, body, 'CreateOptions')), 201);
    },
    VolumeInspect: async (request, response) => {
      response.json(await volumes.inspect(name(request)));
    },
    VolumeDelete: async (request, response) => {
      await volumes.remove(name(request), request.query.force ?? false);
      response.empty(204);
    },
    VolumePrune: async (request, response) => {
      response.json(await volumes.prune(request.query.filters ?? new Map(), request.minor));
    },
    VolumeUpdate: () => {
      throw unavailable('volume update only valid for cluster volumes, but swarm is unavailable');
    },
  };
}

function isCluster(body: unknown): boolean {
  return (
    typeof body === 'object' &&
    body !== null &&
    Object.entries(body).some(([key, value]) => key.toLowerCase() === 'clustervolumespec' && value !== null)
  );
}
