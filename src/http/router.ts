// From method and path to a row of a table of routes. Pure.

export interface Route {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** `/v2/{name+}/blobs/{digest}`: a parameter is one segment, one with `+` (at most one a path) is one or more of them. */
  readonly path: string;
}

export type Params = Readonly<Record<string, string>>;

export type Match<R> =
  | { readonly kind: 'found'; readonly route: R; readonly params: Params }
  /** The path is known, but not with this method. */
  | { readonly kind: 'method'; readonly allow: readonly string[] }
  | { readonly kind: 'none' };

interface Pattern<R> {
  readonly route: R;
  readonly segments: readonly string[];
  /** Where the parameter of several segments stands; -1 for none. */
  readonly wide: number;
}

/** Earlier rows win. HEAD is served by the row of GET. Throws URIError for a broken escape in a parameter. */
export function createRouter<R extends Route>(routes: readonly R[]): (method: string, path: string) => Match<R> {
  const patterns: Pattern<R>[] = routes.map((route) => {
    const segments = route.path.split('/').slice(1);
    return { route, segments, wide: segments.findIndex((segment) => segment.endsWith('+}')) };
  });
  return (method, path) => {
    const wanted = method === 'HEAD' ? 'GET' : method;
    const segments = path.split('/').slice(1);
    const allow = new Set<string>();
    for (const pattern of patterns) {
      const params = matchSegments(pattern, segments);
      if (!params) continue;
      if (pattern.route.method === wanted) return { kind: 'found', route: pattern.route, params };
      allow.add(pattern.route.method);
      if (pattern.route.method === 'GET') allow.add('HEAD');
    }
    return allow.size > 0 ? { kind: 'method', allow: [...allow] } : { kind: 'none' };
  };
}

function matchSegments<R>({ segments, wide }: Pattern<R>, path: readonly string[]): Params | undefined {
  if (wide < 0) {
    if (segments.length !== path.length) return undefined;
    return bind(segments, path);
  }
  const after = segments.length - wide - 1;
  if (path.length < segments.length) return undefined;
  const before = bind(segments.slice(0, wide), path.slice(0, wide));
  const behind = bind(segments.slice(wide + 1), path.slice(path.length - after));
  if (!before || !behind) return undefined;
  const middle = path
    .slice(wide, path.length - after)
    .map(decodeURIComponent)
    .join('/');
  return { ...before, [(segments[wide] ?? '').slice(1, -2)]: middle, ...behind };
}

function bind(segments: readonly string[], path: readonly string[]): Record<string, string> | undefined {
  const params: Record<string, string> = {};
  for (const [index, segment] of segments.entries()) {
    const text = path[index] ?? '';
    if (!segment.startsWith('{')) {
      if (segment !== text) return undefined;
    } else if (text === '') return undefined;
    else params[segment.slice(1, -1)] = decodeURIComponent(text);
  }
  return params;
}
