// Which records of the build cache go: filters, ages and sizes decide. Pure.

export interface Usage {
  readonly id: string;
  readonly parents: readonly string[];
  readonly type: 'regular' | 'source.local' | 'exec.cachemount';
  readonly description: string;
  readonly size: number;
  /** Nanoseconds since 1970. */
  readonly created: bigint;
  readonly used: bigint;
  readonly uses: number;
  /** A build works with it now. */
  readonly inUse: boolean;
  /** Images stand on the same layer: removing it frees nothing. */
  readonly shared: boolean;
}

export interface PruneOptions {
  /** Also what images share. */
  readonly all: boolean;
  /** Only what was not used for so long, nanoseconds. */
  readonly unusedFor?: bigint;
  /** Key and values as `--filter` has them. */
  readonly filters: ReadonlyMap<string, readonly string[]>;
  /** Bytes that may stay; 0 or absent for no bound. The last used stay. */
  readonly keepBytes?: number;
}

/** In the order in which they go: what was used least recently first, what stands on others before those. */
export function planPrune(usage: readonly Usage[], request: PruneOptions, now: bigint): Usage[] {
  const candidates = usage.filter(
    (one) =>
      !one.inUse &&
      (request.all || !one.shared) &&
      (request.unusedFor === undefined || now - one.used >= request.unusedFor) &&
      [...request.filters].every(([key, values]) => values.some((value) => matches(one, key, value, now))),
  );
  const chosen = new Set(candidates.map(({ id }) => id));
  let total = usage.reduce((sum, { size }) => sum + size, 0);
  const going: Usage[] = [];
  const gone = new Set<string>();
  const children = (id: string): boolean => usage.some((other) => other.parents.includes(id) && !gone.has(other.id));
  const order = candidates.toSorted((a, b) => (a.used < b.used ? -1 : a.used > b.used ? 1 : a.id < b.id ? -1 : 1));
  for (let progress = true; progress; ) {
    progress = false;
    for (const one of order) {
      if (request.keepBytes !== undefined && request.keepBytes > 0 && total <= request.keepBytes) return going;
      if (gone.has(one.id) || !chosen.has(one.id) || children(one.id)) continue;
      gone.add(one.id);
      going.push(one);
      total -= one.size;
      progress = true;
    }
  }
  return going;
}

function matches(one: Usage, key: string, value: string, now: bigint): boolean {
  switch (key) {
    case 'id':
      return one.id.startsWith(value);
    case 'type':
      return one.type === value;
    case 'description':
      return one.description.includes(value);
    case 'inuse':
      return one.inUse;
    case 'shared':
      return one.shared;
    case 'private':
      return !one.shared;
    case 'parent':
    case 'parents':
      return one.parents.includes(value);
    case 'until':
    case 'unused-for':
      return now - one.used >= BigInt(value);
    default:
      return true;
  }
}

/** Filters that are understood. */
export const PRUNE_FILTERS: readonly string[] = [
  'id',
  'type',
  'description',
  'inuse',
  'shared',
  'private',
  'parent',
  'parents',
  'until',
  'unused-for',
  'mutable',
  'immutable',
];
