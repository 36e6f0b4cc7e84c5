// The headers X-Registry-Auth and X-Registry-Config: what a client's user shows to a registry.
import type { IncomingHttpHeaders } from 'node:http';
import { before } from '../base/ends.ts';
import type { Credentials } from '../registry/client/index.ts';

const MAX_HEADER = 64 * 1024;
/** Of all registries together. */
const MAX_CONFIG = 512 * 1024;

/** What cannot be read is nothing, as dockerd has it: the registry says then that it wants to know who asks. */
export function credentialsOf(headers: IncomingHttpHeaders): Credentials {
  return credentialsIn(objectIn(headers['x-registry-auth'], MAX_HEADER));
}

/** The X-Registry-Config header of a build: credentials by registry, each under the address that the client's user logged in to. */
export function registryConfigOf(headers: IncomingHttpHeaders): (domain: string) => Credentials {
  const entries = Object.entries(objectIn(headers['x-registry-config'], MAX_CONFIG));
  return (domain) => {
    const found =
      entries.find(([address]) => address === domain) ?? entries.find(([address]) => hostOf(address) === domain);
    const entry = found?.[1];
    return typeof entry === 'object' && entry !== null ? credentialsIn(entry as Record<string, unknown>) : {};
  };
}

/** The registry of an address as clients keep it: `https://index.docker.io/v1/` is the hub's. */
function hostOf(address: string): string {
  const host = before(address.replace(/^[a-z]+:\/\//i, ''), '/');
  return host === 'index.docker.io' || host === 'registry-1.docker.io' ? 'docker.io' : host;
}

function objectIn(header: string | string[] | undefined, limit: number): Record<string, unknown> {
  if (typeof header !== 'string' || header.length > limit) return {};
  try {
    const value: unknown = JSON.parse(Buffer.from(header, 'base64url').toString('utf8'));
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

function credentialsIn(value: Record<string, unknown>): Credentials {
  const fields = new Map(Object.entries(value).map(([key, one]) => [key.toLowerCase(), one]));
  const text = (name: string): string => {
    const one = fields.get(name);
    return typeof one === 'string' ? one : '';
  };
  const [user, ...rest] = Buffer.from(text('auth'), 'base64').toString('utf8').split(':');
  const username = text('username') || (user ?? '');
  const password = text('password') || rest.join(':');
  return {
    ...(username === '' ? {} : { username, password }),
    ...(text('identitytoken') === '' ? {} : { identityToken: text('identitytoken') }),
    ...(text('registrytoken') === '' ? {} : { registryToken: text('registrytoken') }),
  };
}
