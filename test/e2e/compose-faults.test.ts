// Compose whose client or daemon dies in the middle: the next `up` finishes, and nothing is left that no project owns.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, connect, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { after, before, test, type TestContext } from 'node:test';
import { type Result, TestDaemon, until } from '../support/daemon.ts';

let daemon: TestDaemon;
let folder: string;

before(async () => {
  daemon = await TestDaemon.start();
  await daemon.busybox();
  folder = join(daemon.folder, 'cut');
  mkdirSync(folder, { recursive: true });
});
after(async () => {
  await run('down', '-v', '-t', '0');
  assert.deepEqual(await daemon.end(), []);
});

const PORT = String(19_000 + (process.pid % 900));

/** Two services, a volume, a network and a published port; `version` is what the web server says. */
function write(version: string): void {
  writeFileSync(
    join(folder, 'compose.yaml'),
    `services:
  web:
    image: busybox
    command: sh -c 'mkdir -p /w; echo ${version} > /w/index.html; exec httpd -f -p 80 -h /w'
    init: true
    ports: ["127.0.0.1:${PORT}:80"]
    depends_on: [db]
    volumes: ["data:/data"]
    healthcheck: {test: "wget -q -O- http://127.0.0.1/ > /dev/null", interval: 100ms}
    deploy: {update_config: {delay: 100ms}}
  db: {image: busybox, init: true, command: sleep 1000}
volumes: {data: {}}
`,
  );
}

const words = (...more: string[]): string[] => ['compose', '-f', join(folder, 'compose.yaml'), ...more];
const run = (...more: string[]): Promise<Result> => daemon.berth(...words(...more));

async function ok(...more: string[]): Promise<string> {
  const { code, stdout, stderr } = await run(...more);
  assert.equal(code, 0, `${more.join(' ')}: ${stderr}`);
  return stdout;
}

/** Stands between client and daemon, and counts what would change something. */
class Between implements AsyncDisposable {
  readonly socket = join(daemon.folder, 'between.sock');
  readonly seen: string[] = [];
  onChange: (count: number) => void = () => undefined;
  readonly #server: Server;
  readonly #open = new Set<Socket>();

  private constructor() {
    this.#server = createServer((client) => {
      const target = connect(daemon.socket);
      for (const one of [client, target]) {
        this.#open.add(one);
        one
          .on('error', () => undefined)
          .on('close', () => {
            this.#open.delete(one);
            (one === client ? target : client).destroy();
          });
      }
      client.on('data', (data) => {
        target.write(data);
        const match = /^(POST|PUT|DELETE) (\S+) HTTP/.exec(data.toString('latin1', 0, 2000));
        if (!match) return;
        this.seen.push(`${match[1]} ${match[2]?.replace(/\?.*/, '').replace(/[0-9a-f]{64}/, 'ID')}`);
        this.onChange(this.seen.length);
      });
      target.pipe(client);
    });
  }

  static async open(): Promise<Between> {
    const between = new Between();
    rmSync(between.socket, { force: true });
    await new Promise<void>((resolve) => between.#server.listen(between.socket, resolve));
    return between;
  }

  /** Begins a command whose requests pass here. */
  begin(...more: string[]): { child: ChildProcess; ended: Promise<void> } {
    const { file, args, env } = daemon.command('berth', words(...more));
    const here = args.map((one) => (one === daemon.host ? `unix://${this.socket}` : one));
    const child = spawn(file, here, { env: { ...process.env, ...env }, stdio: 'ignore' });
    return { child, ended: new Promise((resolve) => child.once('close', () => resolve())) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const one of this.#open) one.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

/** The client of a command dies when it has sent its request `at`, and before it knows the answer. Gives that request's name. */
async function dieAt(at: number, ...more: string[]): Promise<string | undefined> {
  await using between = await Between.open();
  const { child, ended } = between.begin(...more);
  between.onChange = (count) => {
    if (count === at) child.kill('SIGKILL');
  };
  await ended;
  return between.seen[at - 1];
}

/** Everything of the project is as the file says, and there is nothing else. */
async function isWhole(version: string): Promise<void> {
  await ok('up', '-d', '--wait');
  assert.equal(await ok('ps', '-a', '--format', '{{.Name}} {{.State}}'), NAMES);
  const all = await daemon.berth('ps', '-a', '--format', '{{.Names}}');
  assert.deepEqual(all.stdout.trim().split('\n').sort(), ['cut-db-1', 'cut-web-1']);
  await until(async () => assert.equal(await (await fetch(`http://127.0.0.1:${PORT}/`)).text(), `${version}\n`));
  assert.deepEqual(await resources(), ['cut_data', 'cut_default']);
}

const NAMES = 'cut-db-1 running\ncut-web-1 running\n';

async function resources(): Promise<string[]> {
  const volumes = await daemon.berth('volume', 'ls', '-q');
  const networks = await daemon.berth('network', 'ls', '--filter', 'type=custom', '--format', '{{.Name}}');
  return [...volumes.stdout.split('\n'), ...networks.stdout.split('\n')].filter((name) => name !== '').sort();
}

async function isGone(): Promise<void> {
  await ok('down', '-v', '-t', '0');
  assert.equal((await daemon.berth('ps', '-aq')).stdout, '');
  assert.deepEqual(await resources(), []);
  await until(() => assert.deepEqual(daemon.leftovers(), []));
}

/** Calls `round` with the command cut at its first request, its second, and so on, until it comes to its end. */
async function eachRequest(
  t: TestContext,
  least: number,
  before: () => Promise<unknown>,
  command: readonly string[],
  round: () => Promise<unknown>,
): Promise<void> {
  for (let at = 1; ; at += 1) {
    await before();
    const request = await dieAt(at, ...command);
    if (request === undefined) {
      assert.ok(at > least, `${at} requests`);
      return;
    }
    await t.test(`at ${at}: ${request}`, async () => {
      await round();
    });
  }
}

test('fault C62: kill -9 of the client at every request of an up', async (t) => {
  write('one');
  await eachRequest(t, 6, isGone, ['up', '-d'], () => isWhole('one'));
});

test('fault C62: kill -9 of the client at every request of a down', async (t) => {
  write('one');
  await eachRequest(
    t,
    5,
    () => ok('up', '-d'),
    ['down', '-v', '-t', '0'],
    () => isWhole('one'),
  );
});

test('fault C62: kill -9 of the client at every request of an update without a gap', async (t) => {
  const before = async (): Promise<void> => {
    write('one');
    await ok('up', '-d', '--wait');
    write('two');
  };
  await eachRequest(t, 6, before, ['up', '-d'], () => isWhole('two'));
  await isGone();
});

/** The daemon dies at a point within a command; one that comes back finishes what it finds, and the next `up` the rest. */
async function daemonDies(fault: string, before: () => Promise<unknown>, ...command: string[]): Promise<void> {
  await before();
  await daemon.stop();
  // records that it writes while it starts count, too
  await daemon.up({ BERTH_FAULT: fault }).catch((error: unknown) => {
    if (!daemon.died) throw error;
  });
  if (!daemon.died) await run(...command);
  await until(() => assert.ok(daemon.died, `the daemon has not come to ${fault}`));
  await daemon.up();
}

test('fault C62: kill -9 of the daemon within up, down and an update', async (t) => {
  write('one');
  const up = async (): Promise<void> => {
    write('one');
    await ok('up', '-d', '--wait');
  };
  const update = async (): Promise<void> => {
    await up();
    write('two');
  };
  for (const fault of [
    'records.networks.put:1',
    'records.volumes.put:1',
    'records.containers.put:1',
    'records.containers.put:4',
    'spawn.conmon:2',
  ])
    await t.test(`up, at ${fault}`, async () => {
      await daemonDies(fault, isGone, 'up', '-d');
      await isWhole('one');
    });
  for (const fault of ['records.containers.delete:1', 'records.volumes.delete:1', 'records.networks.delete:1'])
    await t.test(`down, at ${fault}`, async () => {
      await daemonDies(fault, up, 'down', '-v', '-t', '0');
      await isWhole('one');
    });
  for (const fault of ['records.containers.put:2', 'records.containers.put:6', 'records.containers.delete:1'])
    await t.test(`update, at ${fault}`, async () => {
      await daemonDies(fault, update, 'up', '-d');
      await isWhole('two');
    });
  await isGone();
});
