// What the client knows of a registry: the credentials in config.json, and the header that carries them.
import { before } from '../../base/ends.ts';
import type { Context } from '../context.ts';
import { askHelper } from './registry/helper.ts';

/** Docker Hub, as config.json names it. */
export const INDEX = 'https://index.docker.io/v1/';

/** The registry of an image name: its first part when that looks like a host. */
export function registryOf(image: string): string {
  const slash = image.indexOf('/');
  const first = slash < 0 ? '' : image.slice(0, slash);
  const isHost = /[.:]/.test(first) || first === 'localhost';
  return !isHost || first === 'docker.io' || first === 'index.docker.io' ? INDEX : first;
}

/** The host of an address as people write it and as older clients kept it: without scheme and path. */
export function hostOf(address: string): string {
  return address === INDEX ? INDEX : before(address.replace(/^[a-z]+:\/\//i, ''), '/');
}

export interface Credentials {
  readonly username?: string;
  readonly password?: string;
  readonly identitytoken?: string;
  readonly serveraddress?: string;
}

export function credentials(context: Context, registry: string): Credentials {
  const config = context.config();
  const helper = helperOf(context, registry);
  if (helper !== undefined) return fromHelper(helper, registry);
  const auths = (config['auths'] ?? {}) as Record<string, { auth?: string; identitytoken?: string } | undefined>;
  const entry = auths[registry] ?? Object.entries(auths).find(([key]) => hostOf(key) === registry)?.[1];
  if (!entry) return {};
  const [username = '', password = ''] = Buffer.from(entry.auth ?? '', 'base64')
    .toString('utf8')
    .split(/:(.*)/s);
  return {
    ...(username === '' ? {} : { username, password }),
    ...(entry.identitytoken === undefined ? {} : { identitytoken: entry.identitytoken }),
    serveraddress: registry,
  };
}

/** The program that keeps the credentials of a registry; undefined when they are in config.json. */
export function helperOf(context: Context, registry: string): string | undefined {
  const { credHelpers, credsStore } = context.config();
  const own = (credHelpers as Record<string, string> | undefined)?.[registry];
  return own ?? (typeof credsStore === 'string' && credsStore !== '' ? credsStore : undefined);
}

function fromHelper(name: string, registry: string): Credentials {
  const kept = askHelper(name, registry);
  if (!kept) return {};
  if (kept.Username === '<token>') return { identitytoken: kept.Secret, serveraddress: registry };
  return { username: kept.Username, password: kept.Secret, serveraddress: registry };
}

/** The X-Registry-Auth header for an image. Most images can be had without: a helper that cannot be asked is only said. */
export function registryAuth(context: Context, image: string): string {
  try {
    return encodeAuth(credentials(context, registryOf(image)));
  } catch (error) {
    context.err(`WARNING: ${error instanceof Error ? error.message : String(error)}\n`);
    return encodeAuth({});
  }
}

/** The X-Registry-Config header of a classic build: all that the client's user logged in to. */
export function registryConfig(context: Context): string {
  const { auths, credHelpers } = context.config();
  const known: Record<string, Credentials> = {};
  for (const registry of new Set([...Object.keys(auths ?? {}), ...Object.keys(credHelpers ?? {})])) {
    try {
      known[registry] = credentials(context, registry);
    } catch (error) {
      context.err(`WARNING: ${error instanceof Error ? error.message : String(error)}\n`);
    }
  }
  return Buffer.from(JSON.stringify(known)).toString('base64url');
}

export const encodeAuth = (value: Credentials): string => Buffer.from(JSON.stringify(value)).toString('base64url');
