// Handlers of /berth/cluster/kv.
import { invalid } from '../../base/errors.ts';
import type { ClusterAccess } from '../../cluster/index.ts';
import type { Handlers } from '../handler.ts';
import { idOf, inCluster, objectOf } from './swarm.ts';

export function kvHandlers(access: ClusterAccess): Handlers {
  return {
    BerthKvList: inCluster(access, 'BerthKvList', async ({ kv }, { query: { prefix = '' } }, response) =>
      response.json(await kv.list(prefix)),
    ),
    BerthKvGet: inCluster(access, 'BerthKvGet', async ({ kv }, { query: { key = '' } }, response) =>
      response.json(await kv.get(key)),
    ),
    BerthKvPut: inCluster(access, 'BerthKvPut', async ({ kv }, request, response) => {
      const { key = '', lease, revision } = request.query;
      const { Value } = await objectOf<{ Value?: unknown }>(request);
      response.json(await kv.put(key, { value: Value, lease, revision: natural('revision', revision) }));
    }),
    BerthKvDelete: inCluster(access, 'BerthKvDelete', async ({ kv }, request, response) => {
      const { key, prefix, revision } = request.query;
      if ((key === undefined) === (prefix === undefined)) throw invalid('either a key or a prefix is needed');
      if (prefix !== undefined && revision !== undefined)
        throw invalid('a revision goes with a key, not with a prefix');
      if (prefix !== undefined) return response.json(await kv.deleteAll(prefix));
      await kv.delete(key ?? '', natural('revision', revision));
      response.json({ Deleted: 1 });
    }),
    BerthKvWatch: inCluster(access, 'BerthKvWatch', async ({ kv }, request, response) => {
      const { prefix = '', since, wait } = request.query;
      response.json(await kv.watch({ prefix, since: natural('since', since), wait }, request.signal));
    }),
    BerthKvLeaseGrant: inCluster(access, 'BerthKvLeaseGrant', async ({ kv }, request, response) =>
      response.json(await kv.grant(request.query.seconds), 201),
    ),
    BerthKvLeaseKeepAlive: inCluster(access, 'BerthKvLeaseKeepAlive', async ({ kv }, request, response) =>
      response.json(await kv.keepAlive(idOf(request))),
    ),
    BerthKvLeaseRevoke: inCluster(access, 'BerthKvLeaseRevoke', async ({ kv }, request, response) => {
      await kv.revoke(idOf(request));
      response.empty(204);
    }),
  };
}

function natural(name: string, value: number | undefined): number | undefined {
  if (value !== undefined && value < 0) throw invalid(`invalid ${name}: it cannot be less than 0`);
  return value;
}
