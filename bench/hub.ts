// npm run bench:hub: the hub beside Debian's docker-registry, one after the other on this machine: manifests a second, pushes and
// pulls of 1, 8 and 64 clients, the memory after it, and a search among 100,000 repositories. It never fails on a number.
//   --mb N   size of a layer (default 32)   --seconds N   of each count of manifests (default 3)
import { type ChildProcess, spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { openDatabase } from '../src/hub/metadata/index.ts';
import { Search } from '../src/hub/search/index.ts';

const { values } = parseArgs({
  options: { mb: { type: 'string', default: '32' }, seconds: { type: 'string', default: '3' } },
});
const LAYER = Number(values.mb) * 1024 * 1024;
const SECONDS = Number(values.seconds);
const MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
const folder = mkdtempSync('/tmp/berth-bench-hub-');
const agent = new Agent({ keepAlive: true, maxSockets: 128 });
const digestOf = (content: Buffer): string => `sha256:${createHash('sha256').update(content).digest('hex')}`;

interface Answer {
  readonly status: number;
  readonly location: string;
  readonly bytes: number;
}

function ask(
  port: number,
  method: string,
  path: string,
  body?: Buffer,
  type = 'application/octet-stream',
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const headers = {
      'Content-Length': body?.length ?? 0,
      ...(body ? { 'Content-Type': type } : { Accept: MANIFEST }),
    };
    const sent = request({ host: '127.0.0.1', port, method, path, headers, agent }, (response) => {
      let bytes = 0;
      response.on('data', (chunk: Buffer) => (bytes += chunk.length));
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, location: response.headers.location ?? '', bytes }),
      );
    });
    sent.once('error', reject);
    sent.end(body);
  });
}

async function push(port: number, content: Buffer, digest: string): Promise<void> {
  const { location } = await ask(port, 'POST', '/v2/bench/a/blobs/uploads/');
  const url = new URL(location, `http://127.0.0.1:${port}`);
  url.searchParams.set('digest', digest);
  const { status } = await ask(port, 'PUT', url.pathname + url.search, content);
  if (status !== 201) throw new Error(`push: ${status}`);
}

async function measure(name: string, port: number, child: ChildProcess): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt += 1) {
    const isUp = await ask(port, 'GET', '/v2/').then(
      ({ status }) => status === 200,
      () => false,
    );
    if (isUp) break;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  const config = Buffer.from('{}');
  await push(port, config, digestOf(config));
  const image = JSON.stringify({
    schemaVersion: 2,
    mediaType: MANIFEST,
    config: { mediaType: 'application/vnd.oci.image.config.v1+json', digest: digestOf(config), size: 2 },
    layers: [],
  });
  await ask(port, 'PUT', '/v2/bench/a/manifests/v1', Buffer.from(image), MANIFEST);
  let count = 0;
  const end = performance.now() + SECONDS * 1000;
  const reader = async (): Promise<void> => {
    while (performance.now() < end) {
      await ask(port, 'GET', '/v2/bench/a/manifests/v1');
      count += 1;
    }
  };
  await Promise.all(Array.from({ length: 16 }, reader));
  const results = [`manifests ${Math.round(count / SECONDS)}/s`];
  const rate = async (clients: number, work: (index: number) => Promise<unknown>, bytes: number): Promise<string> => {
    const begun = performance.now();
    await Promise.all(Array.from({ length: clients }, (_, index) => work(index)));
    return `${Math.round((clients * bytes) / 1e6 / ((performance.now() - begun) / 1000))}`;
  };
  for (const clients of [1, 8, 64]) {
    const size = clients === 64 ? LAYER / 8 : LAYER;
    const layers = Array.from({ length: clients }, () => {
      const content = Buffer.alloc(size, 'x');
      randomBytes(16).copy(content);
      return { content, digest: digestOf(content) };
    });
    const pushed = await rate(clients, (n) => push(port, layers[n]?.content ?? config, layers[n]?.digest ?? ''), size);
    const pulled = await rate(clients, (n) => ask(port, 'GET', `/v2/bench/a/blobs/${layers[n]?.digest}`), size);
    results.push(`${clients} clients: push ${pushed} MB/s, pull ${pulled} MB/s`);
  }
  const memory = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1];
  process.stdout.write(`${name}: ${results.join('; ')}; at most ${Math.round(Number(memory) / 1024)} MiB\n`);
}

async function run(name: string, port: number, file: string, args: readonly string[]): Promise<void> {
  const child = spawn(file, args, { stdio: 'ignore' });
  try {
    await measure(name, port, child);
  } finally {
    child.kill('SIGTERM');
  }
}

function measureSearch(): void {
  const database = openDatabase(join(folder, 'search', 'hub.db'));
  const words = ['redis', 'nginx', 'postgres', 'api', 'web', 'worker', 'cache', 'proxy', 'build', 'tool'];
  const word = (index: number, salt: number): string =>
    words[(index * 7919 + salt * 104_729 + (index >> salt)) % 10] ?? '';
  const repository = database.prepare(
    'INSERT INTO repository (name, pushed_at, pulls, description) VALUES (?, 1, ?, ?)',
  );
  const manifest =
    database.prepare(`INSERT INTO manifest (repository, digest, media_type, size, artifact_type, annotations, content_size, pushed_at)
     VALUES (?, 'sha256:0', 'x', 1, '', '{}', 1, 1)`);
  database.exec('BEGIN');
  for (let index = 0; index < 100_000; index += 1) {
    const name = `team${index % 500}/${word(index, 1)}-${word(index, 2)}-${index}`;
    manifest.run(repository.run(name, index % 1000, `A ${word(index, 3)} for ${word(index, 4)}`).lastInsertRowid);
  }
  database.exec('COMMIT');
  const search = new Search(database);
  const times: number[] = [];
  for (let round = 0; round < 20; round += 1)
    for (const text of [...words, 'team1', 'redis api', 're', '77777', 'a']) {
      const begun = performance.now();
      search.rows(search.names({ text }).slice(0, 25));
      times.push(performance.now() - begun);
    }
  times.sort((a, b) => a - b);
  const at = (share: number): string => (times[Math.floor(times.length * share)] ?? 0).toFixed(1);
  process.stdout.write(`search among 100,000 repositories: median ${at(0.5)} ms, p99 ${at(0.99)} ms\n`);
  database.close();
}

try {
  const entry = new URL('../src/bin/berth.ts', import.meta.url).pathname;
  const words = ['--max-semi-space-size=2', '--disable-warning=ExperimentalWarning', '--', entry, 'hub', 'serve'];
  const hub = [...words, '--root', join(folder, 'hub'), '--listen', '127.0.0.1:5996'];
  await run('hub', 5996, process.execPath, hub);
  const file = join(folder, 'config.yml');
  writeFileSync(
    file,
    `version: 0.1\nlog: {level: error}\nstorage: {filesystem: {rootdirectory: ${folder}/registry}}\nhttp: {addr: 127.0.0.1:5995, secret: x}\n`,
  );
  await run('docker-registry', 5995, 'docker-registry', ['serve', file]);
  measureSearch();
} finally {
  agent.destroy();
  rmSync(folder, { recursive: true, force: true });
}
