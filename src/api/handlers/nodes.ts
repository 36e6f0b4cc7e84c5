// Handlers of /nodes.
import type { ClusterAccess } from '../../cluster/index.ts';
import type { Handlers } from '../handler.ts';
import { idOf, inCluster, specOf } from './swarm.ts';

export function nodeHandlers(access: ClusterAccess): Handlers {
  return {
    NodeList: inCluster(access, 'NodeList', ({ nodes }, request, response) =>
      response.json(nodes.list(request.query.filters ?? new Map())),
    ),
    NodeInspect: inCluster(access, 'NodeInspect', ({ nodes }, request, response) =>
      response.json(nodes.inspect(idOf(request))),
    ),
    NodeUpdate: inCluster(access, 'NodeUpdate', async ({ nodes }, request, response) => {
      await nodes.update(idOf(request), request.query.version, await specOf(request));
      response.empty(200);
    }),
    NodeDelete: inCluster(access, 'NodeDelete', async ({ nodes }, request, response) => {
      await nodes.remove(idOf(request), request.query.force ?? false);
      response.empty(200);
    }),
  };
}
