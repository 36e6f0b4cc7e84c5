// Projects by Berth's own compose: brought up, taken over by docker compose and back, changed without a gap, taken away.
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { get } from 'node:http';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { type Result, TestDaemon } from '../support/daemon.ts';

let daemon: TestDaemon;
let folder: string;

before(async () => {
  daemon = await TestDaemon.start();
  folder = join(daemon.folder, 'projects');
  const made = await daemon.berth('image', 'bootstrap', 'busybox');
  assert.equal(made.code, 0, made.stderr);
});
after(async () => {
  await daemon[Symbol.asyncDispose]();
});

/** A project of its own; `run` gives the words after `compose`. */
function project(
  name: string,
  text: string,
): { write: (text: string) => void; run: (...words: string[]) => Promise<Result> } {
  const file = join(folder, name, 'compose.yaml');
  mkdirSync(join(folder, name), { recursive: true });
  const write = (content: string): void => writeFileSync(file, content);
  write(text);
  return { write, run: (...words) => daemon.berth('compose', '-f', file, ...words) };
}

const steps = (text: string): string[] => text.split('\n').filter((line) => line !== '');

const IDLE = 'image: busybox, command: sleep 1000, stop_grace_period: 0s';

test('a project comes up in the order of its dependencies, is left alone the second time, and goes away whole', async () => {
  const { run } = project(
    'life',
    `services:
  web: {${IDLE}, depends_on: {db: {condition: service_healthy}, init: {condition: service_completed_successfully}}, volumes: ["data:/data"]}
  db: {${IDLE}, healthcheck: {test: "true", interval: 200ms}}
  init: {image: busybox, command: "true"}
volumes: {data: {}}
`,
  );
  const up = await run('up', '-d');
  assert.equal(up.code, 0, up.stderr);
  assert.equal(up.stdout, '');
  const lines = steps(up.stderr);
  assert.ok(lines.indexOf(' Container life-db-1  Healthy') < lines.indexOf(' Container life-web-1  Starting'));
  assert.ok(lines.indexOf(' Container life-init-1  Exited') < lines.indexOf(' Container life-web-1  Starting'));
  const ids = await run('ps', '-q');
  const again = await run('up', '-d');
  assert.match(again.stderr, / Container life-web-1 {2}Running\n/);
  assert.equal((await run('ps', '-q')).stdout, ids.stdout);
  const down = await run('down', '-v');
  assert.match(down.stderr, / Volume life_data {2}Removed\n/);
  assert.equal((await run('ps', '-aq')).stdout, '');
  assert.equal(
    (await daemon.berth('network', 'ls', '-q', '--filter', 'label=com.docker.compose.project=life')).stdout,
    '',
  );
});

test('logs, exec, run, scale and stop do what they say', async () => {
  const { run } = project(
    'verbs',
    `services: {a: {image: busybox, command: "sh -c 'echo one; sleep 1000'", stop_grace_period: 0s}}\n`,
  );
  assert.equal((await run('up', '-d', '--scale', 'a=2')).code, 0);
  assert.deepEqual(steps((await run('logs')).stdout).sort(), ['a-1  | one', 'a-2  | one']);
  const exec = await run('exec', '-T', '--index', '2', 'a', 'sh', '-c', 'hostname; exit 3');
  assert.equal(exec.code, 3);
  const once = await run('run', '--rm', '-T', 'a', 'echo', 'hi');
  assert.equal(once.stdout, 'hi\n');
  const shrunk = await run('scale', 'a=1');
  assert.match(shrunk.stderr, / Container verbs-a-2 {2}Removed\n/);
  assert.match((await run('--dry-run', 'down')).stderr, /DRY-RUN MODE - {2}Container verbs-a-1 {2}Removed/);
  assert.equal((await run('ps', '--format', '{{.Name}}')).stdout, 'verbs-a-1\n');
  assert.equal((await run('down')).code, 0);
});

test('a container that ends ends an attached up with its code', async () => {
  const { run } = project(
    'ends',
    `services: {a: {image: busybox, command: "sh -c 'echo bye; exit 3'"}, b: {${IDLE}}}\n`,
  );
  const { code, stdout } = await run('up', '--abort-on-container-exit');
  assert.equal(code, 3);
  assert.match(stdout, /^Attaching to a-1, b-1\n/);
  assert.match(stdout, /^a-1 {2}\| bye$/m);
  assert.match(stdout, /a-1 exited with code 3\n/);
  await run('down');
});

test('secrets of variables are written into the container with their mode and owner', async () => {
  const { run } = project(
    'secrets',
    `services: {a: {${IDLE}, secrets: [{source: s, mode: "0400", uid: "7"}], configs: [{source: c, target: /etc/c}]}}
secrets: {s: {environment: LIFE}}
configs: {c: {content: "forty-two"}}
`,
  );
  process.env['LIFE'] = 'hidden';
  const up = await run('up', '-d');
  delete process.env['LIFE'];
  assert.equal(up.code, 0, up.stderr);
  const seen = await run('exec', '-T', 'a', 'sh', '-c', 'stat -c "%a %u" /run/secrets/s; cat /run/secrets/s /etc/c');
  assert.equal(seen.stdout, '400 7\nhiddenforty-two');
  await run('down');
});

test('two ups at once leave one container of each number', async () => {
  const { run } = project('twice', `services: {a: {${IDLE}, scale: 2}}\n`);
  await Promise.all([run('up', '-d'), run('up', '-d')]);
  assert.equal((await run('up', '-d')).code, 0);
  assert.equal((await run('ps', '--format', '{{.Name}}')).stdout, 'twice-a-1\ntwice-a-2\n');
  await run('down');
});

test('a volume whose definition changed keeps its data until somebody agrees to lose it', async () => {
  const text = (label: string): string =>
    `services: {a: {${IDLE}, volumes: ["data:/data"]}}\nvolumes: {data: {labels: {x: "${label}"}}}\n`;
  const { run, write } = project('volumes', text('1'));
  assert.equal((await run('up', '-d')).code, 0);
  await run('exec', '-T', 'a', 'touch', '/data/here');
  write(text('2'));
  const kept = await run('up', '-d');
  assert.equal(kept.code, 0, kept.stderr);
  assert.equal(
    kept.stdout,
    'Volume "volumes_data" exists but doesn\'t match configuration in compose file. Recreate (data will be lost)?',
  );
  assert.equal((await run('exec', '-T', 'a', 'ls', '/data')).stdout, 'here\n');
  const renewed = await run('up', '-d', '-y');
  assert.equal(renewed.stdout, '');
  assert.equal((await run('exec', '-T', 'a', 'ls', '/data')).stdout, '');
  await run('down', '-v');
});

/** 200 requests a second; counts who answered, and who did not. */
async function loadFor(
  port: number,
  done: Promise<unknown>,
): Promise<{ sent: number; failed: string[]; seen: Set<string> }> {
  const failed: string[] = [];
  const seen = new Set<string>();
  const open: Promise<void>[] = [];
  let isOver = false;
  void done.finally(() => {
    isOver = true;
  });
  while (!isOver) {
    open.push(
      new Promise((resolve) => {
        const request = get({ port, host: '127.0.0.1', agent: false, timeout: 5000 }, (response) => {
          let text = '';
          response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
          response.on('end', () => {
            seen.add(text.trim());
            resolve();
          });
        });
        request.on('timeout', () => request.destroy(new Error('timed out')));
        request.on('error', (error) => {
          failed.push(error.message);
          resolve();
        });
      }),
    );
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  await Promise.all(open);
  return { sent: open.length, failed, seen };
}

const BY_NAME = `
const { Resolver } = require('node:dns').promises;
const { get } = require('node:http');
const names = new Resolver();
names.setServers(['127.0.0.11']);
let sent = 0, over = false;
const failed = [];
process.stdin.on('data', () => {}).on('end', () => { over = true; });
(async () => {
  while (!over) {
    sent += 1;
    try {
      const [host] = await names.resolve4('web');
      await new Promise((done, fail) => get({ host, agent: false, timeout: 3000 }, (answer) => answer.resume().on('end', done)).on('error', fail));
    } catch (error) { failed.push(String(error)); }
    await new Promise((done) => setTimeout(done, 20));
  }
  console.log(JSON.stringify({ sent, failed }));
})();
`;

/** Asks `web` in a container's network, by its name each time, until `done`. */
function requestsByName(pid: string, done: Promise<unknown>): Promise<{ sent: number; failed: string[] }> {
  return new Promise((resolve, reject) => {
    const child = spawn('nsenter', ['-t', pid, '-n', process.execPath, '-e', BY_NAME]);
    let text = '';
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
    child.once('error', reject);
    child.once('close', () => resolve(JSON.parse(text) as { sent: number; failed: string[] }));
    void done.finally(() => child.stdin.end());
  });
}

const SERVER = (text: string): string => `services:
  web:
    image: busybox
    command: sh -c 'mkdir -p /w; echo ${text} > /w/index.html; exec httpd -f -p 80 -h /w'
    ports: ["127.0.0.1:0:80"]
    stop_grace_period: 1s
    healthcheck: {test: "wget -q -O- http://127.0.0.1/ > /dev/null", interval: 200ms}
`;

test('a service with a health check is updated without a lost request, on its port and by its name', async () => {
  const free = String(18_000 + (process.pid % 1000));
  const text = (version: string): string => SERVER(version).replace(':0:', `:${free}:`);
  const { write, run } = project('roll', text('one'));
  const first = await run('up', '-d', '--wait');
  assert.equal(first.code, 0, first.stderr);
  const client = await daemon.berth('run', '-d', '--network', 'roll_default', 'busybox', 'sleep', '1000');
  const inside = (await daemon.berth('inspect', '-f', '{{.State.Pid}}', client.stdout.trim())).stdout.trim();
  write(text('two'));
  const update = run('up', '-d');
  const byName = requestsByName(inside, update);
  const { sent, failed, seen } = await loadFor(Number(free), update);
  const { code, stderr } = await update;
  assert.equal(code, 0, stderr);
  assert.deepEqual(failed, []);
  assert.ok(sent > 100, `${sent} requests`);
  assert.deepEqual([...seen].sort(), ['one', 'two']);
  const named = await byName;
  assert.deepEqual(named.failed, []);
  assert.ok(named.sent > 20, `${named.sent} requests by name`);
  await daemon.berth('rm', '-f', client.stdout.trim());
  const shown = JSON.parse((await daemon.berth('inspect', 'roll-web-1')).stdout) as {
    NetworkSettings: { Networks: Record<string, { Aliases: string[]; DNSNames: string[] }> };
    HostConfig: { PortBindings: Record<string, { HostPort: string }[]> };
  }[];
  assert.equal(shown[0]?.HostConfig.PortBindings['80/tcp']?.[0]?.HostPort, free);
  assert.ok(shown[0]?.NetworkSettings.Networks['roll_default']?.DNSNames.includes('web'));
  const kept = await run('up', '-d');
  assert.match(kept.stderr, / Container roll-web-1 {2}Running\n/);
  await run('down');
});

test('a new version that does not become healthy is taken back, and the old one goes on', async () => {
  const { write, run } = project('bad', SERVER('good'));
  assert.equal((await run('up', '-d', '--wait')).code, 0);
  const before = (await run('ps', '-q')).stdout;
  write(
    SERVER('bad').replace(
      '"wget -q -O- http://127.0.0.1/ > /dev/null", interval: 200ms',
      '"false", interval: 100ms, retries: 1',
    ),
  );
  const { code, stderr } = await run('up', '-d');
  assert.equal(code, 1);
  assert.match(stderr, /is unhealthy/);
  assert.equal((await run('ps', '-q')).stdout, before);
  await run('down');
});

test('a plan says what would change, and is done only while nothing else has changed', async () => {
  const { write, run } = project('plan', `services: {a: {${IDLE}, environment: {V: "1"}}}\n`);
  const file = join(folder, 'plan.json');
  assert.match((await run('plan')).stdout, /^2\. create plan-a-1: it does not exist/m);
  await run('up', '-d');
  write(`services: {a: {${IDLE}, environment: {V: "2", PASSWORD: x}}}\n`);
  const planned = await run('plan', '-o', file);
  assert.match(planned.stdout, /recreate plan-a-1: its configuration changed/);
  assert.match(planned.stdout, / {3}environment\.V: "1" -> "2"\n/);
  assert.match(planned.stdout, / {3}environment\.PASSWORD: changed\n/);
  assert.equal((await run('apply', file)).code, 0);
  const late = await run('apply', file);
  assert.equal(late.code, 1);
  assert.match(late.stderr, /the world has changed since the plan was made/);
  await run('down');
});

test('fault C63: an up whose client was killed is finished by the next one', async () => {
  const { write, run } = project('killed', `services: {a: {${IDLE}, scale: 3}}\n`);
  await run('up', '-d');
  write(`services: {a: {${IDLE}, scale: 3, environment: {V: "2"}}}\n`);
  const file = join(folder, 'killed', 'compose.yaml');
  const { file: program, args, env } = daemon.command('berth', ['compose', '-f', file, 'up', '-d']);
  await promisify(execFile)(program, args, { env, timeout: 700, killSignal: 'SIGKILL' }).catch(() => undefined);
  assert.equal((await run('up', '-d')).code, 0);
  assert.equal((await run('ps', '-a', '--format', '{{.Name}}')).stdout, 'killed-a-1\nkilled-a-2\nkilled-a-3\n');
  await run('down');
});

test('revisions: an update that does not become healthy is taken back, and an older one comes back with its image', async () => {
  const text = (value: string, check: string): string =>
    `services:
  a: {${IDLE}, image: "revised:1", environment: {V: "${value}"}, healthcheck: {test: "${check}", interval: 100ms, retries: 2}}
`.replace('image: busybox, ', '');
  const { write, run } = project('revised', text('1', 'true'));
  const image = async (words: string): Promise<void> => {
    const context = join(folder, 'revised');
    writeFileSync(join(context, 'Dockerfile'), `FROM busybox\nLABEL words=${words}\n`);
    const built = await daemon.berth('build', '-q', '-t', 'revised:1', context);
    assert.equal(built.code, 0, built.stderr);
  };
  const now = async (): Promise<string> => {
    const value = await run('exec', '-T', 'a', 'sh', '-c', 'echo $V');
    const words = await daemon.berth('image', 'inspect', '-f', '{{.Config.Labels.words}}', 'revised:1');
    return `${value.stdout.trim()} ${words.stdout.trim()}`;
  };
  await image('one');
  assert.equal((await run('up', '-d', '--wait')).code, 0);
  await image('two');
  write(text('2$$x', 'true'));
  for (const _ of ['first', 'again']) assert.equal((await run('up', '-d', '--wait')).code, 0);
  write(text('3', 'false'));
  const bad = await run('up', '-d', '--rollback');
  assert.equal(bad.code, 1);
  assert.match(bad.stderr, /is unhealthy.*going back to revision 2/);
  assert.equal(await now(), '2$x two');
  assert.equal((await run('rollback', '1')).code, 0);
  assert.equal(await now(), '1 one');
  assert.equal((await run('rollback')).code, 0);
  assert.equal(await now(), '2$x two');
  const all = JSON.parse((await run('revisions', '--format', 'json')).stdout) as { number: number; cause: string }[];
  assert.deepEqual(
    all.map(({ number, cause }) => `${number} ${cause}`),
    ['1 up', '2 up', '3 rollback to 1', '4 rollback to 2'],
  );
  assert.match((await run('rollback', '9')).stderr, /there is no revision 9/);
  await run('down');
});

test('an image that needs variables is not started without them, by no client', async () => {
  const { run } = project('needs', `services: {a: {image: needs, environment: {PORT: x}}, b: {${IDLE}}}\n`);
  const context = join(folder, 'needs');
  writeFileSync(
    join(context, 'Dockerfile'),
    'FROM busybox\nLABEL berth.env.TOKEN="required secret: who asks" berth.env.PORT=int\n',
  );
  assert.equal((await daemon.berth('build', '-q', '-t', 'needs', context)).code, 0);
  const up = await run('up', '-d');
  assert.equal(up.code, 1);
  assert.match(up.stderr, /^ {2}a: PORT is no int: "x"\n {2}a: TOKEN is missing \(who asks\)$/m);
  assert.equal((await run('ps', '-aq')).stdout, '');
  const alone = await daemon.berth('run', '--rm', 'needs', 'true');
  assert.equal(alone.code, 125);
  assert.match(alone.stderr, /image needs needs its environment: TOKEN is missing \(who asks\)/);
  assert.equal((await daemon.berth('run', '--rm', '-e', 'TOKEN=t', 'needs', 'true')).code, 0);
  assert.match((await daemon.berth('env', 'needs')).stdout, /^TOKEN +text +yes +yes +who asks$/m);
});
