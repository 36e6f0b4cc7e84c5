// `stack deploy` and `stack plan`: the services of Compose files on a cluster, or what that would change.
import { setTimeout as pause } from 'node:timers/promises';
import { deploy as carryOut, observeStack, planStack, stackPlanText } from '../../../compose/index.ts';
import { type Context, command } from '../../session/context.ts';
import { exactly, Failure, flag } from '../../grammar/index.ts';
import type { ServiceSummary } from '../service/ls.ts';
import { composeFile, loadStack } from './files.ts';

const prune = { prune: flag.bool('', 'Prune services that are no longer referenced') } as const;

export const deploy = command({
  use: '[OPTIONS] STACK',
  description: 'Deploy a new stack or update an existing stack',
  aliases: 'docker stack deploy, docker stack up',
  args: exactly(1),
  flags: {
    ...composeFile,
    detach: flag.bool('d', 'Exit immediately instead of waiting for the stack services to converge', true),
    ...prune,
    quiet: flag.bool('q', 'Suppress progress output'),
    'resolve-image': flag.string(
      '',
      'Query the registry to resolve image digest and supported platforms ("always", "changed", "never")',
      'always',
    ),
    'with-registry-auth': flag.bool('', 'Send registry authentication details to Swarm agents'),
  },
  async run(context, { flags, args: [name = ''] }) {
    const resolve = flags['resolve-image'];
    if (resolve !== 'always' && resolve !== 'changed' && resolve !== 'never')
      throw new Failure(`Invalid option ${resolve} for flag --resolve-image`);
    const stack = loadStack(context, name, flags['compose-file']);
    const { client } = context;
    const steps = planStack(stack, await observeStack(client, stack.name), { prune: flags.prune });
    const changed = await carryOut(steps, {
      client,
      resolve,
      auth: (image) => context.credentials.header(image),
      sendsAuth: flags['with-registry-auth'],
      say: (text) => context.out(text),
      warn: (text) => context.err(text),
    });
    if (!flags.detach) await converged(context, changed, flags.quiet);
    return 0;
  },
});

export const plan = command({
  use: '[OPTIONS] STACK',
  description: 'Show what a deploy would change, field by field',
  args: exactly(1),
  flags: { ...composeFile, ...prune },
  async run(context, { flags, args: [name = ''] }) {
    const stack = loadStack(context, name, flags['compose-file']);
    const observed = await observeStack(context.client, stack.name);
    context.out(stackPlanText(planStack(stack, observed, { prune: flags.prune })));
    return 0;
  },
});

interface Watched extends ServiceSummary {
  readonly UpdateStatus?: { readonly State: string; readonly Message: string };
}

/** Until every service has its tasks running and no update goes on. Throws where an update was paused or rolled back. */
async function converged(context: Context, ids: readonly string[], quiet: boolean): Promise<void> {
  const waiting = new Set(ids);
  while (waiting.size > 0) {
    const services = await context.client.json<Watched[]>('ServiceList', { query: { status: true } });
    for (const id of waiting) {
      const service = services.find(({ ID }) => ID === id);
      if (!service) {
        waiting.delete(id);
        continue;
      }
      const { Spec, ServiceStatus, UpdateStatus } = service;
      const state = UpdateStatus?.State ?? '';
      if (/paused|^rollback_completed$/.test(state))
        throw new Failure(`service ${Spec.Name}: ${UpdateStatus?.Message}`);
      const isJob = Spec.Mode['ReplicatedJob'] ?? Spec.Mode['GlobalJob'];
      const { RunningTasks = 0, DesiredTasks = 0, CompletedTasks = 0 } = ServiceStatus ?? {};
      const isThere = isJob ? CompletedTasks >= DesiredTasks : RunningTasks >= DesiredTasks && DesiredTasks > 0;
      if (!isThere || /^(?:updating|rollback_started)$/.test(state)) continue;
      waiting.delete(id);
      if (!quiet) context.out(`${Spec.Name}: converged\n`);
    }
    if (waiting.size > 0) await pause(300);
  }
}
