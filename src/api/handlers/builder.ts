// The build cache and the history of builds.
import { rfc3339 } from '../../base/clock.ts';
import { invalid } from '../../base/errors.ts';
import { goDurationIn } from '../../base/go-text.ts';
import { type Builder, PlainText, PRUNE_FILTERS, type PruneOptions, type Usage } from '../../builder/index.ts';
import type { ApiRequest, Handlers } from '../handler.ts';

export function builderHandlers(builder: Builder): Handlers {
  return {
    BuildPrune: async (request, response) => {
      const { removed, reclaimed } = await builder.prune(pruneRequest(request));
      response.json({ CachesDeleted: removed.map(({ id }) => id), SpaceReclaimed: reclaimed });
    },
    BuildCancel: (request, response) => {
      if (!request.query.id) throw invalid('build ID not provided');
      builder.cancel(request.query.id);
      response.empty(204);
    },
    BerthCacheList: (_, response) => response.json(builder.cacheMounts.all()),
    BerthCacheExport: async (request, response) => {
      const { key } = builder.cacheMounts.find(request.query.id ?? '');
      const stream = response.stream('application/x-tar');
      for await (const chunk of builder.cacheMounts.archive(key, request.signal)) {
        if (request.signal.aborted) return;
        await stream.write(chunk);
      }
      stream.end();
    },
    BerthCacheImport: async (request, response) => {
      const { id = '' } = request.query;
      if (id === '') throw invalid('the id of a cache mount is required');
      response.json(await builder.cacheMounts.fill(id, request.body as AsyncIterable<Uint8Array>, request.signal));
    },
    BerthBuildList: (_, response) => response.json(builder.history.list()),
    BerthBuildInspect: (request, response) => response.json(builder.history.find(request.params['id'] ?? '')),
    BerthBuildDelete: (request, response) => {
      response.json({ Id: builder.history.remove(request.params['id'] ?? '') });
    },
    BerthBuildLogs: async (request, response) => {
      const { id } = builder.history.find(request.params['id'] ?? '');
      const stream = response.stream('text/plain');
      const text = new PlainText();
      for await (const event of builder.history.events(id, request.query.follow ?? false)) {
        if (request.signal.aborted) return;
        const lines = text.add(event);
        if (lines !== '') await stream.write(lines);
      }
      stream.end();
    },
  };
}

function pruneRequest({ query }: ApiRequest<'BuildPrune'>): PruneOptions {
  const filters = new Map<string, readonly string[]>();
  for (const [key, values] of query.filters ?? []) {
    const name = key.replace(/!$/, '');
    if (!PRUNE_FILTERS.includes(name)) throw invalid(`invalid filter '${key}'`);
    filters.set(
      name,
      name === 'until' || name === 'unused-for'
        ? values.map((value) => String(goDurationIn(value) ?? bad(value)))
        : values,
    );
  }
  const keep = query['reserved-space'] ?? query['keep-storage'] ?? 0;
  const bound = query['max-used-space'] ?? 0;
  return { all: query.all ?? false, filters, keepBytes: bound > 0 ? bound : keep };
}

function bad(value: string): never {
  throw invalid(`"until" filter expects a duration (e.g., '24h'), got ${value}`);
}

/** A row of `system df`. */
export function cacheRow(one: Usage, minor: number): object {
  return {
    ID: one.id,
    ...(minor < 43 ? { Parent: one.parents[0] ?? '' } : {}),
    ...(one.parents.length > 0 ? { Parents: one.parents } : {}),
    Type: one.type,
    Description: one.description,
    InUse: one.inUse,
    Shared: one.shared,
    Size: one.size,
    CreatedAt: rfc3339(one.created),
    LastUsedAt: rfc3339(one.used),
    UsageCount: one.uses,
  };
}
