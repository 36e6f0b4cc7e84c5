// The repositories that a registry has, for those registries that say so.
import { type Answer, refuse } from './http.ts';
import { type Access, jsonOf, pageAfter, sendAuthorized } from './remote.ts';
import type { Credentials } from './tokens.ts';

const MAX_PAGE_BYTES = 8 * 1024 * 1024;

/** Throws RefusedError where the registry keeps it to itself. */
export async function* listRepositories(
  access: Access,
  credentials: Credentials,
  signal: AbortSignal,
): AsyncGenerator<string, void, void> {
  let url: URL | undefined = new URL(`${access.endpoint.prefix}/v2/_catalog?n=1000`, access.base);
  while (url) {
    const answer: Answer = await sendAuthorized(access, credentials, { method: 'GET', url, signal }, [
      'registry:catalog:*',
    ]);
    if (answer.status !== 200) return refuse('GET', answer);
    const body = (await jsonOf(answer, MAX_PAGE_BYTES, 'the catalog')) as { repositories?: unknown } | null;
    const names: unknown[] = Array.isArray(body?.repositories) ? body.repositories : [];
    for (const name of names) if (typeof name === 'string') yield name;
    url = pageAfter(answer, url, names.length);
  }
}
