// Build caches between daemons: what one has built another takes over, from a directory, a registry or the image itself.
import assert from 'node:assert/strict';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type Result, TestDaemon } from '../support/daemon.ts';
import { TestRegistry } from '../support/registry.ts';

let maker: TestDaemon;
let taker: TestDaemon;
let registry: TestRegistry;
const folder = mkdtempSync('/tmp/berth-cache-');
const CONTEXT = join(folder, 'context');
/** RUN gives something else each time, so that a step that was done again shows. */
const RECIPE = `FROM busybox AS make
COPY in.txt /w/
RUN cat /proc/sys/kernel/random/uuid > /w/out
FROM busybox
WORKDIR /app
COPY --from=make /w/ /app/
RUN cat /proc/sys/kernel/random/uuid > /app/last
`;
const STEPS = 6;

before(async () => {
  [maker, taker, registry] = await Promise.all([TestDaemon.start(), TestDaemon.start(), TestRegistry.start()]);
  assert.equal((await maker.berth('image', 'bootstrap', 'busybox')).code, 0);
  const archive = join(folder, 'busybox.tar');
  assert.equal((await maker.berth('save', '-o', archive, 'busybox')).code, 0);
  assert.equal((await taker.berth('load', '-i', archive)).code, 0);
  mkdirSync(CONTEXT);
  writeFileSync(join(CONTEXT, 'in.txt'), 'one\n');
  writeFileSync(join(CONTEXT, 'Dockerfile'), RECIPE);
});

after(async () => {
  await Promise.all([maker, taker, registry].map((one) => one[Symbol.asyncDispose]()));
  rmSync(folder, { recursive: true, force: true });
});

const build = (daemon: TestDaemon, ...args: string[]): Promise<Result> =>
  daemon.berth('build', '--progress', 'plain', ...args, CONTEXT);
const cached = ({ stderr }: Result): number => stderr.match(/ CACHED$/gm)?.length ?? 0;
const idOf = async (daemon: TestDaemon, name: string): Promise<string> =>
  (await daemon.berth('image', 'inspect', '-f', '{{.Id}}', name)).stdout.trim();

/** Nothing of earlier builds is left: every step comes from elsewhere or is done. */
async function forget(daemon: TestDaemon, ...names: string[]): Promise<void> {
  for (const name of names) assert.equal((await daemon.berth('image', 'rm', '-f', name)).code, 0);
  assert.equal((await daemon.berth('builder', 'prune', '-a', '-f')).code, 0);
}

test('a directory: every step of the other daemon is taken over, and the image is the same', async () => {
  const at = join(folder, 'all');
  const made = await build(maker, '-t', 'one', '--cache-to', `type=local,dest=${at},mode=max`);
  assert.equal(made.code, 0, made.stderr);
  const { manifests } = JSON.parse(readFileSync(join(at, 'index.json'), 'utf8')) as { manifests: unknown[] };
  assert.equal(manifests.length, 1);
  const taken = await build(taker, '-t', 'one', '--require-cached', '--cache-from', `type=local,src=${at}`);
  assert.equal(taken.code, 0, taken.stderr);
  assert.equal(cached(taken), STEPS, taken.stderr);
  assert.equal(await idOf(taker, 'one'), await idOf(maker, 'one'));
  const run = await taker.berth('run', '--rm', 'one', 'cat', '/app/in.txt');
  assert.equal(run.stdout, 'one\n', run.stderr);
  await forget(taker, 'one');
});

test('mode=min keeps the layers of the image alone; a step of a stage whose layers are missing is done when it is needed', async () => {
  const [min, max] = [join(folder, 'min'), join(folder, 'all')];
  const made = await build(maker, '--cache-to', `type=local,dest=${min}`);
  assert.equal(made.code, 0, made.stderr);
  const blobs = (at: string): number => readdirSync(join(at, 'blobs/sha256')).length;
  assert.ok(blobs(min) < blobs(max), `${blobs(min)} and ${blobs(max)}`);
  const taken = await build(taker, '-t', 'one', '--require-cached', '--cache-from', `type=local,src=${min}`);
  assert.equal(taken.code, 0, taken.stderr);
  assert.equal(await idOf(taker, 'one'), await idOf(maker, 'one'));
  await forget(taker, 'one');
  const stage = await build(taker, '-t', 'stage', '--target', 'make', '--cache-from', `type=local,src=${min}`);
  assert.equal(stage.code, 0, stage.stderr);
  const run = await taker.berth('run', '--rm', 'stage', 'cat', '/w/in.txt', '/w/out');
  assert.match(run.stdout, /^one\n[0-9a-f-]{36}\n$/, run.stderr);
  await forget(taker, 'stage');
});

test('a registry: its cache by a name of its own, and the cache within an image', async () => {
  const { address } = registry;
  const image = `${address}/app:1`;
  const to = ['--cache-to', `type=registry,ref=${address}/cache:1,mode=max`, '--cache-to', 'type=inline'];
  // what is said of the image makes an index of it, which its cache is found through
  const made = await build(maker, '-t', image, '--push', '--provenance', 'true', ...to);
  assert.equal(made.code, 0, made.stderr);
  for (const from of [`type=registry,ref=${address}/cache:1`, image]) {
    const taken = await build(
      taker,
      '-t',
      'one',
      '--require-cached',
      '--cache-to',
      'type=inline',
      '--cache-from',
      from,
    );
    assert.equal(taken.code, 0, `${from}: ${taken.stderr}`);
    assert.equal(await idOf(taker, 'one'), await idOf(maker, image), from);
    await forget(taker, 'one');
  }
});

test('a cache that is missing, is none, or holds something else is a warning, and the step is done', async () => {
  const [good, at] = [join(folder, 'all'), join(folder, 'bad')];
  const garbage = join(folder, 'garbage');
  cpSync(good, garbage, { recursive: true });
  writeFileSync(join(garbage, 'index.json'), 'nonsense');
  for (const from of [`type=local,src=${folder}/none`, `type=local,src=${garbage}`, 'type=gha', 'localhost:1/x']) {
    const built = await build(taker, '--cache-from', from);
    assert.equal(built.code, 0, built.stderr);
    assert.match(built.stderr, /the cache \S+ is not used/, from);
  }
  await taker.berth('builder', 'prune', '-a', '-f');
  cpSync(good, at, { recursive: true });
  // every layer is another than its name says: the documents stay
  for (const name of readdirSync(join(at, 'blobs/sha256'))) {
    const file = join(at, 'blobs/sha256', name);
    const content = readFileSync(file);
    if (content[0] === 0x7b) continue;
    content[content.length - 1] = (content[content.length - 1] ?? 0) ^ 1;
    writeFileSync(file, content);
  }
  const built = await build(taker, '-t', 'one', '--cache-from', `type=local,src=${at}`);
  assert.equal(built.code, 0, built.stderr);
  assert.match(built.stderr, /the cache \S+ is not used: blob sha256:\S+ is damaged/);
  assert.notEqual(await idOf(taker, 'one'), await idOf(maker, 'one'));
  assert.ok(!existsSync(join(folder, 'none')));
  await forget(taker, 'one');
});
