// A connection through ssh(1): its standard streams, with the client of the other machine at the far end. Loaded only for ssh hosts.
import { type ChildProcess, spawn } from 'node:child_process';
import { PassThrough, type Writable } from 'node:stream';
import type { Connection } from './connection.ts';
import type { Endpoint } from './endpoint.ts';

type SshEndpoint = Extract<Endpoint, { kind: 'ssh' }>;

/** Arguments of ssh. The other machine has Berth's client or Docker's; the first that is there answers. */
export function sshArguments({ user, host, port, path }: SshEndpoint): string[] {
  const socket = path === undefined ? '' : ` --host ${quote(`unix://${path}`)}`;
  const remote = `c=$(command -v berth || echo docker); exec "$c"${socket} system dial-stdio`;
  return [
    ...(user === undefined ? [] : ['-l', user]),
    ...(port === undefined ? [] : ['-p', port]),
    '-o',
    'ConnectTimeout=30',
    '-T',
    '--',
    host,
    `sh -c ${quote(remote)}`,
  ];
}

function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

export async function connectSsh(endpoint: SshEndpoint): Promise<Connection> {
  const child = spawn('ssh', sshArguments(endpoint), { stdio: ['pipe', 'pipe', 'pipe'] });
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', reject);
  });
  return new ChildConnection(child);
}

class ChildConnection implements Connection {
  readonly #child: ChildProcess;
  /** What the child says; ends when it is known how the child has ended. */
  readonly #out = new PassThrough();
  readonly #in: Writable;
  destroyed = false;

  constructor(child: ChildProcess) {
    this.#child = child;
    this.#in = child.stdin as Writable;
    // it says itself why it ended
    this.#in.on('error', () => undefined);
    let said = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (said = (said + text).slice(-4096)));
    child.stdout?.pipe(this.#out, { end: false });
    child.once('close', (code) => {
      if (this.destroyed) return;
      if (code === 0) this.#out.end();
      else
        this.destroy(
          new Error(
            `command [ssh ${child.spawnargs.slice(1).join(' ')}] has exited with exit status ${code}, make sure the URL is valid, and Berth or Docker 18.09 or later is installed on the remote host: stderr=${said.trim()}`,
          ),
        );
    });
  }

  get readableEnded(): boolean {
    return this.#out.readableEnded;
  }

  on(event: string, listener: (value: never) => void): this {
    (event === 'drain' ? this.#in : this.#out).on(event, listener as () => void);
    return this;
  }

  once(event: string, listener: (value: never) => void): this {
    (event === 'drain' ? this.#in : this.#out).once(event, listener as () => void);
    return this;
  }

  write(data: string | Uint8Array): boolean {
    return this.#in.write(data);
  }

  end(): void {
    this.#in.end();
  }

  destroy(error?: Error): void {
    if (this.destroyed) return;
    this.destroyed = true;
    this.#out.destroy(error);
    this.#in.destroy();
    this.#child.kill();
  }

  pause(): void {
    this.#out.pause();
  }

  resume(): void {
    this.#out.resume();
  }

  isPaused(): boolean {
    return this.#out.isPaused();
  }

  ref(): void {
    this.#each('ref');
  }

  unref(): void {
    this.#each('unref');
  }

  /** The streams of a child are sockets, which keep the program alive each for itself. */
  #each(verb: 'ref' | 'unref'): void {
    for (const one of [this.#child, this.#child.stdin, this.#child.stdout, this.#child.stderr])
      (one as Partial<Record<typeof verb, () => void>> | null)?.[verb]?.();
  }
}
