// Which variables an instruction sees: the environment of the image so far over the arguments that were declared. Pure.
import { BUILTIN_ARGS, PROXY_ARGS } from '../dockerfile/index.ts';

export interface Arg {
  readonly key: string;
  /** undefined for one that was declared and got no value. */
  readonly value: string | undefined;
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

/** Later declarations of a name count. */
function argumentMap(args: readonly Arg[]): Map<string, string> {
  const found = new Map<string, string>();
  for (const { key, value } of args) {
    if (value === undefined) found.delete(key);
    else found.set(key, value);
  }
  return found;
}

export function visible(env: readonly string[], args: readonly Arg[]): Map<string, string> {
  return new Map([...argumentMap(args), ...environmentMap(env)]);
}

/** The environment of a RUN step: the image's, its arguments as `args`, and what of the given ones is hidden from the cache. */
export function runEnvironment(
  env: readonly string[],
  args: readonly Arg[],
  buildArgs: ReadonlyMap<string, string>,
): { readonly env: string[]; readonly args: string[]; readonly hidden: string[] } {
  const own = environmentMap(env);
  const declared = [...argumentMap(args)].filter(([key]) => !own.has(key));
  const taken = new Set(declared.map(([key]) => key));
  const hidden = [...buildArgs].filter(([key]) => PROXY_ARGS.includes(key) && !own.has(key) && !taken.has(key));
  const pair = ([key, value]: [string, string]): string => `${key}=${value}`;
  return { env: [...env], args: declared.map(pair), hidden: hidden.map(pair) };
}

export function unusedArgs(buildArgs: ReadonlyMap<string, string>, declared: ReadonlySet<string>): string[] {
  return [...buildArgs.keys()].filter(
    (key) => !declared.has(key) && !PROXY_ARGS.includes(key) && !BUILTIN_ARGS.includes(key),
  );
}
