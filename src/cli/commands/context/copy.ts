// A context as a whole, with its files for TLS, on its way to another name or machine.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Context } from '../../session/context.ts';
import { type ContextMeta, DEFAULT_CONTEXT } from '../../../client/config/index.ts';
import { DEFAULT_DESCRIPTION, metaOf } from './meta.ts';

export interface WholeContext {
  readonly meta: ContextMeta;
  /** Files by endpoint and name. */
  readonly tls: ReadonlyMap<string, ReadonlyMap<string, Buffer>>;
}

export function copyOf(context: Context, name: string): WholeContext {
  const meta = metaOf(context, name);
  if (name === DEFAULT_CONTEXT)
    return { meta: { ...meta, Metadata: { Description: DEFAULT_DESCRIPTION } }, tls: new Map() };
  const { contexts } = context;
  const tls = new Map(
    Object.entries(contexts.tlsFiles(name)).map(([endpoint, files]) => [
      endpoint,
      new Map(files.map((file) => [file, readFileSync(join(contexts.tlsPath(name), endpoint, file))])),
    ]),
  );
  return { meta, tls };
}

/** In place of what has that name. */
export function place({ contexts }: Context, { meta, tls }: WholeContext): void {
  contexts.remove(meta.Name);
  contexts.save(meta);
  for (const [endpoint, files] of tls) contexts.setTls(meta.Name, endpoint, files);
}
