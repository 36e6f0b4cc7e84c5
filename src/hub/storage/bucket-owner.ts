// One hub at a time works on a bucket: an object in it names the one, which renews it as long as it lives.
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { conflict, messageOf } from '../../base/errors.ts';
import type { StorageDriver } from './driver.ts';

const PATH = 'hub/owner.json';
const RENEW_MS = 15_000;
/** An owner that did not renew for so long is gone. */
const GONE_MS = 60_000;

interface Owner {
  readonly id: string;
  readonly host: string;
  /** Milliseconds since 1970, by the owner's clock. */
  readonly at: number;
}

/**
 * The catalog, sessions and leases of a hub are its own, so that a second one would collect what the first is being given. `lost` is
 * called when another took the bucket all the same. Throws conflict with who has it.
 */
export async function ownBucket(driver: StorageDriver, lost: (why: string) => void): Promise<AsyncDisposable> {
  const id = randomUUID();
  const now = await readOwner(driver);
  if (now && Date.now() - now.at < GONE_MS)
    throw conflict(
      `the hub on ${now.host} works on this bucket: end it first (one that was killed is forgotten after ${GONE_MS / 1000} seconds)`,
    );
  const renew = (): Promise<void> =>
    driver.write(PATH, JSON.stringify({ id, host: hostname(), at: Date.now() } satisfies Owner));
  await renew();
  // of two that began at the same moment, the one that wrote last has it
  if ((await readOwner(driver))?.id !== id) throw conflict('another hub took this bucket at the same moment');
  let renewedAt = Date.now();
  const check = async (): Promise<void> => {
    const owner = await readOwner(driver);
    if (owner && owner.id !== id) {
      lost(`the hub on ${owner.host} took the bucket`);
      return;
    }
    await renew();
    renewedAt = Date.now();
  };
  const timer = setInterval(() => {
    check().catch((error: unknown) => {
      // a bucket that is away for a moment is no reason to end, one that another may take is
      if (Date.now() - renewedAt > GONE_MS - RENEW_MS) lost(`the bucket does not answer: ${messageOf(error)}`);
    });
  }, RENEW_MS);
  timer.unref();
  return {
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      if ((await readOwner(driver))?.id === id) await driver.remove(PATH);
    },
  };
}

async function readOwner(driver: StorageDriver): Promise<Owner | undefined> {
  const content = await driver.read(PATH);
  if (!content) return undefined;
  try {
    return JSON.parse(content.toString('utf8')) as Owner;
  } catch {
    return undefined;
  }
}
