// Build arguments: which exist without being declared, and what is in scope where.
import type { Instruction } from './syntax/instructions.ts';
import { Budget, expand, type Variables } from './syntax/expand.ts';

/** Usable in RUN without ARG; in no history and in no cache key. */
export const PROXY_ARGS: readonly string[] = [
  'HTTP_PROXY',
  'HTTPS_PROXY',
  'FTP_PROXY',
  'NO_PROXY',
  'ALL_PROXY',
].flatMap((name) => [name, name.toLowerCase()]);

/** Given to the builder and never unconsumed. */
export const BUILTIN_ARGS: readonly string[] = [
  'BUILDKIT_BUILD_NAME',
  'BUILDKIT_CACHE_MOUNT_NS',
  'BUILDKIT_CONTEXT_KEEP_GIT_DIR',
  'BUILDKIT_INLINE_CACHE',
  'BUILDKIT_MULTI_PLATFORM',
  'BUILDKIT_SANDBOX_HOSTNAME',
  'BUILDKIT_SYNTAX',
  'BUILDKIT_DOCKERFILE_CHECK',
  'SOURCE_DATE_EPOCH',
];

export interface Platform {
  readonly os: string;
  readonly architecture: string;
  /** For example `v7`; empty for most. */
  readonly variant: string;
}

export const platformText = ({ os, architecture, variant }: Platform): string =>
  [os, architecture, ...(variant ? [variant] : [])].join('/');

/** The arguments that the builder sets. A stage has to ask for them by ARG; FROM sees them at once. */
export function automaticArgs(build: Platform, target: Platform, targetStage: string): Map<string, string> {
  return new Map([
    ['BUILDPLATFORM', platformText(build)],
    ['BUILDOS', build.os],
    ['BUILDOSVERSION', ''],
    ['BUILDARCH', build.architecture],
    ['BUILDVARIANT', build.variant],
    ['TARGETPLATFORM', platformText(target)],
    ['TARGETOS', target.os],
    ['TARGETOSVERSION', ''],
    ['TARGETARCH', target.architecture],
    ['TARGETVARIANT', target.variant],
    ['TARGETSTAGE', targetStage || 'default'],
  ]);
}

/** What FROM sees: automatic arguments, and those before the first FROM with what was given in place of their defaults. Throws a Failure. */
export function globalScope(
  automatic: ReadonlyMap<string, string>,
  metaArgs: readonly Instruction<'arg'>[],
  given: ReadonlyMap<string, string>,
  escape: string,
  budget = new Budget(),
): Map<string, string> {
  const scope = new Map(automatic);
  for (const name of automatic.keys()) {
    const value = given.get(name);
    if (value !== undefined) scope.set(name, value);
  }
  for (const { definitions } of metaArgs) {
    for (const { key, value } of definitions) {
      const outside = given.get(key);
      if (outside !== undefined) scope.set(key, outside);
      else if (value !== undefined) scope.set(key, expand(value, scope, escape, { budget }).text);
    }
  }
  return scope;
}

export interface ArgValue {
  readonly key: string;
  /** Undefined when nothing gives it one: then it is not set. */
  readonly value: string | undefined;
  /** Variables of its default that were not there. */
  readonly missing: ReadonlySet<string>;
}

/** One ARG inside a stage: what was given, else its default, else the value from before the first FROM. Throws a Failure. */
export function stageArg(
  definition: { readonly key: string; readonly value: string | undefined },
  variables: Variables,
  given: ReadonlyMap<string, string>,
  global: ReadonlyMap<string, string>,
  escape: string,
  budget = new Budget(),
): ArgValue {
  const { key, value } = definition;
  const outside = given.get(key);
  if (outside !== undefined) return { key, value: outside, missing: new Set() };
  if (value !== undefined) {
    const { text, missing } = expand(value, variables, escape, { budget });
    return { key, value: text, missing };
  }
  return { key, value: global.get(key), missing: new Set() };
}
