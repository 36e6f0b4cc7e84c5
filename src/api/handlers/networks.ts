// Handlers of /networks.
import { invalid } from '../../base/errors.ts';
import type { ClusterAccess } from '../../cluster/index.ts';
import type { NetworkCreateBody } from '../../spec/docker/index.ts';
import { type Engine, untilOf } from '../../engine/index.ts';
import type { Explainer, Networks } from '../../network/index.ts';
import {
  decode,
  endpointSettings,
  networkConnect,
  networkCreate,
  networkDisconnect,
} from '../../spec/docker/schemas/index.ts';
import type { ApiRequest, Handlers } from '../handler.ts';

const id = (request: ApiRequest): string => request.params['id'] ?? '';

async function body(request: ApiRequest): Promise<unknown> {
  const value = await request.json();
  if (value === undefined) throw invalid('invalid JSON: got EOF while reading request body');
  return value;
}

/** A network that all nodes know. */
function isOfCluster({ Driver, Scope, Ingress }: NetworkCreateBody): boolean {
  return Driver === 'overlay' || Scope === 'swarm' || Ingress;
}

export function networkHandlers(
  engine: Engine,
  networks: Networks,
  explainer: Explainer,
  cluster: ClusterAccess,
): Handlers {
  return {
    NetworkList: (request, response) => {
      response.json(networks.list(request.query.filters ?? new Map(), cluster.manager?.networks.states()));
    },
    NetworkCreate: async (request, response) => {
      const spec = decode(networkCreate, await body(request), 'CreateRequest');
      // IPv4 could not be turned off before
      const EnableIPv4 = request.minor < 47 ? null : spec.EnableIPv4;
      const wanted = { ...spec, EnableIPv4 };
      if (isOfCluster(wanted)) {
        const control = cluster.isMember ? await cluster.open() : undefined;
        if (control) {
          response.json({ Id: await control.networks.create(wanted), Warning: '' }, 201);
          return;
        }
      }
      response.json(await networks.create(wanted), 201);
    },
    NetworkInspect: (request, response) => {
      response.json(networks.inspect(id(request), request.query.scope ?? '', cluster.manager?.networks.states()));
    },
    NetworkDelete: async (request, response) => {
      const { manager } = cluster;
      if (manager && networks.isOfCluster(id(request), manager.networks.states() ?? []))
        await manager.networks.remove(id(request));
      else await networks.remove(id(request));
      response.empty(204);
    },
    NetworkPrune: async (request, response) => {
      const filters = request.query.filters ?? new Map<string, string[]>();
      const until = untilOf(filters.get('until'));
      response.json(await networks.prune(filters, until === undefined ? undefined : Number(until / 1_000_000n)));
    },
    NetworkConnect: async (request, response) => {
      const { Container, EndpointConfig } = decode(networkConnect, await body(request), 'ConnectOptions');
      await engine.connectNetwork(id(request), Container, EndpointConfig ?? decode(endpointSettings, {}));
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
      const { Container, Force } = decode(networkDisconnect, await body(request), 'DisconnectOptions');
      await engine.disconnectNetwork(id(request), Container, Force);
      response.empty(200);
    },
  };
}
