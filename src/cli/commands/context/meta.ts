// What is known of a context, also of the one that is in no file.
import { DEFAULT_SOCKET } from '../../../client/index.ts';
import type { Context } from '../../session/context.ts';
import { type ContextMeta, DEFAULT_CONTEXT } from '../../../client/config/index.ts';

/** What lists and copies say of the default context. */
export const DEFAULT_DESCRIPTION = 'Current DOCKER_HOST based configuration';

/** Throws a Failure when there is none of that name. */
export function metaOf(context: Context, name: string): ContextMeta {
  return name === DEFAULT_CONTEXT ? defaultMeta(context) : context.contexts.get(name);
}

/** The daemon that flags and variables name, whatever context is the current one. */
export function defaultMeta(context: Context): ContextMeta {
  const { env, globals } = context;
  const Host = globals.host[0] || env['BERTH_HOST'] || env['DOCKER_HOST'] || `unix://${DEFAULT_SOCKET}`;
  return { Name: DEFAULT_CONTEXT, Metadata: {}, Endpoints: { docker: { Host, SkipTLSVerify: false } } };
}

/** The variable that names a host, which goes before the current context. */
export function overridingVariable({ env }: Context): string | undefined {
  return ['BERTH_HOST', 'DOCKER_HOST'].find((name) => env[name]);
}
