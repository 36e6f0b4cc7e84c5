// The commands of compose: names and one-line descriptions. Each is loaded when it is called.
import type { AnyComposeCommand, ComposeNode } from './command/command.ts';

const leaf = (name: string, short: string, load: () => Promise<AnyComposeCommand>): ComposeNode => ({
  name,
  short,
  load,
});

export const composeTree: ComposeNode = {
  name: 'compose',
  short: 'Define and run multi-container applications with Docker',
  children: [
    leaf(
      'apply',
      'Do what a plan says, if nothing has changed since',
      async () => (await import('./explain.ts')).apply,
    ),
    leaf('plan', 'Show what up would change, field by field, and why', async () => (await import('./explain.ts')).plan),
    leaf(
      'attach',
      "Attach local standard input, output, and error streams to a service's running container",
      async () => (await import('./attach.ts')).attach,
    ),
    leaf('build', 'Build or rebuild services', async () => (await import('./creation.ts')).build),
    leaf(
      'commit',
      "Create a new image from a service container's changes",
      async () => (await import('./copying.ts')).commit,
    ),
    leaf(
      'config',
      'Parse, resolve and render compose file in canonical format',
      async () => (await import('./config.ts')).config,
    ),
    leaf(
      'cp',
      'Copy files/folders between a service container and the local filesystem',
      async () => (await import('./copying.ts')).cp,
    ),
    leaf('create', 'Creates containers for a service', async () => (await import('./creation.ts')).create),
    leaf('down', 'Stop and remove containers, networks', async () => (await import('./down.ts')).down),
    leaf('events', 'Receive real time events from containers', async () => (await import('./events.ts')).events),
    leaf('exec', 'Execute a command in a running container', async () => (await import('./exec.ts')).exec),
    leaf(
      'export',
      "Export a service container's filesystem as a tar archive",
      async () => (await import('./copying.ts')).exportContainer,
    ),
    leaf('images', 'List images used by the created containers', async () => (await import('./listings.ts')).images),
    leaf('kill', 'Force stop service containers', async () => (await import('./lifecycle.ts')).kill),
    leaf('logs', 'View output from containers', async () => (await import('./logs.ts')).logs),
    leaf('ls', 'List running compose projects', async () => (await import('./listings.ts')).ls),
    leaf('pause', 'Pause services', async () => (await import('./lifecycle.ts')).pause),
    leaf('port', 'Print the public port for a port binding', async () => (await import('./listings.ts')).port),
    leaf('ps', 'List containers', async () => (await import('./ps.ts')).ps),
    leaf('pull', 'Pull service images', async () => (await import('./creation.ts')).pull),
    leaf('push', 'Push service images', async () => (await import('./creation.ts')).push),
    leaf('restart', 'Restart service containers', async () => (await import('./lifecycle.ts')).restart),
    leaf('rm', 'Removes stopped service containers', async () => (await import('./lifecycle.ts')).rm),
    leaf('run', 'Run a one-off command on a service', async () => (await import('./run.ts')).run),
    leaf('scale', 'Scale services', async () => (await import('./creation.ts')).scale),
    leaf('start', 'Start services', async () => (await import('./lifecycle.ts')).start),
    leaf(
      'stats',
      'Display a live stream of container(s) resource usage statistics',
      async () => (await import('./listings.ts')).stats,
    ),
    leaf('stop', 'Stop services', async () => (await import('./lifecycle.ts')).stop),
    leaf('top', 'Display the running processes', async () => (await import('./listings.ts')).top),
    leaf('unpause', 'Unpause services', async () => (await import('./lifecycle.ts')).unpause),
    leaf('up', 'Create and start containers', async () => (await import('./up.ts')).up),
    leaf('version', 'Show the Docker Compose version information', async () => (await import('./version.ts')).version),
    leaf('volumes', 'List volumes', async () => (await import('./listings.ts')).volumes),
    leaf(
      'wait',
      'Block until containers of all (or specified) services stop.',
      async () => (await import('./wait.ts')).wait,
    ),
    leaf('revisions', 'List what the project was', async () => (await import('./revisions.ts')).revisions),
    leaf(
      'rollback',
      'Make the project what it was in a revision',
      async () => (await import('./revisions.ts')).rollback,
    ),
    leaf(
      'watch',
      'Watch build context for service and rebuild/refresh containers when files are updated',
      async () => (await import('./watch.ts')).watch,
    ),
  ],
};
