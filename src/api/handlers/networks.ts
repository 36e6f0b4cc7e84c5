// Handlers of /networks.
import { invalid } from '../../base/errors.ts';
import { type Engine, untilOf } from '../../engine/index.ts';
import type { Explainer, Networks } from '../../network/index.ts';
import { decode, networkCreate } from '../../spec/docker/schemas/index.ts';
import type { ApiRequest, Handlers } from '../handler.ts';

const id = (request: ApiRequest): string => request.params['id'] ?? '';

async function body(request: ApiRequest): Promise<unknown> {
  const value = await request.json();
  if (value === undefined) throw invalid('invalid JSON: got EOF while reading request body');
  return value;
}

export function networkHandlers(engine: Engine, networks: Networks, explainer: Explainer): Handlers {
  return {
    NetworkList: (request, response) => {
      response.json(networks.list(request.query.filters ?? new Map()));
    },
    NetworkCreate: async (request, response) => {
      const wish = decode(networkCreate, await body(request), 'CreateRequest');
      // IPv4 could not be turned off before
      const EnableIPv4 = request.minor < 47 ? null : wish.EnableIPv4;
      response.json(await networks.create({ ...wish, EnableIPv4 }), 201);
    },
    NetworkInspect: (request, response) => {
      response.json(networks.inspect(id(request), request.query.scope ?? ''));
    },
    NetworkDelete: async (request, response) => {
      await networks.remove(id(request));
      response.empty(204);
    },
    NetworkPrune: async (request, response) => {
      const filters = request.query.filters ?? new Map<string, string[]>();
      const until = untilOf(filters.get('until'));
      response.json(await networks.prune(filters, until === undefined ? undefined : Number(until / 1_000_000n)));
    },
    NetworkConnect: async (request, response) => {
      await engine.connectNetwork(id(request), await body(request));
      response.empty(200);
    },
    BerthNetworkExplain: async (request, response) => {
      const { from = '', to = '', port = 0n, protocol = 'tcp' } = request.query;
      response.json(await explainer.explain({ from, to, port: Number(port), protocol }));
    },
    BerthPorts: async (_, response) => {
      response.json(await explainer.ports());
    },
    NetworkDisconnect: async (request, response) => {
      await engine.disconnectNetwork(id(request), await body(request));
      response.empty(200);
    },
  };
}
