// Removes every stopped container that the filters let pass.

import { parseRfc3339 } from '../../base/clock.ts';
import { invalid } from '../../base/errors.ts';
import { goDurationIn } from '../../base/go-text.ts';
import type { ContainerPruneResponse, Filters } from '../../spec/docker/index.ts';
import type { EngineContext } from '../container/context.ts';
import { isActive } from '../lifecycle/index.ts';
import { fileLengths } from '../../host/sandbox/disk-usage.ts';
import { matchesLabels } from './list-filter.ts';
import { remove } from './remove.ts';

export async function prune(context: EngineContext, filters: Filters): Promise<ContainerPruneResponse> {
  for (const key of filters.keys())
    if (!['label', 'label!', 'until'].includes(key)) throw invalid(`invalid filter '${key}'`);
  const until = untilOf(filters.get('until'));
  const deleted: string[] = [];
  let reclaimed = 0;
  for (const container of context.registry.all()) {
    const { record } = container;
    if (isActive(record.state.phase) || record.state.phase === 'removing') continue;
    if (until !== undefined && (parseRfc3339(record.created) ?? 0n) > until) continue;
    if (!matchesLabels(filters.get('label') ?? [], record.config.Labels)) continue;
    const unwanted = filters.get('label!') ?? [];
    if (unwanted.length > 0 && matchesLabels(unwanted, record.config.Labels)) continue;
    const size = await fileLengths(context.paths.of(container.id).upper);
    const gone = await context.locks.run(container.id, async () => {
      if (isActive(record.state.phase) || !context.registry.find(container.id)) return false;
      await remove(context, container, { force: false, volumes: false });
      return true;
    });
    if (!gone) continue;
    deleted.push(container.id);
    reclaimed += size;
  }
  context.events({ type: 'container', action: 'prune', id: '', attributes: { reclaimed: String(reclaimed) } });
  return { ContainersDeleted: deleted.length === 0 ? null : deleted, SpaceReclaimed: reclaimed };
}

/** Nanoseconds since 1970 of `until=`: a duration before now, a Unix time or RFC 3339. */
export function untilOf(values: readonly string[] | undefined): bigint | undefined {
  if (values === undefined || values.length === 0) return undefined;
  const [value, second] = values;
  if (value === undefined || second !== undefined) throw invalid('more than one until filter specified');
  return timeOf(value) ?? fail(value);
}

function fail(value: string): never {
  throw invalid(`failed to parse value as time or duration: "${value}"`);
}

/** Nanoseconds since 1970 of `10m` (ago), `1700000000.5` or RFC 3339 with or without its parts; undefined for anything else. */
export function timeOf(value: string): bigint | undefined {
  const duration = goDurationIn(value);
  if (duration !== undefined && value !== '0') return BigInt(Date.now()) * 1_000_000n - duration;
  const unix = /^(-?\d+)(?:\.(\d{1,9}))?$/.exec(value);
  if (unix) return BigInt(unix[1] ?? '0') * 1_000_000_000n + BigInt((unix[2] ?? '').padEnd(9, '0') || '0');
  const exact = parseRfc3339(value);
  if (exact !== undefined) return exact;
  if (/^\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d+)?)?)?(?:Z|[+-]\d\d:\d\d)?$/.test(value)) {
    const ms = Date.parse(value);
    if (!Number.isNaN(ms)) return BigInt(ms) * 1_000_000n;
  }
  return undefined;
}
