// Tries a small request again where that may help.
import { setTimeout as sleep } from 'node:timers/promises';
import { cancelled } from '../../base/errors.ts';
import type { RegistrySettings } from './settings.ts';
import { waitBefore } from './refusal.ts';

/** Somebody waits for the first answer, so it is tried less often than a blob. */
const MAX_ATTEMPTS = 3;

export async function retrying<T>(
  work: () => Promise<T>,
  { attempts, timing }: Pick<RegistrySettings, 'attempts' | 'timing'>,
  signal: AbortSignal,
): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      if (signal.aborted) throw cancelled('context canceled', { cause: error });
      const wait = waitBefore(error, attempt, { attempts: Math.min(attempts, MAX_ATTEMPTS), ...timing });
      if (wait === undefined) throw error;
      await sleep(wait, undefined, { signal });
    }
  }
}
