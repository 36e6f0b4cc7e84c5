// `cluster status` and `why`: how the cluster is, and why a task is where it is.
import { command } from '../../session/context.ts';
import { exactly, none } from '../../grammar/index.ts';

interface Status {
  readonly Leader: string;
  readonly Members: readonly { readonly Name: string; readonly Peer: string; readonly Learner: boolean }[];
  readonly Nodes: Readonly<Record<string, number>>;
  readonly Tasks: Readonly<Record<string, number>>;
  readonly Pending: readonly { readonly ID: string; readonly Name: string; readonly Reason: string }[];
  readonly Revision: number;
}

interface Why {
  readonly ID: string;
  readonly Name: string;
  readonly Node: string;
  readonly State: string;
  readonly DesiredState: string;
  readonly Error: string;
  readonly Reasons: readonly string[];
}

export const status = command({
  use: '',
  description: 'Show managers, nodes, tasks and what is pending',
  args: none,
  flags: {},
  async run(context) {
    const { Leader, Members, Nodes, Tasks, Pending, Revision } =
      await context.client.json<Status>('BerthClusterStatus');
    const counts = (of: Readonly<Record<string, number>>): string =>
      Object.entries(of)
        .map(([state, count]) => `${count} ${state}`)
        .join(', ') || 'none';
    context.out(`Leader:   ${Leader || 'none'}\n`);
    context.out(
      `Managers: ${Members.map(({ Name, Learner }) => `${Name}${Learner ? ' (learner)' : ''}`).join(', ')}\n`,
    );
    context.out(`Nodes:    ${counts(Nodes)}\nTasks:    ${counts(Tasks)}\nRevision: ${Revision}\n`);
    for (const { ID, Name, Reason } of Pending) context.out(`Pending:  ${Name} (${ID.slice(0, 12)}): ${Reason}\n`);
    return 0;
  },
});

export const why = command({
  use: 'TASK',
  description: 'Say why a task is where it is, and what became of it',
  args: exactly(1),
  flags: {},
  async run(context, { args: [id = ''] }) {
    const found = await context.client.json<Why>('BerthTaskWhy', { params: { id } });
    const { Name, Node, State, DesiredState, Error: problem, Reasons } = found;
    context.out(`${Name} (${found.ID}) is ${State}${Node === '' ? '' : ` on ${Node}`}, and is to be ${DesiredState}\n`);
    if (problem !== '') context.out(`  ${problem}\n`);
    for (const reason of Reasons) context.out(`  ${reason}\n`);
    return 0;
  },
});
