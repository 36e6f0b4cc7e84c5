// The registry's storage: blobs, repositories, uploads and leases over one driver.
import { join } from 'node:path';
import { Blobs } from './blobs.ts';
import type { StorageDriver } from './driver.ts';
import { FileSystem } from './filesystem.ts';
import { Leases } from './leases.ts';
import { Bucket, type BucketPlace } from './s3.ts';
import { Repositories } from './repositories.ts';
import type { Storage } from './storage.ts';
import { Uploads } from './uploads.ts';

export { ownBucket } from './bucket-owner.ts';
export type { StorageDriver } from './driver.ts';
export { lockRoot } from './root-lock.ts';
export { commitBlob } from './commit-blob.ts';
export type { Storage } from './storage.ts';
export type { UploadState } from './uploads.ts';

export function fileStorage(root: string): StorageDriver {
  return new FileSystem(root);
}

export type BucketSettings = Omit<BucketPlace, 'spool'>;

/** `root` is where uploads grow before they go to the bucket. */
export function bucketStorage(bucket: BucketSettings, root: string): StorageDriver {
  return new Bucket({ ...bucket, spool: join(root, 'hub', 'spool') });
}

/** `graceMs`: for so long a blob stays that a client was told of. */
export function openStorage(driver: StorageDriver, graceMs: number): Storage {
  return {
    blobs: new Blobs(driver),
    repositories: new Repositories(driver),
    uploads: new Uploads(driver),
    leases: new Leases(graceMs),
    settle: () => driver.settle(),
  };
}
