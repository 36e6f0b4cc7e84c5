// Volumes whose driver options mount something, and volumes that are filled from an image.
import assert from 'node:assert/strict';
import {
  linkSync,
  mkdirSync,
  openSync,
  closeSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { execFileSync } from 'node:child_process';
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
    message: /^error while mounting volume '.*': failed to mount local volume: .*: no such file or directory$/,
  });
});

test('fault R38: an empty volume is seeded with what the image has, symlinks as symlinks, and never from outside', async () => {
  await using bench = volumeBench();
  const { volumes, dir } = bench;
  const rootfs = join(dir, 'rootfs');
  mkdirSync(join(rootfs, 'data/sub'), { recursive: true, mode: 0o755 });
  mkdirSync(join(dir, 'secret'));
  writeFileSync(join(dir, 'secret/key'), 'secret');
  writeFileSync(join(rootfs, 'data/seed'), 'seed', { mode: 0o640 });
  symlinkSync('/etc/passwd', join(rootfs, 'data/link'));
  symlinkSync(join(dir, 'secret'), join(rootfs, 'escape'));
  symlinkSync('../../../../data', join(rootfs, 'inside'));
  const { Mountpoint } = await volumes.create({ Name: 'v1' });
  await volumes.copyUp('v1', rootfs, '/data');
  assert.deepEqual(readdirSync(Mountpoint).toSorted(), ['link', 'seed', 'sub']);
  assert.equal(readlinkSync(join(Mountpoint, 'link')), '/etc/passwd');
  assert.equal(statSync(join(Mountpoint, 'seed')).mode & 0o777, 0o640);
  await volumes.create({ Name: 'v2' });
  for (const target of ['/escape', '/absent', '/data/seed', '/'])
    if (target !== '/') await volumes.copyUp('v2', rootfs, target);
  assert.deepEqual(readdirSync((await volumes.inspect('v2')).Mountpoint), []);
  await volumes.copyUp('v2', rootfs, '/inside');
  assert.equal(readFileSync(join((await volumes.inspect('v2')).Mountpoint, 'seed'), 'utf8'), 'seed');
  writeFileSync(join(Mountpoint, 'seed'), 'mine');
  await volumes.copyUp('v1', rootfs, '/data');
  assert.equal(readFileSync(join(Mountpoint, 'seed'), 'utf8'), 'mine');
});

test('a volume is filled with owners, modes, times, attributes, names, devices and holes as they are', async () => {
  await using bench = volumeBench();
  const { volumes, dir } = bench;
  const rootfs = join(dir, 'rootfs');
  const data = join(rootfs, 'data');
  mkdirSync(join(data, 'deep/er'), { recursive: true });
  writeFileSync(join(data, 'deep/er/näme'), 'x');
  linkSync(join(data, 'deep/er/näme'), join(data, 'second'));
  symlinkSync('second', join(data, 'link'));
  writeFileSync(join(data, 'large'), Buffer.alloc(700_000, 'y'));
  const holes = openSync(join(data, 'holes'), 'w');
  writeSync(holes, 'end', 8 * 1024 * 1024);
  closeSync(holes);
  truncateSync(join(data, 'holes'), 16 * 1024 * 1024);
  const script = `cd ${data}; mkfifo pipe; mknod device c 1 3; chown 7:8 second pipe; chmod 4755 second; chmod 500 deep/er
    chown -h 9:9 link; setfattr -n user.a -v b large 2>/dev/null || true; printf x > "$(printf '\\377')"
    chown 5:6 . ; chmod 2750 . ; find . -exec touch -h -d @1000000000 {} +`;
  execFileSync('sh', ['-ec', script]);
  const { Mountpoint } = await volumes.create({ Name: 'vol' });
  await volumes.copyUp('vol', rootfs, '/data');
  const shown = (folder: string): string =>
    execFileSync(
      'sh',
      [
        '-ec',
        'cd "$0"; LC_ALL=C; export LC_ALL; find . -printf "%p %y %m %U:%G %n %s %l %Ts\n" | sort; cat second large "$(printf "\\377")" | sha256sum; ls -l device | cut -c1-45',
        folder,
      ],
      { encoding: 'utf8' },
    );
  assert.equal(shown(Mountpoint), shown(data));
  assert.ok(statSync(join(Mountpoint, 'holes')).blocks * 512 < 1024 * 1024, 'holes take no room');
  assert.equal(statSync(join(Mountpoint, 'second')).ino, statSync(join(Mountpoint, 'deep/er/näme')).ino);
});
