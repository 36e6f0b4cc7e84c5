// Handlers of /secrets and /configs.
import type { ClusterAccess } from '../../cluster/index.ts';
import type { Handlers } from '../handler.ts';
import { idOf, inCluster, specOf } from './swarm.ts';

export function secretHandlers(access: ClusterAccess): Handlers {
  return {
    SecretList: inCluster(access, 'SecretList', ({ secrets }, request, response) =>
      response.json(secrets.list(request.query.filters ?? new Map())),
    ),
    SecretCreate: inCluster(access, 'SecretCreate', async ({ secrets }, request, response) =>
      response.json({ ID: await secrets.create(await specOf(request)) }, 201),
    ),
    SecretInspect: inCluster(access, 'SecretInspect', ({ secrets }, request, response) =>
      response.json(secrets.inspect(idOf(request))),
    ),
    SecretUpdate: inCluster(access, 'SecretUpdate', async ({ secrets }, request, response) => {
      await secrets.update(idOf(request), request.query.version, await specOf(request));
      response.empty(200);
    }),
    SecretDelete: inCluster(access, 'SecretDelete', async ({ secrets }, request, response) => {
      await secrets.remove(idOf(request));
      response.empty(204);
    }),
    ConfigList: inCluster(access, 'ConfigList', ({ configs }, request, response) =>
      response.json(configs.list(request.query.filters ?? new Map())),
    ),
    ConfigCreate: inCluster(access, 'ConfigCreate', async ({ configs }, request, response) =>
      response.json({ ID: await configs.create(await specOf(request)) }, 201),
    ),
    ConfigInspect: inCluster(access, 'ConfigInspect', ({ configs }, request, response) =>
      response.json(configs.inspect(idOf(request))),
    ),
    ConfigUpdate: inCluster(access, 'ConfigUpdate', async ({ configs }, request, response) => {
      await configs.update(idOf(request), request.query.version, await specOf(request));
      response.empty(200);
    }),
    ConfigDelete: inCluster(access, 'ConfigDelete', async ({ configs }, request, response) => {
      await configs.remove(idOf(request));
      response.empty(204);
    }),
  };
}
