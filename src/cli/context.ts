// What a command gets to work with: the client, the outputs, the environment.
import { existsSync, readFileSync } from 'node:fs';
import { isErrno, messageOf } from '../base/errors.ts';
import { parseJson } from '../base/json.ts';
import { Client, contextHost, DEFAULT_SOCKET, type Endpoint, parseEndpoint, type TlsFiles } from '../client/index.ts';
import { type Command, Failure, type Flags, type Node as TreeNode } from './grammar/index.ts';
import { err, out } from './output.ts';

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
  /** the host was named by a flag, a variable or a context */
  readonly explicitHost: boolean;
  readonly endpoint: Endpoint;
  /** starts a daemon when the default one does not answer; true when it has */
  readonly #start: ((endpoint: Endpoint) => Promise<boolean>) | undefined;
  #client: Client | undefined;
  #config: Record<string, unknown> | undefined;

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
    const host = chosenHost(globals, env, hash);
    this.explicitHost = host !== undefined;
    try {
      this.endpoint = parseEndpoint(host ?? `unix://${DEFAULT_SOCKET}`, tlsFiles(globals, env));
    } catch (error) {
      throw new Failure(`Failed to initialize: unable to resolve docker endpoint: ${(error as Error).message}`);
    }
    this.#start = this.explicitHost ? undefined : start;
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
  config(): Readonly<Record<string, unknown>> {
    this.#config ??= readConfig(`${this.globals.config}/config.json`);
    return this.#config;
  }

  out(data: string | Uint8Array): void {
    out(data);
  }

  err(data: string | Uint8Array): void {
    err(data);
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

function chosenHost(globals: Globals, env: Context['env'], hash: (text: string) => string): string | undefined {
  if (globals.host.length > 0) return globals.host.at(-1);
  if (globals.context !== '') return contextHost(globals.config, globals.context, hash);
  const variable = env['BERTH_HOST'] || env['DOCKER_HOST'];
  if (variable) return variable;
  return contextHost(globals.config, env['DOCKER_CONTEXT'], hash);
}

function readConfig(path: string): Record<string, unknown> {
  try {
    const value: unknown = parseJson(readFileSync(path, 'utf8'));
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch (error) {
    if (!isErrno(error, 'ENOENT')) err(`WARNING: Error parsing config file (${path}): ${messageOf(error)}\n`);
    return {};
  }
}

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
