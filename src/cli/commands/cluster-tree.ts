// The commands of a cluster: swarm, node, service, secret, config, stack, cluster.
import type { CliNode } from '../session/context.ts';
import { leaf } from './leaf.ts';

export const swarm: CliNode = {
  name: 'swarm',
  short: 'Manage Swarm',
  children: [
    leaf('init', 'Initialize a swarm', async () => (await import('./swarm/init.ts')).init),
    leaf('join', 'Join a swarm as a node and/or manager', async () => (await import('./swarm/join.ts')).join),
    leaf('join-token', 'Manage join tokens', async () => (await import('./swarm/token.ts')).joinToken),
    leaf('leave', 'Leave the swarm', async () => (await import('./swarm/join.ts')).leave),
    leaf('ca', 'Display the root CA', async () => (await import('./swarm/ca.ts')).ca),
    leaf('unlock', 'Unlock swarm', async () => (await import('./swarm/unlock.ts')).unlock),
    leaf('unlock-key', 'Manage the unlock key', async () => (await import('./swarm/unlock.ts')).unlockKeyCommand),
    leaf('update', 'Update the swarm', async () => (await import('./swarm/update.ts')).update),
  ],
};

export const node: CliNode = {
  name: 'node',
  short: 'Manage Swarm nodes',
  children: [
    leaf(
      'demote',
      'Demote one or more nodes from manager in the swarm',
      async () => (await import('./node/change.ts')).demote,
    ),
    leaf(
      'inspect',
      'Display detailed information on one or more nodes',
      async () => (await import('./service/inspect.ts')).inspectNode,
    ),
    leaf('ls', 'List nodes in the swarm', async () => (await import('./node/ls.ts')).ls, { aliases: ['list'] }),
    leaf(
      'promote',
      'Promote one or more nodes to manager in the swarm',
      async () => (await import('./node/change.ts')).promote,
    ),
    leaf(
      'ps',
      'List tasks running on one or more nodes, defaults to current node',
      async () => (await import('./service/ps.ts')).nodePs,
    ),
    leaf('rm', 'Remove one or more nodes from the swarm', async () => (await import('./node/change.ts')).rm, {
      aliases: ['remove'],
    }),
    leaf('update', 'Update a node', async () => (await import('./node/change.ts')).update),
  ],
};

export const service: CliNode = {
  name: 'service',
  short: 'Manage Swarm services',
  children: [
    leaf('create', 'Create a new service', async () => (await import('./service/create.ts')).create),
    leaf(
      'inspect',
      'Display detailed information on one or more services',
      async () => (await import('./service/inspect.ts')).inspectService,
    ),
    leaf('logs', 'Fetch the logs of a service', async () => (await import('./service/logs.ts')).logs),
    leaf('ls', 'List services', async () => (await import('./service/ls.ts')).ls, { aliases: ['list'] }),
    leaf('ps', 'List the tasks of one or more services', async () => (await import('./service/ps.ts')).ps),
    leaf('rm', 'Remove one or more services', async () => (await import('./service/change.ts')).rm, {
      aliases: ['remove'],
    }),
    leaf(
      'rollback',
      "Revert changes to a service's configuration",
      async () => (await import('./service/change.ts')).rollback,
    ),
    leaf('scale', 'Scale one or multiple replicated services', async () => (await import('./service/change.ts')).scale),
    leaf('update', 'Update a service', async () => (await import('./service/change.ts')).update),
  ],
};

export const secret: CliNode = {
  name: 'secret',
  short: 'Manage Swarm secrets',
  children: [
    leaf(
      'create',
      'Create a secret from a file or STDIN as content',
      async () => (await import('./secret/verbs.ts')).secret.create,
    ),
    leaf(
      'inspect',
      'Display detailed information on one or more secrets',
      async () => (await import('./secret/verbs.ts')).secret.inspect,
    ),
    leaf('ls', 'List secrets', async () => (await import('./secret/verbs.ts')).secret.ls, { aliases: ['list'] }),
    leaf('rm', 'Remove one or more secrets', async () => (await import('./secret/verbs.ts')).secret.rm, {
      aliases: ['remove'],
    }),
  ],
};

export const config: CliNode = {
  name: 'config',
  short: 'Manage Swarm configs',
  children: [
    leaf(
      'create',
      'Create a config from a file or STDIN as content',
      async () => (await import('./secret/verbs.ts')).config.create,
    ),
    leaf(
      'inspect',
      'Display detailed information on one or more configs',
      async () => (await import('./secret/verbs.ts')).config.inspect,
    ),
    leaf('ls', 'List configs', async () => (await import('./secret/verbs.ts')).config.ls, { aliases: ['list'] }),
    leaf('rm', 'Remove one or more configs', async () => (await import('./secret/verbs.ts')).config.rm, {
      aliases: ['remove'],
    }),
  ],
};

export const stack: CliNode = {
  name: 'stack',
  short: 'Manage Swarm stacks',
  children: [
    leaf(
      'config',
      'Outputs the final config file, after doing merges and interpolations',
      async () => (await import('./stack/config.ts')).config,
    ),
    leaf(
      'deploy',
      'Deploy a new stack or update an existing stack',
      async () => (await import('./stack/deploy.ts')).deploy,
      { aliases: ['up'] },
    ),
    leaf('ls', 'List stacks', async () => (await import('./stack/ls.ts')).ls, { aliases: ['list'] }),
    leaf('plan', 'Show what a deploy would change', async () => (await import('./stack/deploy.ts')).plan),
    leaf('ps', 'List the tasks in the stack', async () => (await import('./stack/ls.ts')).ps),
    leaf('rm', 'Remove one or more stacks', async () => (await import('./stack/rm.ts')).rm, {
      aliases: ['remove', 'down'],
    }),
    leaf('services', 'List the services in the stack', async () => (await import('./stack/ls.ts')).services),
  ],
};

export const cluster: CliNode = {
  name: 'cluster',
  short: 'Look after a cluster',
  children: [
    leaf(
      'status',
      'Show managers, nodes, tasks and what is pending',
      async () => (await import('./cluster/status.ts')).status,
    ),
    leaf(
      'backup',
      'Save everything that the cluster knows to a file',
      async () => (await import('./cluster/backup.ts')).backup,
    ),
    leaf(
      'restore',
      'Begin a cluster from a backup, with this machine as its only manager',
      async () => (await import('./cluster/backup.ts')).restore,
    ),
    leaf(
      'what-if',
      'Say what would become of the tasks if nodes went or came',
      async () => (await import('./cluster/forecast.ts')).whatIf,
    ),
  ],
};

export const kv: CliNode = {
  name: 'kv',
  short: 'Keep keys and values for applications in the cluster',
  children: [
    leaf('cas', 'Set a key if nobody else has', async () => (await import('./kv/verbs.ts')).cas),
    leaf('delete', 'Delete a key', async () => (await import('./kv/verbs.ts')).remove, { aliases: ['rm'] }),
    leaf('get', 'Print the value of a key', async () => (await import('./kv/verbs.ts')).get),
    {
      name: 'lease',
      short: 'Manage leases, with which keys end',
      children: [
        leaf('grant', 'Make a lease', async () => (await import('./kv/lease.ts')).grant),
        leaf('keep-alive', 'Keep a lease alive', async () => (await import('./kv/lease.ts')).keepAlive),
        leaf('revoke', 'End a lease and its keys', async () => (await import('./kv/lease.ts')).revoke),
      ],
    },
    leaf('ls', 'List keys', async () => (await import('./kv/verbs.ts')).ls, { aliases: ['list'] }),
    leaf('put', 'Set the value of a key', async () => (await import('./kv/verbs.ts')).put),
    leaf('watch', 'Print changes as they come', async () => (await import('./kv/watch.ts')).watch),
  ],
};

export const autoscale: CliNode = {
  name: 'autoscale',
  short: 'Look at services that grow and shrink with their load',
  children: [
    leaf(
      'explain',
      'Say why a service has as many tasks as it has',
      async () => (await import('./cluster/forecast.ts')).explain,
    ),
  ],
};
