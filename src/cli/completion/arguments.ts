// Which objects the arguments and flags of commands name. Data.

/** Objects that the daemon or the client's files know by name. */
export type ObjectKind = 'container' | 'running' | 'stopped' | 'paused' | 'image' | 'network' | 'volume' | 'context';

/** The kinds of the arguments, in order; `more` when the last one may be repeated. */
interface Arguments {
  readonly kinds: readonly (ObjectKind | 'file')[];
  readonly more: boolean;
}

const one = (...kinds: Arguments['kinds']): Arguments => ({ kinds, more: false });
const many = (kind: ObjectKind): Arguments => ({ kinds: [kind], more: true });

const CONTAINER: Readonly<Record<string, Arguments>> = {
  attach: one('running'),
  commit: one('container'),
  create: one('image'),
  diff: one('container'),
  exec: one('running'),
  export: one('container'),
  inspect: many('container'),
  kill: many('running'),
  logs: one('container'),
  pause: many('running'),
  port: one('container'),
  rename: one('container'),
  restart: many('container'),
  rm: many('container'),
  run: one('image'),
  start: many('stopped'),
  stats: many('running'),
  stop: many('running'),
  top: one('running'),
  unpause: many('paused'),
  update: many('container'),
  wait: many('running'),
};

const IMAGE: Readonly<Record<string, Arguments>> = {
  build: one('file'),
  history: one('image'),
  import: one('file'),
  inspect: many('image'),
  push: one('image'),
  rm: many('image'),
  save: many('image'),
  tag: one('image'),
  why: one('image'),
};

const under = (group: string, table: Readonly<Record<string, Arguments>>): [string, Arguments][] =>
  Object.entries(table).map(([name, value]) => [`${group} ${name}`, value]);

/** By the names of the nodes; what is not here has no objects for arguments. */
export const ARGUMENTS: Readonly<Record<string, Arguments>> = {
  ...CONTAINER,
  build: one('file'),
  history: one('image'),
  import: one('file'),
  push: one('image'),
  rmi: many('image'),
  save: many('image'),
  tag: one('image'),
  'builder build': one('file'),
  'buildx build': one('file'),
  ...Object.fromEntries([
    ...under('container', CONTAINER),
    ...under('image', IMAGE),
    ...under('network', {
      connect: one('network', 'container'),
      disconnect: one('network', 'container'),
      inspect: many('network'),
      rm: many('network'),
    }),
    ...under('volume', { inspect: many('volume'), rm: many('volume') }),
    ...under('context', {
      export: one('context'),
      inspect: many('context'),
      rm: many('context'),
      update: one('context'),
      use: one('context'),
    }),
  ]),
};

/** Values of flags, whatever the command: objects, files, or a choice of words. */
export const VALUES: Readonly<Record<string, ObjectKind | 'file' | readonly string[]>> = {
  cidfile: 'file',
  config: 'file',
  context: 'context',
  'env-file': 'file',
  file: 'file',
  format: ['json', 'table'],
  iidfile: 'file',
  input: 'file',
  'label-file': 'file',
  'log-level': ['debug', 'info', 'warn', 'error', 'fatal'],
  'metadata-file': 'file',
  network: 'network',
  output: 'file',
  progress: ['auto', 'plain', 'tty', 'quiet', 'rawjson'],
  pull: ['always', 'missing', 'never'],
  restart: ['always', 'no', 'on-failure', 'unless-stopped'],
  signal: ['SIGHUP', 'SIGINT', 'SIGKILL', 'SIGQUIT', 'SIGTERM', 'SIGUSR1', 'SIGUSR2'],
  tlscacert: 'file',
  tlscert: 'file',
  tlskey: 'file',
  'volumes-from': 'container',
};
