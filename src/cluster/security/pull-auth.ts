// What a registry is shown when a node fetches a service's image: sealed in the store, opened for nodes that have its tasks.
import { parseJson } from '../../base/json.ts';
import { registryOf } from '../../spec/docker/shorthand/reference.ts';
import { seal, type SealKey, unseal } from './seal.ts';

export interface PullCredentials {
  readonly username?: string;
  readonly password?: string;
  readonly identityToken?: string;
  readonly registryToken?: string;
}

interface PullAuth {
  /** No other one is shown them, whatever image the service gets later. */
  readonly registry: string;
  readonly credentials: PullCredentials;
}

const subject = (service: string): string => `pull ${service}`;

/** Nothing for credentials that say nothing. */
export function sealPullAuth(
  key: SealKey,
  service: string,
  image: string,
  credentials: PullCredentials | undefined,
): string | undefined {
  if (credentials === undefined || Object.keys(credentials).length === 0) return undefined;
  const auth: PullAuth = { registry: registryOf(image), credentials };
  return seal(key, subject(service), Buffer.from(JSON.stringify(auth)));
}

/** Undefined where they are for another registry than the image's. */
export function openPullAuth(
  key: SealKey,
  service: string,
  image: string,
  sealed: string | undefined,
): PullCredentials | undefined {
  if (sealed === undefined) return undefined;
  const { registry, credentials } = parseJson(unseal(key, subject(service), sealed).toString()) as PullAuth;
  return registry === registryOf(image) ? credentials : undefined;
}

/** Among the contents that a node gets with its tasks, the place of what the image's registry is shown; ids of secrets have no blanks. */
export function pullFile(service: string, image: string): string {
  return `${subject(service)} ${registryOf(image)}`;
}
