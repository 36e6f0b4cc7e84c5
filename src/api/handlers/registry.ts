// Handlers that ask registries: login, search, what a name leads to.
import { internal, invalid } from '../../base/errors.ts';
import {
  describeRemote,
  parseAnyReference,
  parseReference,
  publish,
  remoteManifest,
  remoteTags,
} from '../../images/index.ts';
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
      const spec = { term, limit, filters: filters ?? new Map<string, string[]>() };
      response.json(await search(registries, spec, credentialsOf(request.headers), request.signal));
    },
    DistributionInspect: async (request, response) => {
      const any = parseAnyReference(request.params['name'] ?? '');
      if ('id' in any) throw internal('no manifest found for full image ID');
      response.json(await describeRemote(registries, any.name, credentialsOf(request.headers), request.signal));
    },
    BerthRegistryTags: async ({ query, headers, signal }, response) => {
      const name = parseReference(query.name ?? '');
      response.json(await remoteTags(registries, name, credentialsOf(headers), signal, query.limit));
    },
    BerthRegistryManifest: async ({ query, headers, signal }, response) => {
      const name = parseReference(query.name ?? '');
      const at = query.insecure === true ? registries.withInsecure(name.domain) : registries;
      response.json(await remoteManifest(at, name, credentialsOf(headers), signal));
    },
    BerthRegistryPublish: async (request, response) => {
      const { query, headers, signal } = request;
      const name = parseReference(query.name ?? '');
      const at = query.insecure === true ? registries.withInsecure(name.domain) : registries;
      const body = ((await request.json()) ?? {}) as { Content?: unknown; MediaType?: unknown; Sources?: unknown };
      const { Content: content, MediaType: mediaType, Sources: sources } = body;
      if (typeof content !== 'string' || typeof mediaType !== 'string' || !isTexts(sources))
        throw invalid('Content, MediaType and Sources are required');
      const digest = await publish(
        at,
        name,
        { content: Buffer.from(content, 'base64'), mediaType, sources: sources.map(parseReference) },
        credentialsOf(headers),
        signal,
      );
      response.json({ Digest: digest });
    },
  };
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((one) => typeof one === 'string');
}
