// Waits until a service has come to what was asked of it, and shows how far it is.
import { setTimeout as pause } from 'node:timers/promises';
import type { Client } from '../../../client/index.ts';
import type { ProgressMessage } from '../../../spec/docker/image.ts';
import { Failure } from '../../grammar/index.ts';
import { showProgress } from '../../progress/index.ts';
import type { Context } from '../../session/context.ts';
import type { NodeSummary } from '../node/ls.ts';
import { displayOn } from '../shared/display-on.ts';
import { converge, type Convergence, type Seen, type SeenService, type SeenTask, START } from './convergence.ts';

const INTERVAL_MS = 200;

/** Throws Failure where the update was paused or the tasks ended. Ctrl-C ends the watching, not what is watched. */
export async function waitOnService(context: Context, name: string, quiet: boolean): Promise<void> {
  const stopped = new AbortController();
  const stop = (): void => stopped.abort();
  process.once('SIGINT', stop);
  try {
    const messages = observed(context.client, name, stopped.signal);
    await showProgress(messages, displayOn(context, quiet ? undefined : 1));
  } finally {
    process.off('SIGINT', stop);
  }
}

/** Lines of JSON, as a daemon would send them. One that says what the last one of its id said is left out. */
async function* observed(client: Client, name: string, signal: AbortSignal): AsyncGenerator<Buffer> {
  let state: Convergence = START;
  const said = new Map<string, string>();
  for (;;) {
    const step = converge(state, await look(client, name), name);
    state = step.state;
    for (const message of step.messages) {
      const text = JSON.stringify(message);
      if (said.get(message.id ?? '') === text) continue;
      said.set(message.id ?? '', text);
      yield Buffer.from(`${text}\n`);
    }
    if (step.end === 'converged') return;
    if (step.end !== undefined) throw new Failure(step.end.failure);
    await pause(INTERVAL_MS, undefined, { signal }).catch(() => undefined);
    if (!signal.aborted) continue;
    if (state.since === undefined)
      for (const status of [
        'Operation continuing in background.',
        `Use \`berth service ps ${name}\` to check progress.`,
      ])
        yield Buffer.from(`${JSON.stringify({ status } satisfies ProgressMessage)}\n`);
    return;
  }
}

async function look(client: Client, name: string): Promise<Seen> {
  const service = await client.json<SeenService & { ID: string }>('ServiceInspect', { params: { id: name } });
  const filters = new Map([
    ['service', [service.ID]],
    ['_up-to-date', ['true']],
  ]);
  const [tasks, nodes] = await Promise.all([
    client.json<SeenTask[]>('TaskList', { query: { filters } }),
    client.json<NodeSummary[]>('NodeList'),
  ]);
  const up = nodes.filter(({ Status }) => Status.State !== 'down');
  const names = new Map(up.map(({ ID, Description }) => [ID, Description.Hostname]));
  return { service, tasks, nodes: names, now: Date.now() };
}
