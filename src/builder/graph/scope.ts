// Which variables an instruction sees: those of the image so far and the arguments that were declared, the later one of a name. Pure.
import { BUILTIN_ARGS, PROXY_ARGS } from '../dockerfile/index.ts';

export interface Arg {
  readonly key: string;
  /** undefined for one that was declared and got no value. */
  readonly value: string | undefined;
}

export function namesOf(env: readonly string[]): string[] {
  return [...environmentMap(env).keys()];
}

/** `A=b` lines as a map; the last of a name counts. */
function environmentMap(env: readonly string[]): Map<string, string> {
  return new Map(
    env.map((pair) => {
      const at = pair.indexOf('=');
      return at < 0 ? [pair, ''] : [pair.slice(0, at), pair.slice(at + 1)];
    }),
  );
}

/** The environment with a variable set, in its old place when it had one. */
export function withVariable(env: readonly string[], key: string, value: string): string[] {
  const at = env.findIndex((pair) => pair.split('=', 1)[0] === key);
  if (at < 0) return [...env, `${key}=${value}`];
  return env.map((pair, index) => (index === at ? `${key}=${value}` : pair));
}

/** Later declarations of a name count; one without a value leaves what was there. */
function argumentMap(args: readonly Arg[]): Map<string, string> {
  return new Map(args.flatMap(({ key, value }) => (value === undefined ? [] : [[key, value]])));
}

/** Arguments after an ENV that sets some of their names: from there on the image's value is the one that is seen. */
export function argsAfterEnv(args: readonly Arg[], keys: readonly string[]): Arg[] {
  return args.map((arg) => (keys.includes(arg.key) ? { key: arg.key, value: undefined } : arg));
}

export function visible(env: readonly string[], args: readonly Arg[]): Map<string, string> {
  return new Map([...environmentMap(env), ...argumentMap(args)]);
}

/** The environment of a RUN step: the image's, its arguments as `args`, and what of the given ones is hidden from the cache. */
export function runEnvironment(
  env: readonly string[],
  args: readonly Arg[],
  buildArgs: ReadonlyMap<string, string>,
): { readonly env: string[]; readonly args: string[]; readonly hidden: string[] } {
  const declared = argumentMap(args);
  const own = [...environmentMap(env)].filter(([key]) => !declared.has(key));
  const taken = new Set([...own.map(([key]) => key), ...declared.keys()]);
  const hidden = [...buildArgs].filter(([key]) => PROXY_ARGS.includes(key) && !taken.has(key));
  const pair = ([key, value]: [string, string]): string => `${key}=${value}`;
  return { env: own.map(pair), args: [...declared].map(pair), hidden: hidden.map(pair) };
}

export function unusedArgs(buildArgs: ReadonlyMap<string, string>, declared: ReadonlySet<string>): string[] {
  return [...buildArgs.keys()].filter(
    (key) => !declared.has(key) && !PROXY_ARGS.includes(key) && !BUILTIN_ARGS.includes(key),
  );
}
