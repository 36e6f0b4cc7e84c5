// npm run bench:hub: the hub beside docker-registry, in turn on this machine: manifests a second, pushes and pulls of 1, 8 and 64
// clients, images of many small layers, a list of 100,000 tags, the processor time and memory of each, and a search among 100,000
// repositories. The floor of a push is sha256 and a write to the disk with fsync, one after the other. It never fails on a number.
//   --mb N      size of a layer (default 100; an eighth of it with 64 clients)    --rounds N  of each case (default 3)
//   --seconds N of each count of manifests (default 2)    --images N  of 20 layers of 4 KiB (default 25)    --tags N (default 100,000)
//   --registry PATH  docker-registry, where it is not in PATH    --only hub|docker-registry
import { type ChildProcess, spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { openDatabase } from '../src/hub/metadata/index.ts';
import { Search } from '../src/hub/search/index.ts';
import { median } from './measure.ts';
import { printTable } from './table.ts';
import { Wire } from './wire.ts';

const { values } = parseArgs({
  options: {
    mb: { type: 'string', default: '100' },
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '2' },
    images: { type: 'string', default: '25' },
    tags: { type: 'string', default: '100000' },
    registry: { type: 'string', default: 'docker-registry' },
    only: { type: 'string' },
    flags: { type: 'string', default: '' },
  },
});
const LAYER = Number(values.mb) * 1024 * 1024;
const MB = 1e6;
const MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
const folder = mkdtempSync('/tmp/berth-bench-hub-');
const digestOf = (content: Buffer): string => `sha256:${createHash('sha256').update(content).digest('hex')}`;
const seconds = (begun: number): number => (performance.now() - begun) / 1000;

interface Server {
  readonly name: string;
  readonly port: number;
  readonly root: string;
  readonly child: ChildProcess;
}

interface Figure {
  readonly unit: string;
  readonly values: number[];
}

const figures = new Map<string, Map<string, Figure>>();

function note(server: string, what: string, unit: string, value: number): void {
  const of = figures.get(what) ?? new Map<string, Figure>();
  figures.set(what, of);
  const figure = of.get(server) ?? { unit, values: [] };
  of.set(server, figure);
  figure.values.push(value);
}

/** Seconds of processor time so far. */
function processorTime({ child }: Server): number {
  const fields = readFileSync(`/proc/${child.pid}/stat`, 'latin1').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

const memoryOf = ({ child }: Server, which: 'VmHWM' | 'VmRSS'): number =>
  Number(new RegExp(`${which}:\\s+(\\d+)`).exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1]) / 1024;

async function push(wire: Wire, port: number, name: string, content: Buffer, digest: string): Promise<void> {
  const { location } = await wire.ask('POST', `/v2/${name}/blobs/uploads/`);
  const url = new URL(location, `http://127.0.0.1:${port}`);
  url.searchParams.set('digest', digest);
  const { status } = await wire.ask('PUT', url.pathname + url.search, content);
  if (status !== 201) throw new Error(`push: ${status}`);
}

/** Seconds that all clients take, each over a connection of its own. */
async function together(
  port: number,
  clients: number,
  work: (wire: Wire, index: number) => Promise<unknown>,
): Promise<number> {
  const wires = Array.from({ length: clients }, () => new Wire(port));
  const begun = performance.now();
  try {
    await Promise.all(wires.map(work));
    return seconds(begun);
  } finally {
    for (const wire of wires) wire[Symbol.dispose]();
  }
}

const imageOf = (config: Buffer, layers: readonly Buffer[]): Buffer =>
  Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: MANIFEST,
      config: { mediaType: 'application/vnd.oci.image.config.v1+json', digest: digestOf(config), size: config.length },
      layers: layers.map((layer) => ({
        mediaType: 'application/vnd.oci.image.layer.v1.tar',
        digest: digestOf(layer),
        size: layer.length,
      })),
    }),
  );

async function manifests({ name, port }: Server): Promise<void> {
  const config = Buffer.from('{}');
  using first = new Wire(port);
  await push(first, port, 'bench/a', config, digestOf(config));
  await first.ask('PUT', '/v2/bench/a/manifests/v1', imageOf(config, []), MANIFEST);
  let count = 0;
  const end = performance.now() + Number(values.seconds) * 1000;
  const took = await together(port, 16, async (wire) => {
    while (performance.now() < end) {
      const { status } = await wire.ask('GET', '/v2/bench/a/manifests/v1');
      if (status !== 200) throw new Error(`manifest: ${status}`);
      count += 1;
    }
  });
  note(name, 'manifests', '/s', count / took);
}

async function layers(server: Server, clients: number): Promise<void> {
  const { name, port } = server;
  const size = clients === 64 ? LAYER / 8 : LAYER;
  const all = Array.from({ length: clients }, () => {
    const content = Buffer.alloc(size, 'x');
    randomBytes(16).copy(content);
    return { content, digest: digestOf(content) };
  });
  const bytes = (clients * size) / MB;
  const of = (index: number): { content: Buffer; digest: string } =>
    all[index] ?? { content: Buffer.alloc(0), digest: '' };
  const used = processorTime(server);
  const pushed = await together(port, clients, (wire, n) => push(wire, port, 'bench/a', of(n).content, of(n).digest));
  const between = processorTime(server);
  const pulled = await together(port, clients, async (wire, n) => {
    const { bytes: came } = await wire.ask('GET', `/v2/bench/a/blobs/${of(n).digest}`);
    if (came !== size) throw new Error(`pull: ${came} bytes`);
  });
  note(name, `push, ${clients} clients`, 'MB/s', bytes / pushed);
  note(name, `push, ${clients} clients: processor time`, 's/GB', ((between - used) / bytes) * 1000);
  note(name, `pull, ${clients} clients`, 'MB/s', bytes / pulled);
  note(name, `pull, ${clients} clients: processor time`, 's/GB', ((processorTime(server) - between) / bytes) * 1000);
}

/** 8 clients push images, one after the other, of 20 layers that nobody has. */
async function images({ name, port }: Server): Promise<void> {
  const count = Number(values.images);
  let next = 0;
  const took = await together(port, 8, async (wire) => {
    for (let index = next++; index < count; index = next++) {
      const parts = Array.from({ length: 20 }, () => randomBytes(4096));
      const config = randomBytes(100);
      for (const part of [...parts, config]) await push(wire, port, `bench/image${index}`, part, digestOf(part));
      const path = `/v2/bench/image${index}/manifests/v1`;
      const { status } = await wire.ask('PUT', path, imageOf(config, parts), MANIFEST);
      if (status !== 201) throw new Error(`image: ${status}`);
    }
  });
  note(name, 'images of 20 small layers, 8 clients', '/s', count / took);
}

function makeTags({ root }: Server): void {
  for (let index = 0; index < Number(values.tags); index += 1) {
    const current = join(root, 'docker/registry/v2/repositories/bench/tags/_manifests/tags', `v${index}`, 'current');
    mkdirSync(current, { recursive: true });
    writeFileSync(join(current, 'link'), digestOf(Buffer.alloc(0)));
  }
}

async function tags({ name, port }: Server): Promise<void> {
  const begun = performance.now();
  const answer = await fetch(`http://127.0.0.1:${port}/v2/bench/tags/tags/list`);
  const found = ((await answer.json()) as { tags: string[] }).tags.length;
  note(name, `list of ${values.tags} tags`, 'ms', performance.now() - begun);
  if (found !== Number(values.tags)) throw new Error(`${name}: ${found} tags`);
}

/** One page after the other to the end, as clients that are polite do. */
async function tagPages({ name, port }: Server): Promise<void> {
  let path: string | undefined = '/v2/bench/tags/tags/list?n=1000';
  let pages = 0;
  const begun = performance.now();
  while (path !== undefined) {
    const answer = await fetch(`http://127.0.0.1:${port}${path}`);
    await answer.json();
    path = /<(.*)>/.exec(answer.headers.get('link') ?? '')?.[1];
    pages += 1;
  }
  if (pages > 1) note(name, `… in pages of 1000, a page`, 'ms', (performance.now() - begun) / pages);
}

async function start(name: string, port: number, root: string, file: string, args: readonly string[]): Promise<Server> {
  const child = spawn(file, args, { stdio: 'ignore' });
  for (let attempt = 0; attempt < 200; attempt += 1) {
    const isUp = await fetch(`http://127.0.0.1:${port}/v2/`).then(
      async (answer) => (await answer.text()) !== undefined && answer.status === 200,
      () => false,
    );
    if (isUp) break;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return { name, port, root, child };
}

function floor(): void {
  const content = Buffer.alloc(LAYER, 'x');
  let begun = performance.now();
  digestOf(content);
  note('floor', 'sha256', 'MB/s', LAYER / MB / seconds(begun));
  begun = performance.now();
  const file = openSync(join(folder, 'floor'), 'w');
  writeSync(file, content);
  fsyncSync(file);
  closeSync(file);
  note('floor', 'write and fsync', 'MB/s', LAYER / MB / seconds(begun));
}

function search(): void {
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
  const finder = new Search(database);
  const times: number[] = [];
  for (let round = 0; round < 20; round += 1)
    for (const text of [...words, 'team1', 'redis api', 're', '77777', 'a']) {
      const begun = performance.now();
      finder.rows(finder.names({ text }).slice(0, 25));
      times.push(performance.now() - begun);
    }
  times.sort((a, b) => a - b);
  const at = (share: number): string => (times[Math.floor(times.length * share)] ?? 0).toFixed(1);
  console.log(`\nsearch among 100,000 repositories: median ${at(0.5)} ms, p99 ${at(0.99)} ms`);
  database.close();
}

function print(): void {
  const sha = median(figures.get('sha256')?.get('floor')?.values ?? []);
  const disk = median(figures.get('write and fsync')?.get('floor')?.values ?? []);
  const rows = [...figures].map(([what, of]) => {
    const text = (name: string): string => {
      const figure = of.get(name);
      if (!figure) return '';
      const value = median(figure.values);
      return value < 10 ? value.toFixed(2) : value.toFixed(0);
    };
    const ratio = median(of.get('hub')?.values ?? []) / median(of.get('docker-registry')?.values ?? []);
    const floors = of.get('floor')?.values;
    const share =
      what.startsWith('push') && !what.includes(':') ? median(of.get('hub')?.values ?? []) * (1 / sha + 1 / disk) : NaN;
    return [
      what,
      [...of.values()][0]?.unit ?? '',
      floors ? median(floors).toFixed(0) : text('hub'),
      text('docker-registry'),
      Number.isNaN(ratio) ? '' : ratio.toFixed(2),
      Number.isNaN(share) ? '' : `${Math.round(share * 100)} %`,
    ];
  });
  printTable([['case', '', 'hub', 'docker-registry', 'ratio', 'share of the floor'], ...rows], [0, 1]);
}

const servers: Server[] = [];
try {
  const entry = new URL('../src/bin/berth.ts', import.meta.url).pathname;
  const words = [
    '--max-semi-space-size=2',
    '--v8-pool-size=1',
    '--expose-gc',
    ...values.flags.split(' ').filter(Boolean),
    '--disable-warning=ExperimentalWarning',
    '--',
    entry,
    'hub',
    'serve',
  ];
  const roots = { hub: join(folder, 'hub'), registry: join(folder, 'registry') };
  if (values.only !== 'docker-registry')
    servers.push(
      await start('hub', 5996, roots.hub, process.execPath, [
        ...words,
        '--root',
        roots.hub,
        '--listen',
        '127.0.0.1:5996',
      ]),
    );
  const file = join(folder, 'config.yml');
  writeFileSync(
    file,
    `version: 0.1\nlog: {level: error}\nstorage: {filesystem: {rootdirectory: ${roots.registry}}}\nhttp: {addr: 127.0.0.1:5995, secret: x}\n`,
  );
  if (values.only !== 'hub')
    servers.push(await start('docker-registry', 5995, roots.registry, values.registry, ['serve', file]));
  for (let round = 0; round < Number(values.rounds); round += 1) {
    floor();
    const inTurn = round % 2 === 0 ? servers : servers.toReversed();
    for (const server of inTurn) await manifests(server);
    for (const clients of [1, 8, 64]) for (const server of inTurn) await layers(server, clients);
    for (const server of inTurn) await images(server);
  }
  for (const server of servers) note(server.name, 'memory: most', 'MiB', memoryOf(server, 'VmHWM'));
  for (const server of servers) note(server.name, 'memory: afterwards', 'MiB', memoryOf(server, 'VmRSS'));
  if (Number(values.tags) > 0)
    for (const server of servers) {
      makeTags(server);
      for (let round = 0; round < Number(values.rounds); round += 1) await tags(server);
      await tagPages(server);
    }
  print();
  search();
} finally {
  for (const { child } of servers) child.kill('SIGTERM');
  rmSync(folder, { recursive: true, force: true });
}
