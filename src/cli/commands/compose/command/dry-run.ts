// A client that reads for real and changes nothing, for `--dry-run`.
import { BerthError } from '../../../../base/errors.ts';
import type { Client } from '../../../../client/index.ts';
import { type RouteId, routes } from '../../../../spec/docker/routes.ts';
import type { Context } from '../../../session/context.ts';

type Options = { readonly params?: Readonly<Record<string, string>> } | undefined;
type Call = (id: RouteId, options?: Options) => Promise<unknown>;

/** The same context, whose client changes nothing. */
export function withoutEffects(cli: Context): Context {
  let client: Client | undefined;
  return new Proxy(cli, {
    get: (target, key) => {
      if (key === 'client') return (client ??= readOnly(target.client));
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

function readOnly(client: Client): Client {
  let count = 0;
  const pretend = (id: RouteId): unknown => {
    count += 1;
    return id === 'ContainerCreate' ? { Id: `dryrun${count}`, Warnings: [] } : {};
  };
  const wrap =
    (key: 'call' | 'json' | 'text'): Call =>
    async (id, options) => {
      if (changes(id)) return key === 'text' ? '' : pretend(id);
      try {
        return await (client[key] as Call).call(client, id, options);
      } catch (error) {
        // What would have been made by now runs and is well.
        const isGone = error instanceof BerthError && error.kind === 'notFound';
        if (id !== 'ContainerInspect' || !isGone) throw error;
        return {
          Name: `/${options?.params?.['id'] ?? ''}`,
          State: { Status: 'running', Health: { Status: 'healthy' } },
        };
      }
    };
  return new Proxy(client, {
    get: (target, key) => {
      if (key === 'call' || key === 'json' || key === 'text') return wrap(key);
      if (key === 'hijack' || key === 'stream')
        return (id: RouteId, options: Options) => {
          if (changes(id)) throw new BerthError('notImplemented', 'this cannot be tried in dry run mode');
          return (target[key] as Call).call(target, id, options);
        };
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

const changes = (id: RouteId): boolean => !['GET', 'HEAD'].includes(routes[id].method);
