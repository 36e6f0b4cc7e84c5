// From method and path to a route of the table.
import { type Route, type RouteId, routes } from '../spec/docker/index.ts';

export interface Match {
  readonly id: RouteId;
  readonly params: Readonly<Record<string, string>>;
}

interface Pattern {
  readonly id: RouteId;
  readonly method: Route['method'];
  readonly expression: RegExp;
  readonly names: readonly string[];
}

/** Names of images, plugins and distributions hold slashes; that of a link has one: the container's that it belongs to is before it. */
const NAMES: Readonly<Record<string, string>> = {
  images: '(.+)',
  distribution: '(.+)',
  plugins: '(.+)',
  containers: '([^/]+(?:/[^/]+)?)',
};

const exact = new Map<string, RouteId>();
const patterns = new Map<string, Pattern[]>();

for (const [id, route] of Object.entries(routes) as [RouteId, Route][]) {
  if (!route.path.includes('{')) {
    exact.set(`${route.method} ${route.path}`, id);
    continue;
  }
  const first = route.path.split('/')[1] ?? '';
  const names = [...route.path.matchAll(/\{(\w+)\}/g)].map((match) => match[1] ?? '');
  const one = NAMES[first] ?? '([^/]+)';
  const expression = new RegExp(`^${route.path.replace(/\{\w+\}/g, one)}$`);
  const list = patterns.get(first) ?? [];
  list.push({ id, method: route.method, expression, names });
  patterns.set(first, list);
}
// dockerd lists networks by this path too
exact.set('GET /networks/', 'NetworkList');
// `/images/{name}/json` before `/images/{name}`, whose name would swallow the rest
for (const list of patterns.values()) list.sort((a, b) => b.expression.source.length - a.expression.source.length);

/** `/networks/` is an alias that old clients use. undefined when no route has this method and path; Docker does not tell the two apart. */
export function findRoute(method: string, path: string): Match | undefined {
  const fixed = exact.get(`${method} ${path === '/networks/' ? '/networks' : path}`);
  if (fixed) return { id: fixed, params: {} };
  for (const pattern of patterns.get(path.split('/')[1] ?? '') ?? []) {
    const match = pattern.method === method ? pattern.expression.exec(path) : null;
    if (!match) continue;
    const params = decoded(pattern.names, match.slice(1));
    return params && { id: pattern.id, params };
  }
  return undefined;
}

function decoded(names: readonly string[], values: readonly string[]): Record<string, string> | undefined {
  try {
    return Object.fromEntries(names.map((name, index) => [name, decodeURIComponent(values[index] ?? '')]));
  } catch {
    return undefined;
  }
}
