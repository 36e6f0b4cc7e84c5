// Credentials for registries: those in config.json, those that helpers keep, and the headers that carry them.
import { before } from '../../base/ends.ts';
import { INDEX, registryOf } from '../../spec/docker/shorthand/reference.ts';
import { messageOf } from '../../base/errors.ts';
import type { ConfigFile } from './file.ts';
import { askHelper } from './helper.ts';

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

/** What a person logged in to. */
export class RegistryCredentials {
  readonly #config: ConfigFile;
  readonly #warn: (message: string) => void;

  /** `warn` hears of a helper that cannot be asked. */
  constructor(config: ConfigFile, warn: (message: string) => void) {
    this.#config = config;
    this.#warn = warn;
  }

  /** Empty when there are none. Throws Error when the helper cannot be asked. */
  of(registry: string): Credentials {
    const helper = this.helperOf(registry);
    if (helper !== undefined) return fromHelper(helper, registry);
    const auths = (this.#config['auths'] ?? {}) as Record<
      string,
      { auth?: string; identitytoken?: string } | undefined
    >;
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
  helperOf(registry: string): string | undefined {
    const { credHelpers, credsStore } = this.#config;
    const own = (credHelpers as Record<string, string> | undefined)?.[registry];
    return own ?? (typeof credsStore === 'string' && credsStore !== '' ? credsStore : undefined);
  }

  /** The X-Registry-Auth header for an image. Most images can be had without credentials. */
  header(image: string): string {
    return encodeAuth(this.#known(registryOf(image)) ?? {});
  }

  /** The X-Registry-Config header of a classic build: all that the user logged in to. */
  headerOfAll(): string {
    const { auths, credHelpers } = this.#config;
    const registries = new Set([...Object.keys(auths ?? {}), ...Object.keys(credHelpers ?? {})]);
    const known = [...registries].flatMap((registry) => {
      const found = this.#known(registry);
      return found ? [[registry, found] as const] : [];
    });
    return Buffer.from(JSON.stringify(Object.fromEntries(known))).toString('base64url');
  }

  /** As a build asks for them, by the registry's host. Throws Error when the helper cannot be asked. */
  forBuild(host: string): { username: string; password: string; identityToken?: string } | undefined {
    const { username, password, identitytoken } = this.of(host === 'docker.io' ? INDEX : host);
    if (username === undefined && identitytoken === undefined) return undefined;
    const token = identitytoken === undefined ? {} : { identityToken: identitytoken };
    return { username: username ?? '', password: password ?? '', ...token };
  }

  #known(registry: string): Credentials | undefined {
    try {
      return this.of(registry);
    } catch (error) {
      this.#warn(messageOf(error));
      return undefined;
    }
  }
}

function fromHelper(name: string, registry: string): Credentials {
  const kept = askHelper(name, registry);
  if (!kept) return {};
  if (kept.Username === '<token>') return { identitytoken: kept.Secret, serveraddress: registry };
  return { username: kept.Username, password: kept.Secret, serveraddress: registry };
}

const encodeAuth = (value: Credentials): string => Buffer.from(JSON.stringify(value)).toString('base64url');
