// The environment of a container's process, in Docker's order.

const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

export interface EnvironmentInput {
  readonly hostname: string;
  readonly tty: boolean;
  /** Variables of legacy links. */
  readonly linked: readonly string[];
  /** `KEY=value`; a bare `KEY` removes one that was there. */
  readonly env: readonly string[];
  /** Of the user, for an environment that names none. */
  readonly home: string;
}

/** PATH, HOSTNAME, TERM for a terminal, links, then the container's own, then HOME. */
export function environmentOf({ hostname, tty, linked, env, home }: EnvironmentInput): string[] {
  const start = [`PATH=${DEFAULT_PATH}`, `HOSTNAME=${hostname}`];
  if (tty) start.push('TERM=xterm');
  return withHome(withOverrides([...start, ...linked], env), home);
}

/** The container's environment with an exec's over it. `home`: of another user than the container's. */
export function execEnvironment(
  container: readonly string[],
  tty: boolean,
  env: readonly string[],
  home: string | undefined,
): string[] {
  const kept = home === undefined ? container : container.filter((one) => !one.startsWith('HOME='));
  const named = kept.some((one) => one.startsWith('TERM='));
  return withHome(withOverrides(tty && !named ? [...kept, 'TERM=xterm'] : kept, env), home ?? '/');
}

/**
 * The runtimes would look HOME up themselves, in whatever the container has made of its /etc/passwd by then: a FIFO there
 * holds crun for ever.
 */
function withHome(env: readonly string[], home: string): string[] {
  const given = env.some((one) => one.startsWith('HOME=') && one !== 'HOME=');
  return given ? [...env] : [...env.filter((one) => one !== 'HOME='), `HOME=${home || '/'}`];
}

function withOverrides(base: readonly string[], over: readonly string[]): string[] {
  // A key holds the entry it was first seen at, so a repeated key keeps its place.
  const env = new Map<string, string>();
  const keyOf = (one: string): string => (one.includes('=') ? one.slice(0, one.indexOf('=')) : one);
  for (const one of base) env.set(keyOf(one), one);
  for (const one of over) {
    if (one.includes('=')) env.set(keyOf(one), one);
    else env.delete(one);
  }
  return [...env.values()];
}
