// The attributes of a Dockerfile build, as clients of BuildKit write them, read into what the builder is asked for.
import { invalid, notImplemented } from '../../../base/errors.ts';
import { isDockerfileFrontend } from '../../model/build-arguments.ts';
import type { CacheExport, CacheImport, StepLimits } from '../../model/request.ts';

export type Attributes = ReadonlyMap<string, string>;

export function prefixed(attributes: Attributes, prefix: string): Map<string, string> {
  return new Map(
    [...attributes].filter(([key]) => key.startsWith(prefix)).map(([key, value]) => [key.slice(prefix.length), value]),
  );
}

export function list(text: string | undefined): string[] {
  return (text ?? '')
    .split(',')
    .map((one) => one.trim())
    .filter((one) => one !== '');
}

/** `no-cache` without a value means everything, with one the stages. */
export function noCacheOf(attributes: Attributes): { readonly noCache?: boolean; readonly noCacheFilter?: string[] } {
  const value = attributes.get('no-cache');
  if (value === undefined) return {};
  return value === '' ? { noCache: true } : { noCacheFilter: list(value) };
}

export function networkOf(attributes: Attributes): string | undefined {
  const mode = attributes.get('force-network-mode');
  if (mode === undefined || mode === '') return undefined;
  if (mode === 'host' || mode === 'none') return mode;
  if (mode === 'sandbox' || mode === 'default') return 'default';
  throw invalid(`unsupported network mode ${mode}`);
}

export function hostsOf(text: string | undefined): { host: string; ip: string }[] {
  return list(text).map((one) => {
    const at = one.indexOf('=');
    if (at < 1) throw invalid(`invalid key-value pair ${JSON.stringify(one)}`);
    return { host: one.slice(0, at), ip: one.slice(at + 1) };
  });
}

export function limitsOf(attributes: Attributes): StepLimits {
  const count = (key: string): number | undefined => {
    const value = attributes.get(key);
    if (value === undefined || value === '') return undefined;
    if (!/^-?\d+$/.test(value)) throw invalid(`invalid ${key}: ${JSON.stringify(value)}`);
    return Number(value);
  };
  const values = {
    shmSize: count('shm-size'),
    memory: count('memory'),
    memorySwap: count('memswap'),
    cpuShares: count('cpushares'),
    cpuPeriod: count('cpuperiod'),
    cpuQuota: count('cpuquota'),
    cpusetCpus: attributes.get('cpusetcpus'),
    cpusetMems: attributes.get('cpusetmems'),
    cgroupParent: attributes.get('cgroup-parent'),
  };
  const ulimits = list(attributes.get('ulimit')).map((one) => {
    const found = /^([a-z]+)=(-?\d+)(?::(-?\d+))?$/.exec(one);
    if (!found) throw invalid(`invalid ulimit argument: ${one}`);
    return { Name: found[1] ?? '', Soft: Number(found[2]), Hard: Number(found[3] ?? found[2]) };
  });
  return {
    ...Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined && value !== '')),
    ...(ulimits.length > 0 ? { ulimits } : {}),
  };
}

interface CacheEntry {
  readonly type: string;
  readonly attrs: ReadonlyMap<string, string>;
}

export function cacheImportsOf(attributes: Attributes, entries: readonly CacheEntry[]): CacheImport[] {
  const all: CacheEntry[] = [...entries];
  const text = attributes.get('cache-imports');
  if (text !== undefined && text !== '') {
    let parsed: unknown;
    try {
      parsed = JSON.parse(text);
    } catch {
      throw invalid('failed to unmarshal cache-imports');
    }
    for (const one of Array.isArray(parsed) ? (parsed as { Type?: unknown; Attrs?: unknown }[]) : [])
      all.push({
        type: typeof one.Type === 'string' ? one.Type : '',
        attrs: new Map(Object.entries((one.Attrs ?? {}) as Record<string, string>)),
      });
  } else
    for (const reference of list(attributes.get('cache-from')))
      all.push({ type: 'registry', attrs: new Map([['ref', reference]]) });
  const seen = new Set<string>();
  return all.flatMap(({ type, attrs }): CacheImport[] => {
    const key = JSON.stringify([type, [...attrs.keys()].sort().map((name) => [name, attrs.get(name)])]);
    if (seen.has(key)) return [];
    seen.add(key);
    return [{ type, attributes: Object.fromEntries(attrs) }];
  });
}

export function cacheExportsOf(entries: readonly CacheEntry[]): CacheExport[] {
  return entries.map(({ type, attrs }) => ({
    type,
    mode: attrs.get('mode') === 'max' ? 'max' : 'min',
    attributes: Object.fromEntries(attrs),
  }));
}

/** Frontends are not programs here: the Dockerfile language is one, and images of it are taken for it. */
export function checkFrontend(frontend: string, attributes: Attributes): void {
  if (frontend === 'dockerfile.v0') return;
  if (frontend === 'gateway.v0') {
    const source = attributes.get('source') ?? '';
    if (isDockerfileFrontend(source)) return;
    throw notImplemented(`frontend ${source || frontend} is not implemented by this daemon`);
  }
  throw invalid(`frontend ${frontend} not found`);
}
