// Debian's docker-registry, started by a test: plain, with passwords, with TLS.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';

export interface RegistryOptions {
  /** Lines of its configuration below `auth:`. */
  readonly auth?: readonly string[];
  readonly tls?: { readonly cert: string; readonly key: string };
}

export class TestRegistry implements AsyncDisposable {
  readonly folder: string;
  readonly address: string;
  readonly #child: ChildProcess;

  private constructor(folder: string, address: string, child: ChildProcess) {
    this.folder = folder;
    this.address = address;
    this.#child = child;
  }

  static async start(options: RegistryOptions = {}): Promise<TestRegistry> {
    const folder = mkdtempSync('/tmp/berth-registry-');
    const port = await freePort();
    const address = `127.0.0.1:${port}`;
    mkdirSync(join(folder, 'data'));
    const lines = [
      'version: 0.1',
      'log: {level: warn}',
      'storage:',
      `  filesystem: {rootdirectory: ${join(folder, 'data')}}`,
      '  delete: {enabled: true}',
      'http:',
      `  addr: ${address}`,
      '  secret: x',
      ...(options.tls ? ['  tls:', `    certificate: ${options.tls.cert}`, `    key: ${options.tls.key}`] : []),
      ...(options.auth ? ['auth:', ...options.auth.map((line) => `  ${line}`)] : []),
    ];
    writeFileSync(join(folder, 'config.yml'), `${lines.join('\n')}\n`);
    const log = openSync(join(folder, 'log'), 'a');
    const child = spawn('docker-registry', ['serve', join(folder, 'config.yml')], { stdio: ['ignore', log, log] });
    const registry = new TestRegistry(folder, address, child);
    for (let attempt = 0; attempt < 400; attempt += 1) {
      if (await listens(port)) return registry;
      if (child.exitCode !== null) break;
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
    throw new Error(`docker-registry did not start:\n${readFileSync(join(folder, 'log'), 'utf8')}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode === null) {
      const ended = new Promise((resolve) => this.#child.once('exit', resolve));
      this.#child.kill('SIGTERM');
      await ended;
    }
    rmSync(this.folder, { recursive: true, force: true });
  }
}

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
