// `stack rm`: services, secrets, configs and networks of stacks go.
import { setTimeout as pause } from 'node:timers/promises';
import { stackFilter } from '../../../compose/index.ts';
import { messageOf } from '../../../base/errors.ts';
import { type Context, command } from '../../session/context.ts';
import { atLeast, Failure, flag } from '../../grammar/index.ts';
import { checkName } from './files.ts';

interface Named {
  readonly ID: string;
  readonly Spec: { readonly Name: string };
}

export const rm = command({
  use: '[OPTIONS] STACK [STACK...]',
  description: 'Remove one or more stacks',
  aliases: 'docker stack rm, docker stack remove, docker stack down',
  args: atLeast(1),
  flags: { detach: flag.bool('d', 'Do not wait for stack removal', true) },
  async run(context, { flags, args }) {
    for (const name of args) checkName(name);
    const failed: string[] = [];
    for (const name of args) {
      if (!(await remove(context, name))) failed.push(name);
      else if (!flags.detach) await gone(context, name);
    }
    if (failed.length > 0)
      throw new Failure(failed.map((name) => `Failed to remove some resources from stack: ${name}`).join('\n'));
    return 0;
  },
});

async function remove(context: Context, stack: string): Promise<boolean> {
  const { client } = context;
  const query = { filters: stackFilter(stack) };
  const [services, secrets, configs, networks] = await Promise.all([
    client.json<Named[]>('ServiceList', { query }),
    client.json<Named[]>('SecretList', { query }),
    client.json<Named[]>('ConfigList', { query }),
    client.json<{ Id: string; Name: string }[]>('NetworkList', { query }),
  ]);
  if (services.length + secrets.length + configs.length + networks.length === 0) {
    context.err(`Nothing found in stack: ${stack}\n`);
    return true;
  }
  let isDone = true;
  const each = async (noun: string, name: string, work: () => Promise<unknown>): Promise<void> => {
    context.out(`Removing ${noun} ${name}\n`);
    await work().catch((error: unknown) => {
      isDone = false;
      context.err(`Failed to remove ${noun} ${name}: ${messageOf(error)}\n`);
    });
  };
  for (const { ID, Spec } of services)
    await each('service', Spec.Name, () => client.text('ServiceDelete', { params: { id: ID } }));
  for (const { ID, Spec } of secrets)
    await each('secret', Spec.Name, () => client.text('SecretDelete', { params: { id: ID } }));
  for (const { ID, Spec } of configs)
    await each('config', Spec.Name, () => client.text('ConfigDelete', { params: { id: ID } }));
  for (const { Id, Name } of networks)
    await each('network', Name, () => client.text('NetworkDelete', { params: { id: Id } }));
  return isDone;
}

/** Until no task of it is left. */
async function gone(context: Context, stack: string): Promise<void> {
  for (;;) {
    const tasks = await context.client.json<{ Status: { State: string } }[]>('TaskList', {
      query: { filters: stackFilter(stack) },
    });
    if (tasks.every(({ Status }) => /^(?:complete|shutdown|failed|rejected|remove|orphaned)$/.test(Status.State)))
      return;
    await pause(200);
  }
}
