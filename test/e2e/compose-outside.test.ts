// Compose whose disk is full or whose registry goes away in the middle: a clear error, nothing half made, and the next `up` does it.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { unmountSync } from '../../src/host/mount.ts';
import { TestDaemon } from '../support/daemon.ts';
import { TestRegistry } from '../support/registry.ts';
import { onSmallDisk } from '../support/small-disk.ts';

const NAMES = ['ps', '-a', '--format', '{{.Name}} {{.State}}'] as const;

/** Stands before a registry, and can go away after so many bytes. */
class Cut implements AsyncDisposable {
  left = Number.POSITIVE_INFINITY;
  readonly #server: Server;
  readonly #open = new Set<Socket>();

  private constructor(port: number) {
    this.#server = createServer((client) => {
      const target = connect(port, '127.0.0.1');
      const end = (): void => {
        client.destroy();
        target.destroy();
      };
      for (const one of [client, target]) {
        this.#open.add(one);
        one.on('error', end).on('close', () => {
          this.#open.delete(one);
          end();
        });
      }
      if (this.left <= 0) end();
      client.pipe(target);
      target.on('data', (data) => {
        this.left -= data.length;
        if (this.left <= 0) end();
        else client.write(data);
      });
    });
  }

  static async before(address: string): Promise<Cut> {
    const cut = new Cut(Number(address.split(':')[1]));
    await new Promise<void>((resolve) => cut.#server.listen(0, '127.0.0.1', resolve));
    return cut;
  }

  get address(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const one of this.#open) one.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

test('a registry that goes away in the middle of a pull: nothing is made, and the next up pulls the rest', async () => {
  await using registry = await TestRegistry.start();
  await using cut = await Cut.before(registry.address);
  await using daemon = await TestDaemon.start();
  await daemon.busybox();
  const image = `${cut.address}/app:1`;
  await daemon.berth('tag', 'busybox', image);
  const pushed = await daemon.berth('push', image);
  assert.equal(pushed.code, 0, pushed.stderr);
  await daemon.berth('rmi', image, 'busybox');
  const folder = join(daemon.folder, 'away');
  mkdirSync(folder);
  writeFileSync(
    join(folder, 'compose.yaml'),
    `services: {a: {image: "${image}", command: sleep 1000, stop_grace_period: 0s, volumes: ["data:/data"]}}\nvolumes: {data: {}}\n`,
  );
  const run = (...words: string[]) => daemon.berth('compose', '-f', join(folder, 'compose.yaml'), ...words);
  cut.left = 200_000;
  const refused = await run('up', '-d');
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, / a Error /);
  assert.equal((await run(...NAMES)).stdout, '');
  assert.equal((await daemon.berth('network', 'ls', '-q', '--filter', 'type=custom')).stdout, '');
  assert.equal((await daemon.berth('volume', 'ls', '-q')).stdout, '');
  cut.left = Number.POSITIVE_INFINITY;
  const done = await run('up', '-d');
  assert.equal(done.code, 0, done.stderr);
  assert.equal((await run(...NAMES)).stdout, 'away-a-1 running\n');
  assert.equal((await run('down', '-v')).code, 0);
  assert.deepEqual(await daemon.end(), []);
});

test('a full disk: the error says so, what runs goes on, and with room again the next up finishes', async () => {
  const daemon = await TestDaemon.start([], onSmallDisk(96));
  const disk = daemon.dataRoot;
  try {
    await daemon.busybox();
    const folder = join(daemon.folder, 'full');
    mkdirSync(folder);
    const file = join(folder, 'compose.yaml');
    const write = (version: string): void =>
      writeFileSync(
        file,
        `services:
  a: {image: busybox, command: sleep 1000, stop_grace_period: 0s}
  b: {image: busybox, command: sleep 1000, stop_grace_period: 0s, environment: {V: "${version}"}, secrets: [s], depends_on: [a]}
  c: {image: "busybox:c", build: {dockerfile_inline: "FROM busybox\\nRUN dd if=/dev/zero of=/big bs=1M count=8 && echo ${version} > /v\\n"}, command: sleep 1000, stop_grace_period: 0s}
secrets: {s: {environment: FULL}}
`,
      );
    const run = (...words: string[]) =>
      daemon.client('berth', ['compose', '-f', file, ...words], { env: { FULL: 'x'.repeat(100_000) } });
    write('1');
    const up = await run('up', '-d');
    assert.equal(up.code, 0, up.stderr);
    const before = (await run('ps', '-q', 'a')).stdout;
    execFileSync('sh', [
      '-c',
      `dd if=/dev/zero of=${disk}/fill bs=64k 2>/dev/null; dd if=/dev/zero of=${disk}/fill2 bs=1k 2>/dev/null; true`,
    ]);
    write('2');
    const refused = await run('up', '-d', '--build');
    assert.equal(refused.code === 0, false);
    assert.match(refused.stderr, /no space left on device/);
    assert.equal((await run('ps', '-q', 'a')).stdout, before);
    assert.match((await run('ps', '--format', '{{.Name}}')).stdout, /^full-a-1$/m);
    for (const name of ['fill', 'fill2']) rmSync(join(disk, name));
    const done = await run('up', '-d', '--build');
    assert.equal(done.code, 0, done.stderr);
    assert.equal((await run(...NAMES)).stdout, 'full-a-1 running\nfull-b-1 running\nfull-c-1 running\n');
    assert.equal((await run('exec', '-T', 'b', 'sh', '-c', 'echo $V; wc -c < /run/secrets/s')).stdout, '2\n100000\n');
    assert.equal((await run('exec', '-T', 'c', 'cat', '/v')).stdout, '2\n');
    assert.equal((await run('ps', '-q', 'a')).stdout, before);
    assert.equal((await run('down', '-v', '-t', '0')).code, 0);
  } finally {
    await daemon.berth('rm', '-f', 'full-a-1', 'full-b-1', 'full-c-1');
    await daemon.stop();
    unmountSync(disk);
    assert.deepEqual(await daemon.end(), []);
  }
});
