// What a command gets to work with: the client, the outputs, the environment.
import { existsSync } from 'node:fs';
import { messageOf } from '../../base/errors.ts';
import { Client, DEFAULT_SOCKET, type Endpoint, parseEndpoint, type TlsFiles } from '../../client/index.ts';
import {
  type ConfigFile,
  ContextStore,
  DEFAULT_CONTEXT,
  readConfig,
  RegistryCredentials,
} from '../../client/config/index.ts';
import { type Command, Failure, type Flags, type Node as TreeNode } from '../grammar/index.ts';
import { draw, err, out } from './output.ts';

export interface Globals {
  readonly host: readonly string[];
  readonly context: string;
  readonly config: string;
  readonly debug: boolean;
  readonly tls: boolean;
  readonly tlsverify: boolean;
  readonly tlscacert: string;
  readonly tlscert: string;
  readonly tlskey: string;
}

/** Where a command is carried out; made once in a run of the program. */
export class Context {
  readonly globals: Globals;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** Named by a flag, a variable or config.json; `default` where a host is named instead, or nothing. */
  readonly currentContext: string;
  /** The host that a flag or a variable names. */
  readonly host: string | undefined;
  readonly contexts: ContextStore;
  readonly #hash: (text: string) => string;
  /** starts a daemon when the default one does not answer; true when it has */
  readonly #start: ((endpoint: Endpoint) => Promise<boolean>) | undefined;
  #endpoint: Endpoint | undefined;
  #client: Client | undefined;
  #config: ConfigFile | undefined;
  #credentials: RegistryCredentials | undefined;

  constructor(
    globals: Globals,
    env: Context['env'],
    cwd: string,
    hash: (text: string) => string,
    start?: (endpoint: Endpoint) => Promise<boolean>,
  ) {
    this.globals = globals;
    this.env = env;
    this.cwd = cwd;
    if (globals.host.length > 0 && globals.context !== '')
      throw new Failure('conflicting options: cannot specify both --host and --context');
    if (globals.host.length > 1) throw new Failure('Specify only one -H');
    this.#hash = hash;
    this.contexts = new ContextStore(globals.config, hash);
    this.host = globals.host[0] ?? (globals.context === '' ? env['BERTH_HOST'] || env['DOCKER_HOST'] : undefined);
    this.currentContext = this.#chooseContext();
    this.#start = this.host === undefined && this.currentContext === DEFAULT_CONTEXT ? start : undefined;
  }

  /** The same in another context, whatever flags and variables say. */
  inContext(name: string): Context {
    return new Context({ ...this.globals, context: name, host: [] }, this.env, this.cwd, this.#hash);
  }

  #chooseContext(): string {
    const { globals, env, host } = this;
    if (globals.context !== '') return globals.context;
    if (host) return DEFAULT_CONTEXT;
    const current = env['DOCKER_CONTEXT'] || this.config()['currentContext'];
    return typeof current === 'string' && current !== '' ? current : DEFAULT_CONTEXT;
  }

  /** Where the daemon is. Throws a Failure when the context is not there, or its host is no good. */
  get endpoint(): Endpoint {
    try {
      return (this.#endpoint ??= this.#resolve());
    } catch (error) {
      throw new Failure(`Failed to initialize: unable to resolve docker endpoint: ${messageOf(error)}`);
    }
  }

  #resolve(): Endpoint {
    const { globals, env, contexts, currentContext: name } = this;
    if (name === DEFAULT_CONTEXT) return parseEndpoint(this.host || `unix://${DEFAULT_SOCKET}`, tlsFiles(globals, env));
    const { Host, SkipTLSVerify = false } = contexts.get(name).Endpoints.docker ?? {};
    return parseEndpoint(
      Host || `unix://${DEFAULT_SOCKET}`,
      tlsOfContext(`${contexts.tlsPath(name)}/docker`, !SkipTLSVerify),
    );
  }

  get client(): Client {
    const version = this.env['DOCKER_API_VERSION'];
    this.#client ??= new Client(this.endpoint, {
      ...(version === undefined || version === '' ? {} : { version }),
      ...(this.#start === undefined ? {} : { revive: this.#start }),
    });
    return this.#client;
  }

  /** The client's config.json; empty when there is none. */
  config(): ConfigFile {
    this.#config ??= readConfig(this.globals.config, warn);
    return this.#config;
  }

  /** What the user of this client logged in to. */
  get credentials(): RegistryCredentials {
    return (this.#credentials ??= new RegistryCredentials(this.config(), warn));
  }

  /** Those of a flag, else those of config.json; '' for Docker's own. */
  detachKeys(given: string): string {
    const { detachKeys } = this.config();
    return given !== '' || typeof detachKeys !== 'string' ? given : detachKeys;
  }

  out(data: string | Uint8Array): void {
    out(data);
  }

  err(data: string | Uint8Array): void {
    err(data);
  }

  /** As `out` and `err`, for texts that command the terminal. */
  draw(fd: 1 | 2, text: string): void {
    draw(fd, text);
  }

  terminal(fd: 0 | 1 | 2): boolean {
    return isTerminal(fd);
  }

  /** `[height, width]` of the terminal on stdout, zeros when it is none. */
  size(): [number, number] {
    if (!isTerminal(1)) return [0, 0];
    return [process.stdout.rows ?? 0, process.stdout.columns ?? 0];
  }
}

/** The commands of this program. */
export type CliNode = TreeNode<Context>;

/** Gives a command its exact flag types, and loses them for the tree. */
export function command<const F extends Flags>(spec: Command<F, Context>): Command<F, Context> {
  return spec;
}

/** Asks the tty module late: it brings the network with it. */
function isTerminal(fd: number): boolean {
  return process.getBuiltinModule('tty').isatty(fd);
}

const warn = (message: string): void => err(`WARNING: ${message}\n`);

function tlsFiles(globals: Globals, env: Context['env']): TlsFiles | undefined {
  const verify = globals.tlsverify || Boolean(env['DOCKER_TLS_VERIFY']);
  if (!verify && !globals.tls && !env['DOCKER_TLS']) return undefined;
  const { tlscacert: ca, tlscert: cert, tlskey: key } = globals;
  if (verify && !existsSync(ca)) throw new Error(`open ${ca}: no such file or directory`);
  // A certificate of one's own is optional, unless it was asked for.
  return {
    ca: verify ? ca : undefined,
    cert: existsSync(cert) ? cert : undefined,
    key: existsSync(key) ? key : undefined,
    verify,
  };
}

/** Those that the context has; without any, and with a server that is to be verified, there is no TLS. */
function tlsOfContext(folder: string, verify: boolean): TlsFiles | undefined {
  const path = (name: string): string | undefined =>
    existsSync(`${folder}/${name}`) ? `${folder}/${name}` : undefined;
  const [ca, cert, key] = [path('ca.pem'), path('cert.pem'), path('key.pem')];
  return ca === undefined && cert === undefined && key === undefined && verify ? undefined : { ca, cert, key, verify };
}
