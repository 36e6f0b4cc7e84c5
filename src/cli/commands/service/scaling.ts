// Several services scaled, and those that were waited for: what goes wrong with one does not keep the others from it.
import { messageOf } from '../../../base/errors.ts';
import { Failure } from '../../grammar/index.ts';

export interface ScaleWork {
  scale(name: string, count: number): Promise<void>;
  /** Until the service has come to it. */
  wait(name: string): Promise<void>;
}

/** Throws Failure with all that went wrong, each with the name before it as Docker says it. */
export async function scaleAll(counts: ReadonlyMap<string, number>, work: ScaleWork): Promise<void> {
  const errors: string[] = [];
  const attempt = async (name: string, act: () => Promise<void>): Promise<boolean> => {
    try {
      await act();
      return true;
    } catch (error) {
      errors.push(`${name}: ${messageOf(error)}`);
      return false;
    }
  };
  const scaled: string[] = [];
  for (const [name, count] of counts) if (await attempt(name, () => work.scale(name, count))) scaled.push(name);
  for (const name of scaled) await attempt(name, () => work.wait(name));
  if (errors.length > 0) throw new Failure(errors.join('\n'));
}
