// The environment of a container's process, in Docker's order.

const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

export interface EnvironmentInput {
  readonly hostname: string;
  readonly tty: boolean;
  /** Variables of legacy links. */
  readonly linked: readonly string[];
  /** `KEY=value`; a bare `KEY` removes one that was there. */
  readonly env: readonly string[];
}

/** PATH, HOSTNAME, TERM for a terminal, links, then the container's own. HOME is the runtime's: it knows the user's. */
export function environmentOf({ hostname, tty, linked, env }: EnvironmentInput): string[] {
  const start = [`PATH=${DEFAULT_PATH}`, `HOSTNAME=${hostname}`];
  if (tty) start.push('TERM=xterm');
  return withOverrides([...start, ...linked], env);
}

/** The container's environment with an exec's over it. */
export function execEnvironment(container: readonly string[], tty: boolean, env: readonly string[]): string[] {
  const named = container.some((one) => one.startsWith('TERM='));
  return withOverrides(tty && !named ? [...container, 'TERM=xterm'] : container, env);
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
