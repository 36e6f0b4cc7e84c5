// Handlers of /berth/projects: what Compose projects were.
import type { Projects } from '../../projects/index.ts';
import type { ApiRequest, Handlers } from '../handler.ts';
import { objectOf } from './swarm.ts';

const name = (request: ApiRequest): string => request.params['name'] ?? '';

export function projectHandlers(projects: Projects): Handlers {
  return {
    BerthRevisionList: (request, response) => response.json(projects.list(name(request))),
    BerthRevisionAdd: async (request, response) => {
      const { number } = projects.add(name(request), await objectOf(request));
      response.json({ number }, 201);
    },
    BerthRevisionDelete: (request, response) => {
      projects.remove(name(request));
      response.empty(204);
    },
  };
}
