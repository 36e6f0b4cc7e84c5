import assert from 'node:assert/strict';
import { test } from 'node:test';
import { engineBench } from '../testing.ts';

test('a start mounts, takes addresses, makes the process and lets it go, in this order', async (t) => {
  const bench = await engineBench(t);
  const id = await bench.create(['deaf'], { HostConfig: { Binds: ['data:/data'] } });
  await bench.engine.start(id);
  assert.equal(await bench.status(id), 'running');
  assert.deepEqual(bench.runtime.calls, ['create', 'release']);
  assert.deepEqual(
    bench.holds().map((one) => one.split(' ')[0]),
    ['mount', 'address', 'volume', '1'],
  );
  assert.equal(bench.networks.running.get(id), (await bench.engine.inspect(id, false)).State.Pid);
  assert.deepEqual(bench.events, ['create', 'start']);
});

test('a second start says that there is nothing to do', async (t) => {
  const bench = await engineBench(t);
  const id = await bench.create(['deaf']);
  await Promise.all([bench.engine.start(id), assert.rejects(bench.engine.start(id), { kind: 'notModified' })]);
  assert.deepEqual(bench.runtime.calls, ['create', 'release']);
});

test('a program that is not there fails the start in the words of dockerd, with its exit code, and leaves nothing', async (t) => {
  const bench = await engineBench(t);
  const id = await bench.create(['none']);
  await assert.rejects(
    bench.engine.start(id),
    /OCI runtime create failed: .*"none": executable file not found in \$PATH/,
  );
  const { State } = await bench.engine.inspect(id, false);
  assert.deepEqual([State.Status, State.ExitCode], ['created', 127]);
  assert.match(State.Error, /executable file not found/);
  assert.deepEqual(bench.holds(), []);
});

const FAILURES: readonly [string, (bench: Awaited<ReturnType<typeof engineBench>>) => void, RegExp][] = [
  [
    'the runtime refuses',
    ({ runtime }) => void (runtime.refuses = 'no space left on device'),
    /no space left on device/,
  ],
  ['an interface cannot be made', ({ networks }) => void (networks.fails = 'no such bridge'), /no such bridge/],
  ['a volume does not come', ({ volumes }) => void volumes.broken.add('data'), /does not answer/],
];

for (const [what, arrange, words] of FAILURES)
  test(`when ${what}, everything that the start took is given back, and the next one succeeds`, async (t) => {
    const bench = await engineBench(t);
    const body = { HostConfig: { Binds: ['data:/data'], PortBindings: { '80/tcp': [{ HostPort: '8080' }] } } };
    const id = await bench.create(['deaf'], body);
    arrange(bench);
    await assert.rejects(bench.engine.start(id), words);
    assert.deepEqual(bench.holds(), []);
    bench.volumes.broken.clear();
    await bench.engine.start(id);
    assert.equal(await bench.status(id), 'running');
  });

test('a port that another container has is refused, and the other keeps it', async (t) => {
  const bench = await engineBench(t);
  const body = { HostConfig: { PortBindings: { '80/tcp': [{ HostPort: '8080' }] } } };
  const [one, two] = [await bench.create(['deaf'], body), await bench.create(['deaf'], body)];
  await bench.engine.start(one);
  await assert.rejects(bench.engine.start(two), /port is already allocated/);
  assert.equal(bench.networks.ports.get('8080'), one);
  assert.equal(await bench.status(one), 'running');
});

test('what the kernel has not let go of the last run keeps a container from starting', async (t) => {
  const bench = await engineBench(t);
  const id = await bench.create(['ends', '0']);
  await bench.engine.start(id);
  await bench.becomes(id, 'exited');
  bench.runtime.stuck.add(id);
  await assert.rejects(bench.engine.start(id), /its last run have not ended yet/);
  bench.runtime.stuck.clear();
  await bench.engine.start(id);
});

test('an --rm container whose start fails is gone', async (t) => {
  const bench = await engineBench(t);
  const id = await bench.create(['none'], { HostConfig: { AutoRemove: true } });
  const { ended } = bench.engine.wait(id, 'removed', new AbortController().signal);
  await assert.rejects(bench.engine.start(id), /not found/);
  assert.equal((await ended).exitCode, 127);
  assert.equal(bench.engine.knows(id), false);
});
