// What the engine expects of its volumes, as a suite: run on those in memory and on the real ones, where both can be seen.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import type { VolumeSource } from './ports.ts';

export interface VolumeCase extends AsyncDisposable {
  readonly volumes: VolumeSource;
  /** The container is there, with the volume among its mounts; or it is gone. */
  readonly refers: (container: string, volume: string, isThere: boolean) => void;
}

const MOUNT = { destination: '/data', rw: true, propagation: '' };

export function volumeContract(name: string, open: () => VolumeCase): void {
  const ask = (volume: string) => ({ name: volume, driver: '', options: {}, labels: {} });

  test(`${name}: a volume is made once, whoever asks again`, async () => {
    await using bench = open();
    const { volumes } = bench;
    const made = await volumes.ensure(ask('data'));
    assert.deepEqual(await volumes.ensure(ask('data')), made);
    assert.deepEqual([made.name, made.driver], ['data', 'local']);
  });

  test(`${name}: each one without a name is another`, async () => {
    await using bench = open();
    const { volumes } = bench;
    const [one, two] = [await volumes.ensure(ask('')), await volumes.ensure(ask(''))];
    assert.notEqual(one.name, '');
    assert.notEqual(one.name, two.name);
  });

  test(`${name}: what a container is given are the volume's files, as often as it asks`, async () => {
    await using bench = open();
    const { volumes, refers } = bench;
    const { mountpoint } = await volumes.ensure(ask('data'));
    refers('c1', 'data', true);
    assert.equal(await volumes.acquire('data', 'c1', MOUNT), mountpoint);
    assert.equal(await volumes.acquire('data', 'c1', MOUNT), mountpoint);
    assert.ok(existsSync(mountpoint));
  });

  test(`${name}: giving back what one does not have, or twice, is no error`, async () => {
    await using bench = open();
    const { volumes } = bench;
    await volumes.ensure(ask('data'));
    await volumes.release('data', 'c1');
    await volumes.acquire('data', 'c1', MOUNT);
    await volumes.release('data', 'c1');
    await volumes.release('data', 'c1');
    await volumes.release('none', 'c1');
  });

  test(`${name}: one that a container has stays, and goes with the last of them`, async () => {
    await using bench = open();
    const { volumes, refers } = bench;
    const { mountpoint, name: volume } = await volumes.ensure(ask(''));
    for (const container of ['c1', 'c2']) {
      refers(container, volume, true);
      await volumes.acquire(volume, container, MOUNT);
    }
    for (const container of ['c1', 'c2']) {
      await volumes.removeUnused(volume);
      assert.ok(existsSync(mountpoint));
      await volumes.release(volume, container);
      refers(container, volume, false);
    }
    await volumes.removeUnused(volume);
    assert.equal(existsSync(mountpoint), false);
    await volumes.removeUnused(volume);
  });

  test(`${name}: what a container had before its daemon died is given back like any other`, async () => {
    await using bench = open();
    const { volumes, refers } = bench;
    const { name: volume, mountpoint } = await volumes.ensure(ask(''));
    refers('c1', volume, true);
    volumes.restore(volume, 'c1');
    await volumes.removeUnused(volume);
    assert.ok(existsSync(mountpoint));
    await volumes.release(volume, 'c1');
    refers('c1', volume, false);
    await volumes.removeUnused(volume);
    assert.equal(existsSync(mountpoint), false);
  });

  test(`${name}: one that is not there cannot be had`, async () => {
    await using bench = open();
    const { volumes } = bench;
    await assert.rejects(volumes.acquire('none', 'c1', MOUNT));
  });
}
