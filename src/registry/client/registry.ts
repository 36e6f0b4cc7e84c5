// All registries that the daemon speaks to: connections, certificates and tokens, shared by whatever goes on at once.
import { lookup } from 'node:dns/promises';
import { BerthError, internal, invalid } from '../../base/errors.ts';
import { listRepositories } from './catalog.ts';
import { chooseChallenge } from './challenge.ts';
import { tlsFor } from './certificates.ts';
import { discard, Transport } from './http.ts';
import { type Access, Remote } from './remote.ts';
import { bareName, type Endpoint, endpointsOf, isInsecure, originOf, type RegistrySettings } from './settings.ts';
import { type Credentials, ANONYMOUS, Tokens } from './tokens.ts';
import { NetworkError } from './refusal.ts';

/** How long it is remembered how a registry is spoken to. */
const LIFE_MS = 60_000;

interface Known {
  readonly access: Access;
  readonly until: number;
}

export class Registries {
  /** Whoever holds it sees what `reload` changes. */
  readonly settings: RegistrySettings;
  readonly #tokens = new Tokens();
  readonly #known = new Map<string, Promise<Known>>();

  constructor(settings: RegistrySettings) {
    this.settings = { ...settings };
  }

  /** Settings are others from now on; what is under way goes on as it began. */
  reload(settings: RegistrySettings): void {
    Object.assign(this.settings, settings);
    this.#known.clear();
  }

  /** Where a repository may be read, mirrors first. A mirror never sees the user's credentials. */
  async *readers(
    domain: string,
    path: string,
    credentials: Credentials,
    signal: AbortSignal,
  ): AsyncGenerator<Remote, void, void> {
    checkDomain(domain);
    for (const endpoint of endpointsOf(domain, this.settings)) {
      let access: Access;
      try {
        access = await this.access(endpoint, signal);
      } catch (error) {
        // the last is the registry itself, and its failure is the one to tell
        if (!endpoint.mirror || signal.aborted) throw error;
        continue;
      }
      yield new Remote(access, path, endpoint.mirror ? ANONYMOUS : credentials);
    }
  }

  async writer(domain: string, path: string, credentials: Credentials, signal: AbortSignal): Promise<Remote> {
    checkDomain(domain);
    return new Remote(await this.access(originOf(domain), signal), path, credentials);
  }

  /** Names of all its repositories. Throws RefusedError where the registry keeps them to itself. */
  async *repositories(
    domain: string,
    credentials: Credentials,
    signal: AbortSignal,
  ): AsyncGenerator<string, void, void> {
    checkDomain(domain);
    yield* listRepositories(await this.access(originOf(domain), signal), credentials, signal);
  }

  /** Finds out how an endpoint is spoken to. Throws NetworkError when it cannot be. */
  async access(endpoint: Endpoint, signal: AbortSignal): Promise<Access> {
    const key = `${endpoint.scheme ?? ''}//${endpoint.host}${endpoint.prefix}`;
    const known = this.#known.get(key);
    if (known) {
      try {
        const { access, until } = await known;
        if (until > Date.now()) return access;
      } catch {
        // asked again below, with our own signal
      }
    }
    const found = this.#find(endpoint, signal);
    this.#known.set(key, found);
    try {
      return (await found).access;
    } catch (error) {
      this.#known.delete(key);
      throw error;
    }
  }

  async #find(endpoint: Endpoint, signal: AbortSignal): Promise<Known> {
    const { host } = endpoint;
    const port = /:(\d+)$/.exec(host)?.[1];
    if (Number(port ?? 0) > 65_535) throw invalid(`Get "https://${host}/v2/": dial tcp: address ${port}: invalid port`);
    const insecure = isInsecure(host, this.settings.insecure, await addressesOf(host, this.settings.insecure));
    const make = async (scheme: 'http' | 'https'): Promise<Access> => ({
      endpoint,
      base: new URL(`${scheme}://${host}`),
      transport: new Transport(
        host,
        await tlsFor(host, this.settings.certDirectories, !insecure),
        this.settings.timing,
      ),
      tokens: this.#tokens,
      challenge: undefined,
    });
    const until = Date.now() + LIFE_MS;
    const first = await make(endpoint.scheme ?? 'https');
    try {
      await ping(first, signal);
      return { access: first, until };
    } catch (error) {
      // only who was named as insecure is spoken to without TLS
      if (!(error instanceof NetworkError) || !insecure || endpoint.scheme !== undefined) throw error;
    }
    const plain = await make('http');
    await ping(plain, signal);
    return { access: plain, until };
  }

  /** The same registries, one of which may be spoken to without TLS for once. */
  withInsecure(domain: string): Registries {
    return new Registries({ ...this.settings, insecure: [...this.settings.insecure, originOf(domain).host] });
  }
}

/** Throws internal for a name that is in no registry (see `Reference`): it must not be sought at the hub. */
function checkDomain(domain: string): void {
  if (domain !== '') return;
  throw internal('Get "https:/v2/": http: no Host in request URL', {
    hint: 'What the name begins with cannot be a host: hosts have no underscores.',
  });
}

/** Whether anything answers, and what it wants to see. */
async function ping(access: Access, signal: AbortSignal): Promise<void> {
  const answer = await access.transport.send({
    method: 'GET',
    url: new URL(`${access.endpoint.prefix}/v2/`, access.base),
    signal,
  });
  discard(answer);
  const header = answer.header('www-authenticate');
  if (answer.status === 401 && header !== undefined && answer.sameOrigin)
    access.challenge = chooseChallenge(header, access.base.origin);
}

/** Names are looked up only where a range could matter. */
async function addressesOf(host: string, insecure: readonly string[]): Promise<string[]> {
  const name = bareName(host);
  const local = name === 'localhost' || name.endsWith('.localhost');
  if (!local && !insecure.some((entry) => entry.includes('/'))) return [];
  try {
    return (await lookup(name, { all: true })).map(({ address }) => address);
  } catch (error) {
    if (error instanceof BerthError) throw error;
    return [];
  }
}
