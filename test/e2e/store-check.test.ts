// `system check` finds damage and repairs it, `system df` says what is on the disk, `image why` where files come from.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import type { DiskUsageResponse } from '../../src/spec/docker/system.ts';
import { TestDaemon, until } from '../support/daemon.ts';

const DOCKERFILE = `FROM busybox
RUN dd if=/dev/zero of=/big bs=1024 count=600 && echo one > /conf
RUN echo two > /conf
RUN rm /big
`;

suite('the store', () => {
  let daemon: TestDaemon;
  let folder: string;

  before(async () => {
    daemon = await TestDaemon.start();
    await daemon.busybox();
    folder = mkdtempSync(join(tmpdir(), 'berth-check-'));
    writeFileSync(join(folder, 'Dockerfile'), DOCKERFILE);
    assert.equal((await daemon.berth('build', '-q', '-t', 'app', folder)).code, 0);
  });
  after(async () => {
    rmSync(folder, { recursive: true });
    assert.deepEqual(await daemon.end(), []);
  });

  const layerWith = (file: string): string => {
    const root = join(daemon.dataRoot, 'l');
    const found = readdirSync(root).find((name) =>
      statSync(join(root, name, file), { throwIfNoEntry: false })?.isFile(),
    );
    assert.ok(found, file);
    return join(root, found);
  };

  test('a store that is whole, and what it keeps for whom', async () => {
    const { code, stdout } = await daemon.berth('system', 'check', '-v');
    assert.equal(code, 0, stdout);
    assert.match(stdout, /^keep {4}layer sha256:\w+ {2}# image app:latest$/m);
    assert.match(stdout, /^keep {4}layer sha256:\w+ {2}# below sha256:\w+$/m);
    assert.match(stdout, /^the store is whole$/m);
  });

  test('a file that changed under it is found; without an archive it is said to be lost', async () => {
    const file = join(layerWith('big'), 'conf');
    const { atime, mtime } = statSync(file);
    writeFileSync(file, 'ONE\n');
    const { code, stdout } = await daemon.berth('system', 'check', '--repair');
    assert.equal(code, 3);
    assert.match(stdout, /^the files of layer sha256:\w+ are damaged, .*\(lost; pull or build again: app:latest\)$/m);
    writeFileSync(file, 'one\n');
    utimesSync(file, atime, mtime);
    assert.equal((await daemon.berth('system', 'check')).code, 0);
  });

  test('orphans are found and removed', async () => {
    mkdirSync(join(daemon.dataRoot, 'l', '0123456789ab', 'etc'), { recursive: true });
    const digest = 'f'.repeat(64);
    writeFileSync(join(daemon.dataRoot, 'blobs', 'sha256', digest), 'nobody knows');
    const found = await daemon.berth('system', 'check');
    assert.equal(found.code, 3);
    assert.match(found.stdout, /^a directory of a layer that nothing knows: l\/0123456789ab \(can be removed\)$/m);
    assert.match(found.stdout, /^a blob that nothing knows: blobs\/sha256\/f{64} \(can be removed\)$/m);
    assert.equal((await daemon.berth('system', 'check', '--repair')).code, 0);
    assert.equal((await daemon.berth('system', 'check')).stdout, 'the store is whole\n');
  });

  test('a layer that came as an archive is unpacked again; an archive that is damaged is given back by the files', async () => {
    const other = await TestDaemon.start();
    try {
      // busybox with a compressed layer, as a registry would send it
      const layout = join(folder, 'oci');
      const archive = join(folder, 'busybox.tar');
      assert.equal((await daemon.berth('save', '-o', archive, 'busybox')).code, 0);
      execFileSync(
        'skopeo',
        ['copy', '-q', `docker-archive:${archive}`, `oci:${layout}:busybox`, '--dest-compress-format', 'gzip'],
        { stdio: 'ignore' },
      );
      execFileSync('tar', ['-C', layout, '-cf', `${archive}.oci`, '.']);
      assert.equal((await other.berth('load', '-q', '-i', `${archive}.oci`)).code, 0);
      const root = join(other.dataRoot, 'l');
      const [name = ''] = readdirSync(root);
      cpSync(join(root, name, 'bin'), join(folder, 'bin'), { recursive: true, verbatimSymlinks: true });
      rmSync(join(root, name, 'bin'), { recursive: true });
      const broken = await other.berth('system', 'check');
      assert.match(broken.stdout, /are damaged \(can be unpacked again from its archive\)/);
      assert.equal((await other.berth('system', 'check', '--repair')).code, 0);
      assert.equal((await other.berth('system', 'check')).stdout, 'the store is whole\n');
      assert.ok(readdirSync(join(root, name, 'bin')).length > 0);
      const blobs = join(other.dataRoot, 'blobs', 'sha256');
      const largest = readdirSync(blobs).toSorted((a, b) => size(join(blobs, b)) - size(join(blobs, a)))[0] ?? '';
      writeFileSync(join(blobs, largest), 'garbage');
      assert.match((await other.berth('system', 'check')).stdout, /is damaged \(can be kept as files/);
      assert.equal((await other.berth('system', 'check', '--repair')).code, 0);
      assert.equal((await other.berth('system', 'check')).stdout, 'the store is whole\n');
      const id = (await other.berth('images', '-aq')).stdout.trim();
      const saved = await other.berth('save', '-o', `${archive}.again`, id);
      assert.equal(saved.code, 0, saved.stderr);
    } finally {
      assert.deepEqual(await other.end(), []);
    }
  });

  test('df agrees with du', async () => {
    // 3000 files of some bytes, one with a hole, one of two names
    const script =
      'mkdir /s && cd /s && i=0; while [ $i -lt 3000 ]; do echo $i > $i; i=$((i+1)); done; truncate -s 64M hole; ln 1 one';
    writeFileSync(
      join(folder, 'Dockerfile.df'),
      `FROM busybox AS only-cached\nRUN ${script}\nFROM busybox\nCOPY --from=only-cached /bin/busybox /bin/busybox2\nRUN --mount=type=cache,target=/cache ${script.replaceAll('/s', '/cache/s')}; ${script}\n`,
    );
    assert.equal(
      (await daemon.berth('build', '-q', '-t', 'small', '-f', join(folder, 'Dockerfile.df'), folder)).code,
      0,
    );
    assert.equal((await daemon.berth('run', '--name', 'df', '-v', 'df:/v', 'small', 'cp', '-a', '/s', '/v')).code, 0);
    assert.equal((await daemon.berth('run', '--name', 'df2', 'small', 'cp', '-a', '/s', '/t')).code, 0);
    const df = JSON.parse((await daemon.get('/system/df')).body) as DiskUsageResponse;
    const du = (...names: string[]): number =>
      execFileSync('du', ['-sck', ...names.map((name) => join(daemon.dataRoot, name))], { encoding: 'utf8' })
        .split('\n')
        .filter((line) => line.endsWith('\ttotal'))
        .reduce((sum, line) => sum + Number.parseInt(line, 10) * 1024, 0);
    const sum = (values: readonly (number | undefined)[]): number =>
      values.reduce<number>((total, value) => total + (value ?? 0), 0);
    const cached = (df.BuildCache ?? []) as { readonly Shared: boolean; readonly Size: number }[];
    const cache = sum(cached.map((one) => (one.Shared ? 0 : one.Size)));
    const uppers = df.Containers.map(({ Id }) => `containers/${Id}/upper`);
    const agree = (what: string, said: number, found: number): void =>
      assert.ok(found > 1e6 && Math.abs(said - found) <= found / 100, `${what}: df ${said}, du ${found}`);
    agree(
      'images and cache',
      df.LayersSize + cache,
      du('l', 'blobs', 'seams', 'part', 'build/mounts', 'build/clients'),
    );
    agree('volumes', sum(df.Volumes.map(({ UsageData }) => UsageData?.Size)), du('volumes'));
    agree('containers', sum(df.Containers.map(({ SizeRw }) => SizeRw)), du(...uppers));
    assert.equal((await daemon.berth('builder', 'prune', '-af')).code, 0);
    // files of what was removed go in the background
    await until(() => assert.ok(!readdirSync(join(daemon.dataRoot, 'l')).some((name) => name.startsWith('+'))));
    const { LayersSize } = JSON.parse((await daemon.get('/system/df')).body) as DiskUsageResponse;
    agree('images', LayersSize, du('l', 'blobs', 'seams', 'part'));
  });

  test('image why: the line that brought a file, and what is wasted', async () => {
    const conf = await daemon.berth('image', 'why', 'app', '/conf');
    assert.match(
      conf.stdout,
      /^WHAT +SIZE +LAYER +CREATED BY\nchanged +4B +3 .*echo two.*\nbrought +4B +2 .*echo one.*\n$/,
    );
    assert.match((await daemon.berth('image', 'why', 'app', 'big')).stdout, /\nremoved +0B +4 .*rm \/big/);
    const waste = await daemon.berth('image', 'why', 'app');
    assert.match(waste.stdout, /\n614kB +\/big +4 .*rm \/big/);
    assert.match(waste.stdout, /\n614kB in all\n$/);
    const none = await daemon.berth('image', 'why', 'app', '/nothing');
    assert.equal(none.code, 1);
    assert.match(none.stderr, /no layer of app has \/nothing/);
  });
});

function size(path: string): number {
  return readFileSync(path).length;
}
