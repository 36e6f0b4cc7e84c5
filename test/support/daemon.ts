// A daemon of a test's own: private roots and socket, and a check that nothing of it is left behind.
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import {
  existsSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { instanceOf } from '../../src/daemon/directories.ts';
import { observeCgroups } from '../../src/host/cgroup.ts';
import { mountsBelow, unmountSync } from '../../src/host/mount.ts';
import { onHost, removeFromHost } from '../../src/network/index.ts';

const run = promisify(execFile);
/** What the launcher would run the client in: Bun where set-up linked one. */
const BUN = new URL('../../.berth/bun', import.meta.url).pathname;
/** What set-up keeps beside the checkout: etcd. */
const PROGRAMS = new URL('../../.berth/programs', import.meta.url).pathname;
const CLIENT_RUNTIME = existsSync(BUN) ? BUN : process.execPath;
/** The sources, or the built program that BERTH_TEST_ENTRY names. */
export const ENTRY = process.env['BERTH_TEST_ENTRY'] ?? new URL('../../src/bin/berth.ts', import.meta.url).pathname;

export type Client = 'docker' | 'berth';

export interface Result {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end, input given; never throws for an exit code. */
export function execute(
  file: string,
  args: readonly string[],
  options: { input?: string; env?: NodeJS.ProcessEnv; timeoutMs?: number } = {},
): Promise<Result> {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { env: { ...process.env, ...options.env }, stdio: ['pipe', 'pipe', 'pipe'] });
    let stdout = '';
    let stderr = '';
    const timer = setTimeout(() => child.kill('SIGKILL'), options.timeoutMs ?? 60_000);
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    child.stdin.on('error', () => undefined);
    child.stdin.end(options.input ?? '');
    child.once('error', reject);
    child.once('close', (code, signal) => {
      clearTimeout(timer);
      resolve({ code: code ?? (signal === 'SIGKILL' ? 137 : 255), stdout, stderr });
    });
  });
}

export class TestDaemon implements AsyncDisposable {
  readonly folder: string;
  readonly socket: string;
  readonly host: string;
  readonly #flags: readonly string[];
  readonly #enter: readonly string[];
  #child: ChildProcess | undefined;

  private constructor(flags: readonly string[], enter: readonly string[]) {
    this.#enter = enter;
    this.folder = mkdtempSync('/tmp/berth-test-');
    this.socket = join(this.folder, 'berth.sock');
    this.host = `unix://${this.socket}`;
    this.#flags = flags;
  }

  /** Started and answering. `enter` is a command line before the daemon's own, that ends in it: nsenter. */
  static async start(flags: readonly string[] = [], enter: readonly string[] = []): Promise<TestDaemon> {
    const daemon = new TestDaemon(flags, enter);
    await daemon.up();
    return daemon;
  }

  get dataRoot(): string {
    return join(this.folder, 'data');
  }

  get execRoot(): string {
    return join(this.folder, 'exec');
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  get log(): string {
    return readFileSync(join(this.folder, 'log'), 'utf8');
  }

  /** `env`: what the daemon gets besides, for this life: a fault point. */
  async up(env: NodeJS.ProcessEnv = {}): Promise<void> {
    const log = openSync(join(this.folder, 'log'), 'a');
    const [program, ...before] = [...this.#enter, process.execPath];
    const child = spawn(
      program,
      [
        ...before,
        ENTRY,
        'daemon',
        '--data-root',
        this.dataRoot,
        '--exec-root',
        this.execRoot,
        '--host',
        this.host,
        '--log-level',
        'debug',
        ...this.#flags,
      ],
      {
        env: { ...process.env, PATH: `${process.env['PATH']}:${PROGRAMS}`, ...env },
        stdio: ['ignore', log, log],
      },
    );
    this.#child = child;
    for (let attempt = 0; attempt < 1200; attempt += 1) {
      if (await this.answers()) return;
      if (child.exitCode !== null || child.signalCode !== null) break;
      await pause(25);
    }
    throw new Error(`the daemon did not start:\n${this.log}`);
  }

  private async answers(): Promise<boolean> {
    try {
      return (await this.get('/_ping')).status === 200;
    } catch {
      return false;
    }
  }

  /** The daemon dies as if the machine had pulled it out. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  async stop(): Promise<void> {
    await this.#end('SIGTERM');
  }

  /** Whether it has ended by itself, as at a fault point. */
  get died(): boolean {
    return this.#child === undefined || this.#child.signalCode !== null || this.#child.exitCode !== null;
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill(signal);
    await ended;
  }

  docker(...args: string[]): Promise<Result> {
    return this.client('docker', args);
  }

  berth(...args: string[]): Promise<Result> {
    return this.client('berth', args);
  }

  client(
    client: Client,
    args: readonly string[],
    options: { input?: string; env?: NodeJS.ProcessEnv; timeoutMs?: number } = {},
  ): Promise<Result> {
    const { file, args: all, env } = this.command(client, args);
    return execute(file, all, { ...options, env: { ...env, ...options.env } });
  }

  /** A client of this daemon, for who spawns it in another way: under a terminal, or with its input held open. */
  command(client: Client, args: readonly string[]): { file: string; args: string[]; env: NodeJS.ProcessEnv } {
    const env = dockerEnvironment();
    return client === 'docker'
      ? { file: 'docker', args: ['-H', this.host, ...args], env }
      : {
          file: CLIENT_RUNTIME,
          args: [
            ...(CLIENT_RUNTIME === process.execPath ? ['--'] : ['--no-env-file', '--config=/dev/null']),
            ENTRY,
            '-H',
            this.host,
            ...args,
          ],
          env,
        };
  }

  /** A raw API call; the body is JSON when there is one. */
  get(path: string): Promise<{ status: number; body: string; headers: NodeJS.Dict<string | string[]> }> {
    return this.call('GET', path);
  }

  call(
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<{ status: number; body: string; headers: NodeJS.Dict<string | string[]> }> {
    return new Promise((resolve, reject) => {
      const sent = request(
        {
          socketPath: this.socket,
          method,
          path,
          headers: { ...(body === undefined ? {} : { 'Content-Type': 'application/json' }), ...headers },
        },
        (response) => {
          let text = '';
          response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
          response.once('end', () =>
            resolve({ status: response.statusCode ?? 0, body: text, headers: response.headers }),
          );
          response.once('error', reject);
        },
      );
      sent.once('error', reject);
      sent.end(body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body));
    });
  }

  /** The busybox image, made from the distribution's package. */
  async busybox(): Promise<void> {
    const made = await this.call('POST', '/berth/images/bootstrap?name=busybox');
    if (made.status !== 200 || made.body.includes('"error"')) throw new Error(`bootstrap: ${made.status} ${made.body}`);
  }

  /** The image debian:bookworm, made from the distribution's packages once a day and kept beside the checkout's other products. */
  async debian(): Promise<void> {
    const kept = join(import.meta.dirname, '../../.berth/debian.tar');
    const age = Date.now() - (statSync(kept, { throwIfNoEntry: false })?.mtimeMs ?? 0);
    if (age < 24 * 3600 * 1000) {
      const { code, stderr } = await this.berth('load', '-q', '-i', kept);
      if (code !== 0) throw new Error(`load: ${stderr}`);
      return;
    }
    const made = await this.call('POST', '/berth/images/bootstrap?name=debian:bookworm');
    if (made.status !== 200 || made.body.includes('"error"')) throw new Error(`bootstrap: ${made.status} ${made.body}`);
    const fresh = `${kept}.${process.pid}`;
    const { code, stderr } = await this.berth('save', '-o', fresh, 'debian:bookworm');
    if (code !== 0) throw new Error(`save: ${stderr}`);
    renameSync(fresh, kept);
  }

  /** Mounts that the daemon itself holds while it runs: the runtime's view of the host, and the shared folder of containers. */
  #isDaemons(point: string): boolean {
    const [data, exec] = [real(this.dataRoot), real(this.execRoot)];
    return [join(data, 'containers'), join(exec, 'tasks')].includes(point) || point.startsWith(join(exec, 'view'));
  }

  get instance(): string {
    return instanceOf(real(this.dataRoot));
  }

  /** Mounts, control groups and processes of this daemon's instance, in words; empty when there are none. */
  leftovers(): string[] {
    const groups = [...new Set(observeCgroups().roots.values())].flatMap((root) => {
      const parent = join(root, 'berth', this.instance);
      return existsSync(parent)
        ? readdirSync(parent, { withFileTypes: true }).flatMap((entry) =>
            entry.isDirectory() ? [`control group ${join(parent, entry.name)}`] : [],
          )
        : [];
    });
    return [
      ...mountsBelow(this.folder)
        .filter((point) => !this.#isDaemons(point))
        .map((point) => `mount ${point}`),
      ...groups,
      ...processesOf(this.folder).map((line) => `process ${line}`),
    ];
  }

  /** Stops and cleans up: the end of a test file. What it had left behind, in words. */
  async end(): Promise<string[]> {
    await this.stop();
    const left = [...this.leftovers(), ...(await onHost(this.instance))];
    await this[Symbol.asyncDispose]();
    return left;
  }

  /** Ends everything of this daemon, also what a failed test left. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    for (const line of processesOf(this.folder)) {
      try {
        process.kill(Number(line.split(' ')[0]), 'SIGKILL');
      } catch {
        // ended meanwhile
      }
    }
    await pause(20);
    for (const point of mountsBelow(this.folder)) unmountSync(point);
    await removeFromHost(this.instance);
    for (const root of new Set(observeCgroups().roots.values()))
      await run('find', [
        join(root, 'berth', this.instance),
        '-depth',
        '-type',
        'd',
        '-exec',
        'rmdir',
        '{}',
        ';',
      ]).catch(() => undefined);
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** A root may be a link. */
function real(root: string): string {
  return existsSync(root) ? realpathSync(root) : root;
}

/** No settings of the person who runs the tests. */
function dockerEnvironment(): NodeJS.ProcessEnv {
  return {
    DOCKER_HOST: '',
    DOCKER_CONTEXT: '',
    BERTH_HOST: '',
    DOCKER_CONFIG: '/nonexistent',
    DOCKER_CLI_HINTS: 'false',
  };
}

/** `pid command` of every process but this daemon whose command line names the folder. */
function processesOf(folder: string): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .flatMap((pid) => {
      try {
        const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
        return command.includes(folder) && !command.includes(' daemon --data-root') ? [`${pid} ${command}`] : [];
      } catch {
        return [];
      }
    });
}

export function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** Tries until it holds; the last failure is thrown. */
export async function until<T>(what: () => Promise<T> | T, milliseconds = 30_000): Promise<T> {
  const end = Date.now() + milliseconds;
  for (;;) {
    try {
      return await what();
    } catch (error) {
      if (Date.now() > end) throw error;
      await pause(25);
    }
  }
}
