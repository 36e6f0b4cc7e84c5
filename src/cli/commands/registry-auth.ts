// What the client knows of a registry: the credentials in config.json, and the header that carries them.
import { spawnSync } from 'node:child_process';
import type { Context } from '../context.ts';

/** Docker Hub, as config.json names it. */
export const INDEX = 'https://index.docker.io/v1/';

/** The registry of an image name: its first part when that looks like a host. */
export function registryOf(image: string): string {
  const slash = image.indexOf('/');
  const first = slash < 0 ? '' : image.slice(0, slash);
  const isHost = /[.:]/.test(first) || first === 'localhost';
  return !isHost || first === 'docker.io' || first === 'index.docker.io' ? INDEX : first;
}

export interface Credentials {
  readonly username?: string;
  readonly password?: string;
  readonly identitytoken?: string;
  readonly serveraddress?: string;
}

export function credentials(context: Context, registry: string): Credentials {
  const config = context.config();
  const helpers = config['credHelpers'] as Record<string, string> | undefined;
  const helper = helpers?.[registry] ?? (typeof config['credsStore'] === 'string' ? config['credsStore'] : undefined);
  if (helper !== undefined) return fromHelper(helper, registry);
  const auths = (config['auths'] ?? {}) as Record<string, { auth?: string; identitytoken?: string } | undefined>;
  const entry = auths[registry] ?? auths[`https://${registry}`] ?? auths[`http://${registry}`];
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

function fromHelper(name: string, registry: string): Credentials {
  const result = spawnSync(`docker-credential-${name}`, ['get'], { input: registry, encoding: 'utf8' });
  if (result.status !== 0) return {};
  const answer = JSON.parse(result.stdout) as { Username?: string; Secret?: string };
  if (answer.Username === '<token>') return { identitytoken: answer.Secret ?? '', serveraddress: registry };
  return { username: answer.Username ?? '', password: answer.Secret ?? '', serveraddress: registry };
}

/** The X-Registry-Auth header for an image. */
export function registryAuth(context: Context, image: string): string {
  return encodeAuth(credentials(context, registryOf(image)));
}

export const encodeAuth = (value: Credentials): string => Buffer.from(JSON.stringify(value)).toString('base64url');
