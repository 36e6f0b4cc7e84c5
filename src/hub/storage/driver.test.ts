import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { armFault } from '../../host/fault.ts';
import { TEST_KEYS, TestBucket } from './bucket-testing.ts';
import { FileSystem } from './filesystem.ts';
import { Bucket } from './s3.ts';
import { driverContract } from './testing.ts';

const folder = (): string => mkdtempSync(join(tmpdir(), 'berth-driver-'));

driverContract('file system', () => {
  const root = folder();
  return Promise.resolve({
    driver: new FileSystem(root),
    [Symbol.asyncDispose]: () => Promise.resolve(rmSync(root, { recursive: true, force: true })),
  });
});

driverContract('S3', async () => {
  const bucket = await TestBucket.start();
  const spool = folder();
  return {
    driver: new Bucket({ url: `${bucket.url}/below`, ...TEST_KEYS, spool }),
    async [Symbol.asyncDispose]() {
      await bucket[Symbol.asyncDispose]();
      rmSync(spool, { recursive: true, force: true });
    },
  };
});

test('limit: of more names than wait to be synced none is lost, and all who settle at once come back', async () => {
  const root = folder();
  try {
    const driver = new FileSystem(root);
    for (let at = 0; at < 2200; at += 44)
      await Promise.all(Array.from({ length: 44 }, (_, n) => driver.write(`later/${at + n}/link`, 'x', 'settled')));
    await driver.remove('later/7');
    await Promise.all(Array.from({ length: 20 }, () => driver.settle()));
    assert.equal((await driver.list('later')).length, 2199);
    // the disk said no: whoever waited is told, and the next one tries again
    await driver.write('later/7/link', 'x', 'settled');
    armFault('hub.settle:1:EIO');
    await assert.rejects(driver.settle(), /EIO/);
    armFault(undefined);
    await driver.settle();
  } finally {
    armFault(undefined);
    rmSync(root, { recursive: true, force: true });
  }
});
