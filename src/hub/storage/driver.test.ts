import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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
