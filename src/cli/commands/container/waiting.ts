// Waits for a container to end: registered before the start, answered at the end.
import { messageOf } from '../../../base/errors.ts';
import { readAll } from '../../../client/index.ts';
import type { ContainerWaitResponse } from '../../../spec/docker/container.ts';
import type { Context } from '../../session/context.ts';

export type WaitCondition = 'not-running' | 'next-exit' | 'removed';

/** Resolves when the daemon has registered the wait; the inner promise gives the exit code, 125 when waiting failed. */
export async function registerWait(
  context: Context,
  id: string,
  condition: WaitCondition,
): Promise<{ code: Promise<number> }> {
  const answer = await context.client.stream('ContainerWait', { params: { id }, query: { condition } });
  const code = readAll(answer.body).then(
    (text) => {
      const result = JSON.parse(text) as ContainerWaitResponse;
      if (!result.Error) return result.StatusCode;
      context.err(`Error waiting for container: ${result.Error.Message}\n`);
      return 125;
    },
    (error: unknown) => {
      context.err(`error waiting for container: ${messageOf(error)}\n`);
      return 125;
    },
  );
  return { code };
}
