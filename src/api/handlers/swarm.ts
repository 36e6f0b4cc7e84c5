// Handlers of /swarm, and the way of all handlers of a cluster to it.
import { invalid, unavailable } from '../../base/errors.ts';
import type { ClusterAccess, ClusterControl } from '../../cluster/index.ts';
import type { RouteId } from '../../spec/docker/index.ts';
import type { ApiRequest, ApiResponse, Handler, Handlers } from '../handler.ts';
import { spelled } from '../decode/spelling.ts';
import { outsideOfSwarm } from '../swarm.ts';

/** A handler that asks the cluster; on a machine that is in none it answers so, and nothing is loaded for it. */
export function inCluster<Id extends RouteId>(
  access: ClusterAccess,
  id: Id,
  handle: (control: ClusterControl, request: ApiRequest<Id>, response: ApiResponse) => Promise<void> | void,
): Handler<Id> {
  return async (request, response) => {
    const outside = outsideOfSwarm(id);
    if (!access.isMember && outside !== undefined) throw unavailable(outside);
    await handle(await access.open(), request, response);
  };
}

/** A body that must be there, as an object. */
export async function objectOf<T>(request: ApiRequest): Promise<T> {
  const body = await request.json();
  if (body === undefined) throw invalid('invalid JSON: got EOF while reading request body');
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    throw invalid('invalid JSON: an object is wanted');
  return body as T;
}

/** The spec of a cluster's object, or a request about one: its keys are found whatever their case. */
export const specOf = async <T>(request: ApiRequest): Promise<T> => spelled(await objectOf(request)) as T;

/** Of a cluster with many thousands of tasks; larger ones are refused. */
export const MAX_BACKUP_BYTES = 512 * 1024 * 1024;

async function restoreBody(request: ApiRequest): Promise<unknown> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of request.body as AsyncIterable<Buffer>) {
    size += part.length;
    if (size > MAX_BACKUP_BYTES) throw invalid('the backup is too large');
    parts.push(part);
  }
  try {
    return JSON.parse(Buffer.concat(parts).toString()) as unknown;
  } catch {
    throw invalid('the backup is no JSON');
  }
}

export const idOf = (request: ApiRequest): string => request.params['id'] ?? '';

export function swarmHandlers(access: ClusterAccess): Handlers {
  return {
    SwarmInspect: inCluster(access, 'SwarmInspect', ({ swarm }, _, response) => response.json(swarm.inspect())),
    BerthClusterStatus: inCluster(access, 'BerthClusterStatus', async ({ swarm }, _, response) =>
      response.json(await swarm.status()),
    ),
    BerthClusterBackup: inCluster(access, 'BerthClusterBackup', async ({ swarm }, _, response) =>
      response.json(await swarm.backup()),
    ),
    BerthClusterRestore: async (request, response) =>
      response.json(await (await access.open()).swarm.restore(await restoreBody(request))),
    BerthClusterWhatIf: inCluster(access, 'BerthClusterWhatIf', async ({ forecast }, request, response) =>
      response.json(await forecast.whatIf(await objectOf(request))),
    ),
    SwarmInit: inCluster(access, 'SwarmInit', async ({ swarm }, request, response) => {
      response.json(await swarm.init(await specOf(request)));
    }),
    SwarmJoin: inCluster(access, 'SwarmJoin', async ({ swarm }, request, response) => {
      await swarm.join(await specOf(request));
      response.empty(200);
    }),
    SwarmLeave: inCluster(access, 'SwarmLeave', async ({ cluster }, request, response) => {
      await cluster.leave(request.query.force ?? false);
      response.empty(200);
    }),
    SwarmUpdate: inCluster(access, 'SwarmUpdate', async ({ swarm }, request, response) => {
      const { version, rotateWorkerToken, rotateManagerToken, rotateManagerUnlockKey } = request.query;
      await swarm.update(await specOf(request), version, {
        worker: rotateWorkerToken ?? false,
        manager: rotateManagerToken ?? false,
        unlockKey: rotateManagerUnlockKey ?? false,
      });
      response.empty(200);
    }),
    SwarmUnlock: inCluster(access, 'SwarmUnlock', async ({ swarm }, request, response) => {
      await swarm.unlock(await specOf(request));
      response.empty(200);
    }),
    SwarmUnlockkey: inCluster(access, 'SwarmUnlockkey', ({ swarm }, _, response) => response.json(swarm.unlockKey())),
  };
}
