// Opens the storage that a command works on: a directory, or a bucket that --s3 names.
import { invalid } from '../../base/errors.ts';
import {
  type BucketSettings,
  bucketStorage,
  fileStorage,
  lockRoot,
  ownBucket,
  type StorageDriver,
} from '../storage/index.ts';

/** Keys come from where all programs of S3 look for them. undefined for an empty url. */
export function bucketSettings(url: string, environment: NodeJS.ProcessEnv): BucketSettings | undefined {
  if (url === '') return undefined;
  if (!/^https?:\/\/[^/]+\/[^/]/.test(url)) throw invalid(`--s3 ${url}: https://HOST/BUCKET[/PREFIX] is wanted`);
  const accessKeyId = environment['AWS_ACCESS_KEY_ID'];
  const secretAccessKey = environment['AWS_SECRET_ACCESS_KEY'];
  if (!accessKeyId || !secretAccessKey)
    throw invalid('--s3 needs AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the environment');
  return {
    url,
    accessKeyId,
    secretAccessKey,
    sessionToken: environment['AWS_SESSION_TOKEN'],
    region: environment['AWS_REGION'] ?? environment['AWS_DEFAULT_REGION'] ?? 'us-east-1',
  };
}

export async function openDriver(
  root: string,
  bucket: BucketSettings | undefined,
): Promise<{ readonly driver: StorageDriver } & AsyncDisposable> {
  const lock = lockRoot(root);
  try {
    const driver = bucket ? bucketStorage(bucket, root) : fileStorage(root);
    const owned = bucket && (await ownBucket(driver, () => undefined));
    return {
      driver,
      async [Symbol.asyncDispose]() {
        await owned?.[Symbol.asyncDispose]();
        lock[Symbol.dispose]();
      },
    };
  } catch (error) {
    lock[Symbol.dispose]();
    throw error;
  }
}
