// The X-Registry-Auth header: what a client's user shows to a registry.
import type { IncomingHttpHeaders } from 'node:http';
import type { Credentials } from '../registry/client/index.ts';

const MAX_HEADER = 64 * 1024;

/** What cannot be read is nothing, as dockerd has it: the registry says then that it wants to know who asks. */
export function credentialsOf(headers: IncomingHttpHeaders): Credentials {
  const header = headers['x-registry-auth'];
  if (typeof header !== 'string' || header.length > MAX_HEADER) return {};
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(header, 'base64url').toString('utf8'));
  } catch {
    return {};
  }
  if (typeof value !== 'object' || value === null) return {};
  const fields = new Map(Object.entries(value).map(([key, one]) => [key.toLowerCase(), one as unknown]));
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
