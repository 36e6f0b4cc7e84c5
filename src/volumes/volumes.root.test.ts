// Volumes whose driver options mount something.
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { volumeBench } from './testing.ts';

const mountLine = (path: string) =>
  readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .find((line) => line.split(' ')[1] === path);

test('a tmpfs is mounted for its first holder and gone with its last', async () => {
  await using bench = volumeBench();
  const { volumes } = bench;
  const { Mountpoint } = await volumes.create({
    Name: 'mem',
    DriverOpts: { type: 'tmpfs', device: 'tmpfs', o: 'size=2m,uid=7,noexec' },
  });
  await volumes.acquire('mem', 'c1');
  await volumes.acquire('mem', 'c2');
  assert.match(mountLine(Mountpoint) ?? '', /^tmpfs .*noexec.*size=2048k/);
  assert.equal(statSync(Mountpoint).uid, 7);
  await volumes.release('mem', 'c1');
  assert.ok(mountLine(Mountpoint));
  await volumes.release('mem', 'c2');
  assert.equal(mountLine(Mountpoint), undefined);
});

test('a bind shows a directory of the host, read-only when asked, and removing the volume leaves it alone', async () => {
  await using bench = volumeBench();
  const { volumes, dir } = bench;
  mkdirSync(join(dir, 'host'));
  writeFileSync(join(dir, 'host/f'), 'kept');
  const { Mountpoint } = await volumes.create({
    Name: 'shown',
    DriverOpts: { type: 'none', device: join(dir, 'host'), o: 'bind,ro' },
  });
  await volumes.acquire('shown', 'c1');
  assert.equal(readFileSync(join(Mountpoint, 'f'), 'utf8'), 'kept');
  assert.throws(() => writeFileSync(join(Mountpoint, 'g'), ''), { code: 'EROFS' });
  await volumes.remove('shown');
  assert.equal(readFileSync(join(dir, 'host/f'), 'utf8'), 'kept');
});

test('a device that is not there is told at the mount', async () => {
  await using bench = volumeBench();
  await bench.volumes.create({ Name: 'broken', DriverOpts: { type: 'none', device: '/no/such', o: 'bind' } });
  await assert.rejects(bench.volumes.acquire('broken', 'c1'), {
    kind: 'internal',
    message: /^failed to mount local volume: .*ENOENT/,
  });
});
