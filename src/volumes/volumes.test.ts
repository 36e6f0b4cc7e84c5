// Local volumes as dockerd has them: names, options, lists, removal.
import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { volumeBench } from './testing.ts';

const filters = (given: Record<string, string[]>) => new Map(Object.entries(given));

test('a volume is made once, and is there after a restart', async () => {
  await using bench = volumeBench();
  const { volumes } = bench;
  const made = await volumes.create({ Name: 'data', Labels: { a: 'b' } });
  assert.deepEqual(
    { ...made, CreatedAt: '', Mountpoint: '' },
    { CreatedAt: '', Driver: 'local', Labels: { a: 'b' }, Mountpoint: '', Name: 'data', Options: null, Scope: 'local' },
  );
  assert.match(made.CreatedAt, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
  assert.deepEqual(await volumes.create({ Name: 'data', DriverOpts: { type: 'tmpfs', device: 'tmpfs' } }), made);
  assert.deepEqual(bench.reopen().inspect('data'), made);
  assert.deepEqual(bench.events, ['create data']);
});

test('no name makes an anonymous volume', async () => {
  await using bench = volumeBench();
  for (const body of [undefined, null, {}]) {
    const { Name, Labels } = await bench.volumes.create(body);
    assert.match(Name, /^[0-9a-f]{64}$/);
    assert.deepEqual(Labels, { 'com.docker.volume.anonymous': '' });
  }
});

test('what dockerd refuses is refused in its words', async () => {
  await using bench = volumeBench();
  const { volumes } = bench;
  const refused = async (body: unknown, message: string, kind = 'invalid'): Promise<void> => {
    await assert.rejects(volumes.create(body), { kind, message });
  };
  await refused(
    { Name: 'a' },
    'create a: volume name is too short, names should be at least two alphanumeric characters',
  );
  await refused(
    { Name: '../x' },
    'create ../x: "../x" includes invalid characters for a local volume name, only "[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed. If you intended to pass a host directory, use absolute path',
  );
  await refused({ Name: 'abc', DriverOpts: { foo: 'x' } }, 'create abc: invalid option: "foo"');
  await refused({ Name: 'abc', DriverOpts: { type: 'tmpfs' } }, 'create abc: missing required option: "device"');
  await refused({ Name: 'abc', DriverOpts: { size: '1m' } }, 'create abc: quota size requested but no quota support');
  await refused(
    { Name: 'abc', Driver: 'foo' },
    'create abc: error looking up volume plugin foo: plugin "foo" not found',
    'notFound',
  );
  await refused(
    { Name: 5 },
    'invalid JSON: json: cannot unmarshal number into Go struct field CreateOptions.Name of type string',
  );
  assert.throws(() => volumes.inspect('none'), { kind: 'notFound', message: 'get none: no such volume' });
  assert.throws(() => volumes.list(filters({ foo: ['x'] })), { kind: 'invalid', message: "invalid filter 'foo'" });
  assert.throws(() => volumes.list(filters({ dangling: ['x'] })), { message: "invalid filter 'dangling=[x]'" });
  await assert.rejects(volumes.prune(filters({ all: ['1', '0'] }), 51), {
    message: "invalid filter 'all=[1 0]': only one value is expected",
  });
  await assert.rejects(volumes.prune(filters({ all: ['x'] }), 51), {
    message: `invalid filter 'all': strconv.ParseBool: parsing "x": invalid syntax`,
  });
});

test('lists are filtered by name, driver, label and use', async () => {
  await using bench = volumeBench();
  const { volumes, used } = bench;
  await volumes.create({ Name: 'alpha', Labels: { k: 'v' } });
  await volumes.create({ Name: 'beta' });
  used.set('beta', ['c1']);
  const names = (given: Record<string, string[]>) => volumes.list(filters(given)).Volumes.map((one) => one.Name);
  assert.deepEqual(names({}), ['alpha', 'beta']);
  assert.deepEqual(
    [names({ name: ['lph'] }), names({ name: ['^b.t'] }), names({ driver: ['other'] })],
    [['alpha'], ['beta'], []],
  );
  assert.deepEqual(
    [
      names({ label: ['k'] }),
      names({ label: ['k=v', 'x'] }),
      names({ dangling: ['false'] }),
      names({ dangling: ['1'] }),
    ],
    [['alpha'], [], ['beta'], ['alpha']],
  );
});

test('a volume in use stays; force is about absence alone', async () => {
  await using bench = volumeBench();
  const { volumes, used, events } = bench;
  await volumes.create({ Name: 'data' });
  used.set('data', ['c1', 'c2']);
  await assert.rejects(volumes.remove('data', true), {
    kind: 'conflict',
    message: 'remove data: volume is in use - [c1, c2]',
  });
  used.clear();
  await volumes.remove('data');
  await assert.rejects(volumes.remove('data'), { kind: 'notFound', message: 'get data: no such volume' });
  await volumes.remove('data', true);
  assert.deepEqual(events, ['create data', 'destroy data']);
  assert.ok(!existsSync(join(bench.dir, 'volumes/data')));
});

test('a prune takes anonymous volumes, and all where it is told so or the client is old', async () => {
  await using bench = volumeBench();
  const { volumes, used } = bench;
  const make = async () => {
    await volumes.create({ Name: 'named' });
    await volumes.create({ Name: 'busy', Labels: { 'com.docker.volume.anonymous': '' } });
    used.set('busy', ['c1']);
    const { Name, Mountpoint } = await volumes.create({});
    writeFileSync(join(Mountpoint, 'f'), 'x'.repeat(1000));
    return Name;
  };
  const anonymous = await make();
  assert.deepEqual(await volumes.prune(filters({}), 51), { VolumesDeleted: [anonymous], SpaceReclaimed: 8192 });
  const second = await make();
  assert.deepEqual((await volumes.prune(filters({}), 41)).VolumesDeleted?.toSorted(), ['named', second].toSorted());
  await make();
  assert.deepEqual(
    (await volumes.prune(filters({ all: ['true'], 'label!': ['com.docker.volume.anonymous'] }), 51)).VolumesDeleted,
    ['named'],
  );
});

test('a mount is told, and its release', async () => {
  await using bench = volumeBench();
  const { volumes, events } = bench;
  const { name } = await volumes.ensure({ name: 'data', driver: '', options: {}, labels: {} });
  assert.equal(await volumes.acquire(name, 'c1'), volumes.inspect('data').Mountpoint);
  await volumes.release(name, 'c1');
  await volumes.release('gone', 'c1');
  assert.deepEqual(events, ['create data', 'mount data', 'unmount data']);
});
