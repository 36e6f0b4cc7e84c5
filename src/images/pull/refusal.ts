// What a pull that failed says: Docker's words around those of the registry. Pure.
import { type BerthError, internal, notFound } from '../../base/errors.ts';
import { NetworkError, RefusedError } from '../../registry/failures/index.ts';
import { familiarName, familiarString, type Reference } from '../reference/index.ts';

const MADE_HERE = new Set(['library/busybox', 'library/debian']);

export function pullError(error: unknown, reference: Reference): unknown {
  if (error instanceof RefusedError) {
    const name = familiarName(reference);
    const missing = (words: string): BerthError => notFound(`${words}: ${error.message}`, { cause: error });
    if (error.code === 'DENIED' || error.code === 'UNAUTHORIZED') {
      // dockerd does not call this unauthorized, and the docker CLI would ask for a password then
      if (error.message.includes('no basic auth credentials'))
        return internal(asHead(error.message, reference), { cause: error });
      return missing(`pull access denied for ${name}, repository does not exist or may require 'docker login'`);
    }
    if (error.code === 'BLOB_UNKNOWN') return notFound(missingBlob(error), { cause: error });
    if (error.code === 'NAME_UNKNOWN') return missing(`repository ${name} not found`);
    if (error.code === 'MANIFEST_UNKNOWN' || error.status === 404)
      return missing(`manifest for ${familiarString(reference)} not found`);
    return error;
  }
  if (error instanceof NetworkError)
    return internal(error.message, {
      cause: error,
      ...(reference.domain === 'docker.io' && MADE_HERE.has(reference.path) ? { hint: madeHere(reference) } : {}),
    });
  return error;
}

export function missingBlob({ message }: RefusedError): string {
  return `download failed after attempts=1: ${message}`;
}

/** dockerd asks for what a tag leads to by HEAD first. */
function asHead(words: string, { digest }: Reference): string {
  return digest === undefined && words.includes('/manifests/') ? words.replace(/^Get /, 'Head ') : words;
}

function madeHere(reference: Reference): string {
  return `No registry can be reached. "berth image bootstrap ${familiarName(reference)}" makes this image from the packages of this host's distribution.`;
}
