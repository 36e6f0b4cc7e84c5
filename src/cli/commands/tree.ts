// All commands: names, places and one-line descriptions. Each command is loaded when it is called.
import type { CliNode, Context } from '../session/context.ts';
import { autoscale, cluster, config, kv, node, secret, service, stack, swarm } from './cluster-tree.ts';
import { leaf } from './leaf.ts';

const c = {
  attach: leaf(
    'attach',
    'Attach local standard input, output, and error streams to a running container',
    async () => (await import('./container/attach.ts')).attach,
  ),
  commit: leaf(
    'commit',
    "Create a new image from a container's changes",
    async () => (await import('./container/files/commit.ts')).commit,
  ),
  cp: leaf(
    'cp',
    'Copy files/folders between a container and the local filesystem',
    async () => (await import('./container/files/cp.ts')).cp,
  ),
  create: leaf('create', 'Create a new container', async () => (await import('./container/create.ts')).create),
  diff: leaf(
    'diff',
    "Inspect changes to files or directories on a container's filesystem",
    async () => (await import('./container/files/diff.ts')).diff,
  ),
  exec: leaf(
    'exec',
    'Execute a command in a running container',
    async () => (await import('./container/exec.ts')).exec,
  ),
  export: leaf(
    'export',
    "Export a container's filesystem as a tar archive",
    async () => (await import('./container/files/export.ts')).exportContainer,
  ),
  kill: leaf('kill', 'Kill one or more running containers', async () => (await import('./container/kill.ts')).kill),
  logs: leaf('logs', 'Fetch the logs of a container', async () => (await import('./container/logs.ts')).logs),
  pause: leaf(
    'pause',
    'Pause all processes within one or more containers',
    async () => (await import('./container/pause.ts')).pause,
  ),
  port: leaf(
    'port',
    'List port mappings or a specific mapping for the container',
    async () => (await import('./container/port.ts')).port,
  ),
  rename: leaf('rename', 'Rename a container', async () => (await import('./container/rename.ts')).rename),
  restart: leaf(
    'restart',
    'Restart one or more containers',
    async () => (await import('./container/restart.ts')).restart,
  ),
  rm: leaf('rm', 'Remove one or more containers', async () => (await import('./container/rm.ts')).rm),
  run: leaf(
    'run',
    'Create and run a new container from an image',
    async () => (await import('./container/run.ts')).run,
  ),
  start: leaf(
    'start',
    'Start one or more stopped containers',
    async () => (await import('./container/start.ts')).start,
  ),
  stats: leaf(
    'stats',
    'Display a live stream of container(s) resource usage statistics',
    async () => (await import('./container/stats.ts')).stats,
  ),
  stop: leaf('stop', 'Stop one or more running containers', async () => (await import('./container/stop.ts')).stop),
  top: leaf(
    'top',
    'Display the running processes of a container',
    async () => (await import('./container/top.ts')).top,
  ),
  unpause: leaf(
    'unpause',
    'Unpause all processes within one or more containers',
    async () => (await import('./container/unpause.ts')).unpause,
  ),
  update: leaf(
    'update',
    'Update configuration of one or more containers',
    async () => (await import('./container/update.ts')).update,
  ),
  wait: leaf(
    'wait',
    'Block until one or more containers stop, then print their exit codes',
    async () => (await import('./container/wait.ts')).wait,
  ),
  ps: leaf('ps', 'List containers', async () => (await import('./container/ls.ts')).ps),
};

const i = {
  build: leaf('build', 'Build an image from a Dockerfile', async () => (await import('./image/build.ts')).build),
  history: leaf('history', 'Show the history of an image', async () => (await import('./image/history.ts')).history),
  import: leaf(
    'import',
    'Import the contents from a tarball to create a filesystem image',
    async () => (await import('./image/import.ts')).importImage,
  ),
  load: leaf('load', 'Load an image from a tar archive or STDIN', async () => (await import('./image/load.ts')).load),
  pull: leaf('pull', 'Download an image from a registry', async () => (await import('./image/pull.ts')).pull),
  push: leaf('push', 'Upload an image to a registry', async () => (await import('./image/push.ts')).push),
  save: leaf(
    'save',
    'Save one or more images to a tar archive (streamed to STDOUT by default)',
    async () => (await import('./image/save.ts')).save,
  ),
  tag: leaf(
    'tag',
    'Create a tag TARGET_IMAGE that refers to SOURCE_IMAGE',
    async () => (await import('./image/tag.ts')).tag,
  ),
  rmi: leaf('rmi', 'Remove one or more images', async () => (await import('./image/rm.ts')).rmi),
  images: leaf('images', 'List images', async () => (await import('./image/ls.ts')).images),
};

const s = {
  events: leaf(
    'events',
    'Get real time events from the server',
    async () => (await import('./system/events.ts')).events,
  ),
  info: leaf('info', 'Display system-wide information', async () => (await import('./system/info.ts')).info),
};

const { ps, ...containerVerbs } = c;
const { rmi, images, ...imageVerbs } = i;

const container: CliNode = {
  name: 'container',
  short: 'Manage containers',
  children: [
    ...Object.values(containerVerbs).map((node) => (node.name === 'rm' ? { ...node, aliases: ['remove'] } : node)),
    { ...ps, name: 'ls', aliases: ['ps', 'list'] },
    leaf(
      'inspect',
      'Display detailed information on one or more containers',
      async () => (await import('./container/inspect.ts')).inspectContainer,
    ),
    leaf('prune', 'Remove all stopped containers', async () => (await import('./container/prune.ts')).prune),
  ],
};

const image: CliNode = {
  name: 'image',
  short: 'Manage images',
  children: [
    ...Object.values(imageVerbs),
    { ...images, name: 'ls', aliases: ['list'] },
    { ...rmi, name: 'rm', aliases: ['remove'] },
    leaf(
      'why',
      'Say which layer brought a file, or what later layers waste',
      async () => (await import('./image/why.ts')).why,
    ),
    leaf(
      'bootstrap',
      'Make an image on this machine, without a registry',
      async () => (await import('./image/bootstrap.ts')).bootstrap,
    ),
    leaf(
      'inspect',
      'Display detailed information on one or more images',
      async () => (await import('./image/inspect.ts')).inspectImage,
    ),
    leaf('prune', 'Remove unused images', async () => (await import('./image/prune.ts')).prune),
  ],
};

const manifest: CliNode = {
  name: 'manifest',
  short: 'Manage Docker image manifests and manifest lists',
  children: [
    leaf(
      'annotate',
      'Add additional information to a local image manifest',
      async () => (await import('./manifest/annotate.ts')).annotate,
    ),
    leaf(
      'create',
      'Create a local manifest list for annotating and pushing to a registry',
      async () => (await import('./manifest/create.ts')).create,
    ),
    leaf(
      'inspect',
      'Display an image manifest, or manifest list',
      async () => (await import('./manifest/inspect.ts')).inspect,
    ),
    leaf('push', 'Push a manifest list to a repository', async () => (await import('./manifest/push.ts')).push),
    leaf(
      'rm',
      'Delete one or more manifest lists from local storage',
      async () => (await import('./manifest/rm.ts')).rm,
    ),
  ],
};

const network: CliNode = {
  name: 'network',
  short: 'Manage networks',
  children: [
    leaf('connect', 'Connect a container to a network', async () => (await import('./network/connect.ts')).connect),
    leaf('create', 'Create a network', async () => (await import('./network/create.ts')).create),
    leaf(
      'disconnect',
      'Disconnect a container from a network',
      async () => (await import('./network/disconnect.ts')).disconnect,
    ),
    leaf(
      'explain',
      'Say what stops a connection to a container, or how it goes',
      async () => (await import('./network/explain.ts')).explainConnection,
    ),
    leaf(
      'inspect',
      'Display detailed information on one or more networks',
      async () => (await import('./network/inspect.ts')).inspectNetwork,
    ),
    leaf('ls', 'List networks', async () => (await import('./network/ls.ts')).ls, { aliases: ['list'] }),
    leaf('prune', 'Remove all unused networks', async () => (await import('./network/prune.ts')).prune),
    leaf('rm', 'Remove one or more networks', async () => (await import('./network/rm.ts')).rm, {
      aliases: ['remove'],
    }),
  ],
};

const system: CliNode = {
  name: 'system',
  short: 'Manage Docker',
  children: [
    leaf('check', 'Check the image store for damage', async () => (await import('./system/check.ts')).check),
    leaf('df', 'Show docker disk usage', async () => (await import('./system/df.ts')).df),
    leaf(
      'dial-stdio',
      'Proxy the stdio stream to the daemon connection. Should not be invoked manually.',
      async () => (await import('./system/dial-stdio.ts')).dialStdio,
      { hidden: true },
    ),
    s.events,
    s.info,
    leaf('prune', 'Remove unused data', async () => (await import('./system/prune.ts')).prune),
  ],
};

const builder: CliNode = {
  name: 'builder',
  short: 'Manage builds',
  children: [
    imageVerbs.build,
    {
      name: 'cache',
      short: 'Manage what RUN --mount=type=cache keeps',
      children: [
        leaf(
          'export',
          'Save the files of a cache mount to a tar archive',
          async () => (await import('./builder/cache.ts')).exportCache,
        ),
        leaf(
          'import',
          'Fill a cache mount with the files of a tar archive',
          async () => (await import('./builder/cache.ts')).importCache,
        ),
        leaf('ls', 'List cache mounts', async () => (await import('./builder/cache.ts')).ls, { aliases: ['list'] }),
      ],
    },
    leaf('inspect', 'Show what is known of a build', async () => (await import('./builder/history.ts')).inspect),
    leaf('logs', 'Show the output of a build', async () => (await import('./builder/history.ts')).logs),
    leaf('ls', 'List builds', async () => (await import('./builder/history.ts')).ls, { aliases: ['list'] }),
    leaf('prune', 'Remove build cache', async () => (await import('./builder/prune.ts')).prune),
    leaf('rm', 'Remove builds from the history', async () => (await import('./builder/history.ts')).rm, {
      aliases: ['remove'],
    }),
  ],
};

const buildx: CliNode = {
  name: 'buildx',
  short: 'Build as Docker Buildx does',
  children: [
    { ...imageVerbs.build, aliases: ['b'] },
    leaf('prune', 'Remove build cache', async () => (await import('./builder/prune.ts')).prune),
  ],
};

const volume: CliNode = {
  name: 'volume',
  short: 'Manage volumes',
  children: [
    leaf('create', 'Create a volume', async () => (await import('./volume/create.ts')).create),
    leaf(
      'inspect',
      'Display detailed information on one or more volumes',
      async () => (await import('./volume/inspect.ts')).inspectVolume,
    ),
    leaf('ls', 'List volumes', async () => (await import('./volume/ls.ts')).ls, { aliases: ['list'] }),
    leaf('prune', 'Remove unused local volumes', async () => (await import('./volume/prune.ts')).prune),
    leaf('rm', 'Remove one or more volumes', async () => (await import('./volume/rm.ts')).rm, { aliases: ['remove'] }),
    leaf('update', 'Update a volume (cluster volumes only)', async () => (await import('./volume/update.ts')).update),
  ],
};

const context: CliNode = {
  name: 'context',
  short: 'Manage contexts',
  children: [
    leaf('create', 'Create a context', async () => (await import('./context/create.ts')).create),
    leaf(
      'export',
      'Export a context to a tar archive FILE or a tar stream on STDOUT.',
      async () => (await import('./context/export.ts')).exportContext,
    ),
    leaf(
      'import',
      'Import a context from a tar or zip file',
      async () => (await import('./context/import.ts')).importContext,
    ),
    leaf(
      'inspect',
      'Display detailed information on one or more contexts',
      async () => (await import('./context/inspect.ts')).inspectContext,
    ),
    leaf('ls', 'List contexts', async () => (await import('./context/ls.ts')).ls, { aliases: ['list'] }),
    leaf('rm', 'Remove one or more contexts', async () => (await import('./context/rm.ts')).rm, {
      aliases: ['remove'],
    }),
    leaf('show', 'Print the name of the current context', async () => (await import('./context/show.ts')).show),
    leaf('update', 'Update a context', async () => (await import('./context/update.ts')).update),
    leaf('use', 'Set the current docker context', async () => (await import('./context/use.ts')).use),
  ],
};

const { run, exec, ...otherContainerVerbs } = containerVerbs;
const { build, pull, push, ...otherImageVerbs } = imageVerbs;

/** Docker's client asks a plugin what it is: a link `docker-compose` to this program in its `cli-plugins` is its compose. */
const pluginMetadata: CliNode = {
  name: 'docker-cli-plugin-metadata',
  short: '',
  hidden: true,
  program: () =>
    Promise.resolve((context: Context) => {
      const metadata = {
        SchemaVersion: '0.1.0',
        Vendor: 'Berth',
        Version: 'v2.40.3',
        ShortDescription: 'Docker Compose',
      };
      context.out(`${JSON.stringify(metadata)}\n`);
      return Promise.resolve(0);
    }),
};

/** A verb of compose without the word before it. */
function composeWord(name: string, short: string): CliNode {
  return {
    name,
    short,
    program: async () => {
      const { composeMain } = await import('./compose/main.ts');
      return (context, argv) => composeMain(context, [name, ...argv]);
    },
  };
}

export const tree: CliNode = {
  name: 'docker',
  short: 'A self-sufficient runtime for containers',
  children: [
    { ...run, top: 1 },
    { ...exec, top: 2 },
    { ...ps, top: 3 },
    { ...build, top: 4 },
    { ...pull, top: 5 },
    { ...push, top: 6 },
    { ...images, top: 7 },
    leaf('login', 'Authenticate to a registry', async () => (await import('./registry/login.ts')).login, { top: 8 }),
    leaf('logout', 'Log out from a registry', async () => (await import('./registry/logout.ts')).logout, { top: 9 }),
    leaf('search', 'Search Docker Hub for images', async () => (await import('./registry/search.ts')).search, {
      top: 10,
    }),
    leaf('version', 'Show the Docker version information', async () => (await import('./system/version.ts')).version, {
      top: 11,
    }),
    { ...s.info, top: 12 },
    builder,
    buildx,
    {
      name: 'compose',
      short: 'Define and run multi-container applications with Docker',
      program: async () => (await import('./compose/main.ts')).composeMain,
    },
    autoscale,
    cluster,
    config,
    pluginMetadata,
    composeWord('down', 'Stop and remove what compose up made, in a directory with a Compose file'),
    composeWord('up', 'Bring up the Compose project of this directory'),
    container,
    context,
    {
      name: 'hub',
      short: "Manage a registry of one's own",
      children: [
        leaf(
          'down',
          'Remove the container of a hub; its images stay in their volume',
          async () => (await import('./hub/down.ts')).down,
        ),
        leaf('up', 'Run a hub in a container', async () => (await import('./hub/up.ts')).up),
      ],
    },
    image,
    kv,
    manifest,
    network,
    node,
    secret,
    service,
    stack,
    swarm,
    system,
    volume,
    ...Object.values(otherContainerVerbs),
    ...Object.values(otherImageVerbs),
    rmi,
    leaf('env', 'Show the variables that an image needs', async () => (await import('./image/env.ts')).env),
    leaf('parity', 'Compare two contexts, projects or containers', async () => (await import('./parity.ts')).parity),
    leaf('ports', 'List published ports and who reaches them', async () => (await import('./ports.ts')).ports),
    leaf('why', 'Say why a task is where it is', async () => (await import('./cluster/status.ts')).why),
    s.events,
    leaf(
      'completion',
      'Print the script by which a shell completes command lines',
      async () => (await import('./system/completion.ts')).completion,
      { hidden: true },
    ),
    leaf(
      'inspect',
      'Return low-level information on Docker objects',
      async () => (await import('./system/inspect.ts')).inspectAny,
    ),
  ],
};
