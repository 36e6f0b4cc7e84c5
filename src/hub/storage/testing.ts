// What every storage driver must do: one set of tests, run on each.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { StorageDriver } from './driver.ts';

export interface DriverUnderTest extends AsyncDisposable {
  readonly driver: StorageDriver;
}

export function driverContract(name: string, open: () => Promise<DriverUnderTest>): void {
  let under: DriverUnderTest;
  let driver: StorageDriver;
  before(async () => {
    under = await open();
    driver = under.driver;
  });
  after(() => under[Symbol.asyncDispose]());

  const textOf = async (path: string, range?: { start: number; end: number }): Promise<string> => {
    const chunks: Buffer[] = [];
    for await (const chunk of driver.stream(path, range) as AsyncIterable<Buffer>) chunks.push(chunk);
    return Buffer.concat(chunks).toString();
  };

  test(`${name}: what was written is read, as a whole and in part`, async () => {
    await driver.write('a/b/link', 'sha256:abc');
    assert.equal((await driver.read('a/b/link'))?.toString(), 'sha256:abc');
    await driver.write('a/b/link', Buffer.from('shorter'));
    assert.equal(await textOf('a/b/link'), 'shorter');
    assert.equal(await textOf('a/b/link', { start: 1, end: 3 }), 'hor');
    const pieces: Buffer[] = [];
    await driver.send('a/b/link', { start: 2, end: 6 }, async (piece) => void pieces.push(Buffer.from(piece)));
    assert.equal(Buffer.concat(pieces).toString(), 'orter');
    await driver.send('a/b/link', { start: 0, end: -1 }, () =>
      Promise.reject(new Error('there is nothing to hand over')),
    );
    await assert.rejects(
      driver.send('a/b/link', { start: 0, end: 6 }, () => Promise.reject(new Error('gone'))),
      /gone/,
    );
    const facts = await driver.facts('a/b/link');
    assert.equal(facts?.size, 7);
    assert.ok(Math.abs((facts?.changedAt ?? 0) - Date.now()) < 60_000);
    await driver.write('a/empty', '');
    assert.equal((await driver.facts('a/empty'))?.size, 0);
    assert.equal((await driver.read('a/empty'))?.length, 0);
  });

  test(`${name}: what is not there is undefined, and a folder is no object`, async () => {
    assert.equal(await driver.read('none'), undefined);
    assert.equal(await driver.facts('none'), undefined);
    assert.equal(await driver.facts('a/b'), undefined);
    assert.equal(await driver.read('a/b'), undefined);
    await assert.rejects(textOf('none'));
  });

  test(`${name}: names directly below are listed, however many, and no others`, async () => {
    const names = Array.from({ length: 1203 }, (_, index) => `n${index}`);
    for (let at = 0; at < names.length; at += 16)
      await Promise.all(names.slice(at, at + 16).map((one) => driver.write(`many/${one}/link`, one)));
    assert.deepEqual([...(await driver.list('many'))].sort(), names.toSorted());
    assert.deepEqual(await driver.list('many/n1'), ['link']);
    await driver.write('manyfold/x', '');
    assert.equal((await driver.list('many')).length, names.length);
    assert.deepEqual(await driver.list('none'), []);
  });

  test(`${name}: a name goes with all below it, and nothing beside it`, async () => {
    await driver.write('tags/v1/current/link', 'x');
    await driver.write('tags/v1/index/link', 'x');
    await driver.write('tags/v10/current/link', 'x');
    await driver.remove('tags/v1');
    assert.deepEqual(await driver.list('tags'), ['v10']);
    await driver.remove('tags/v1');
    await driver.remove('tags/v10/current/link');
    assert.equal(await driver.read('tags/v10/current/link'), undefined);
  });

  test(`${name}: an object grows, is cut off, and is moved to where others see it`, async () => {
    for (const [from, size] of [
      ['up/1/data', 5],
      ['up/2/data', 40 * 1024 * 1024 + 3],
    ] as const) {
      const first = await driver.append(from);
      await first.write([Buffer.from('12'), Buffer.from('34567')]);
      await first.truncate(4);
      await first.close();
      assert.equal((await driver.facts(from))?.size, 4);
      const again = await driver.append(from);
      await again.write([Buffer.alloc(size - 4, 'x')]);
      await again.sync();
      await again.close();
      assert.ok((await driver.list('up')).length > 0);
      const target = `blobs/${size}/data`;
      await driver.write(target, 'of before');
      await driver.move(from, target);
      await driver.settle();
      assert.equal((await driver.facts(target))?.size, size);
      assert.equal(await textOf(target, { start: 0, end: 4 }), '1234x');
      assert.equal(await textOf(target, { start: size - 1, end: size - 1 }), 'x');
      assert.equal(await driver.facts(from), undefined);
      await driver.remove(from.replace('/data', ''));
    }
    assert.deepEqual(await driver.list('up'), []);
  });
}
