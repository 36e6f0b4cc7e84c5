// Handlers that ask registries: login, search, what a name leads to.
import { internal, invalid } from '../../base/errors.ts';
import { describeRemote, parseAnyReference } from '../../images/index.ts';
import { login, type Registries, search } from '../../registry/client/index.ts';
import { credentialsOf } from '../credentials.ts';
import type { Handlers } from '../handler.ts';

export function registryHandlers(registries: Registries): Handlers {
  return {
    SystemAuth: async (request, response) => {
      const body = ((await request.json()) ?? {}) as Record<string, unknown>;
      const text = (value: unknown): string => (typeof value === 'string' ? value : '');
      const token = text(body['identitytoken']);
      const identity = await login(
        registries,
        text(body['serveraddress']),
        {
          username: text(body['username']),
          password: text(body['password']),
          ...(token === '' ? {} : { identityToken: token }),
        },
        request.signal,
      );
      response.json({ Status: 'Login Succeeded', IdentityToken: identity });
    },
    ImageSearch: async (request, response) => {
      const { term = '', limit, filters } = request.query;
      if (term === '') throw invalid('search term must not be empty');
      const wish = { term, limit, filters: filters ?? new Map<string, string[]>() };
      response.json(await search(registries, wish, credentialsOf(request.headers), request.signal));
    },
    DistributionInspect: async (request, response) => {
      const any = parseAnyReference(request.params['name'] ?? '');
      if ('id' in any) throw internal('no manifest found for full image ID');
      response.json(await describeRemote(registries, any.name, credentialsOf(request.headers), request.signal));
    },
  };
}
