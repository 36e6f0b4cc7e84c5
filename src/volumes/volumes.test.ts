// Local volumes as dockerd has them: names, options, lists, removal.
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fakePlugin } from './plugins/testing.ts';
import { decode, volumeCreate } from '../spec/docker/schemas/index.ts';
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
  assert.deepEqual(await bench.reopen().inspect('data'), made);
  assert.deepEqual(bench.events, ['create data']);
});

test('no name makes an anonymous volume', async () => {
  await using bench = volumeBench();
  // and so do bodies that are not there
  for (const body of [undefined, null, {}]) {
    const { Name, Labels } = await bench.volumes.create(decode(volumeCreate, body, 'CreateOptions'));
    assert.match(Name, /^[0-9a-f]{64}$/);
    assert.deepEqual(Labels, { 'com.docker.volume.anonymous': '' });
  }
});

test('what dockerd refuses is refused in its words', async () => {
  await using bench = volumeBench();
  const { volumes } = bench;
  const refused = async (body: unknown, message: string, kind = 'invalid'): Promise<void> => {
    await assert.rejects(async () => volumes.create(decode(volumeCreate, body, 'CreateOptions')), { kind, message });
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
  await assert.rejects(volumes.inspect('none'), { kind: 'notFound', message: 'get none: no such volume' });
  await assert.rejects(volumes.list(filters({ foo: ['x'] })), { kind: 'invalid', message: "invalid filter 'foo'" });
  await assert.rejects(volumes.list(filters({ dangling: ['x'] })), { message: "invalid filter 'dangling=[x]'" });
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
  const names = async (given: Record<string, string[]>) =>
    (await volumes.list(filters(given))).Volumes.map((one) => one.Name);
  assert.deepEqual(await names({}), ['alpha', 'beta']);
  assert.deepEqual(
    [await names({ name: ['lph'] }), await names({ name: ['^b.t'] }), await names({ driver: ['other'] })],
    [['alpha'], ['beta'], []],
  );
  assert.deepEqual(
    [
      await names({ label: ['k'] }),
      await names({ label: ['k=v', 'x'] }),
      await names({ dangling: ['false'] }),
      await names({ dangling: ['1'] }),
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
  assert.equal(await volumes.acquire(name, 'c1'), (await volumes.inspect('data')).Mountpoint);
  await volumes.release(name, 'c1');
  await volumes.release('gone', 'c1');
  assert.deepEqual(events, ['create data', 'mount data', 'unmount data']);
});

test('users S11: volumes of a driver that is a plugin of the old kind, found by socket or spec file', async () => {
  await using bench = volumeBench();
  await using plugin = await fakePlugin(join(bench.dir, 'plugins', 'nfs.sock'));
  const { volumes, used } = bench;
  mkdirSync(join(bench.dir, 'specs'));
  writeFileSync(join(bench.dir, 'specs', 'cloud.spec'), `unix://${plugin.socket}\n`);
  writeFileSync(join(bench.dir, 'specs', 'gone.json'), '{"Addr":"unix:///nowhere.sock"}');
  assert.deepEqual(await volumes.drivers(), ['local', 'cloud', 'nfs']);
  const made = await volumes.create({ Name: 'p', Driver: 'nfs', DriverOpts: { a: 'b' }, Labels: { l: 'm' } });
  assert.deepEqual(
    [made.Driver, made.Mountpoint, made.Scope, made.Options, made.Labels, made.Status],
    ['nfs', join(plugin.root, 'p'), 'global', { a: 'b' }, { l: 'm' }, { calls: 'yes' }],
  );
  assert.equal(await volumes.acquire('p', 'c1'), join(plugin.root, 'p'));
  await volumes.release('p', 'c1');
  assert.deepEqual(
    plugin.calls.filter((one) => /Mount/i.test(one)),
    ['Mount p c1', 'Unmount p c1'],
  );
  await assert.rejects(volumes.create({ Name: 'p', Driver: 'local' }), {
    kind: 'conflict',
    message: "create p: driver 'nfs' already has volume 'p': volume name must be unique",
  });
  await assert.rejects(volumes.create({ Name: 'f', Driver: 'nfs', DriverOpts: { fail: 'boom' } }), {
    message: 'create f: VolumeDriver.Create: boom',
  });
  await assert.rejects(volumes.create({ Name: 'x', Driver: 'nosuch' }), {
    kind: 'notFound',
    message: 'create x: error looking up volume plugin nosuch: plugin "nosuch" not found',
  });
  // what the driver has from elsewhere is listed, used and removed as it is
  plugin.volumes.set('theirs', {});
  const listed = (await volumes.list(filters({ driver: ['nfs'] }))).Volumes.map(({ Name }) => Name);
  assert.deepEqual(listed, ['p', 'theirs']);
  assert.equal((await volumes.inspect('theirs')).Driver, 'cloud');
  assert.equal((await volumes.ensure({ name: 'theirs', driver: '', options: {}, labels: {} })).driver, 'cloud');
  used.set('p', ['c1']);
  await assert.rejects(volumes.remove('p'), /volume is in use/);
  used.clear();
  await volumes.remove('p');
  assert.equal(plugin.volumes.has('p'), false);
  assert.deepEqual((await volumes.prune(new Map([['all', ['true']]]), 51)).VolumesDeleted, []);
  // a plugin that is gone keeps its volumes, which are shown, and go by force alone
  await plugin[Symbol.asyncDispose]();
  assert.equal((await volumes.inspect('theirs')).Driver, 'cloud');
  await assert.rejects(
    volumes.acquire('theirs', 'c1'),
    /^BerthError: error while mounting volume '': VolumeDriver.Mount: /,
  );
  await assert.rejects(volumes.remove('theirs'), /remove theirs/);
  await volumes.remove('theirs', true);
});
