// `compose up`: a project's services are made, started, and followed.
import {
  type ImageOptions,
  listRevisions,
  observeContainers,
  startServices,
  up as bringUp,
  type UpOptions,
  type UpWork,
  waitUntilReady,
  watchRules,
} from '../../../compose/index.ts';
import { messageOf } from '../../../base/errors.ts';
import { any, Failure, flag, type Values } from '../../grammar/index.ts';
import { Attached, type AttachedOptions, followProject } from './attached.ts';
import { array, imageOptions, serviceOf, upWork, withoutDependencies, withScale } from './bring.ts';
import { type ComposeContext, composeCommand, dryRun } from './command/command.ts';
import { LogLines } from './log-lines.ts';
import { progressOn } from './command/progress.ts';
import { record, rollBack } from './revisions.ts';

const FLAGS = {
  ...dryRun,
  'abort-on-container-exit': flag.bool('', 'Stops all containers if any container was stopped. Incompatible with -d'),
  'abort-on-container-failure': flag.bool(
    '',
    'Stops all containers if any container exited with failure. Incompatible with -d',
  ),
  'always-recreate-deps': flag.bool('', 'Recreate dependent containers. Incompatible with --no-recreate.'),
  attach: array('', 'Restrict attaching to the specified services. Incompatible with --attach-dependencies.'),
  'attach-dependencies': flag.bool('', 'Automatically attach to log output of dependent services'),
  build: flag.bool('', 'Build images before starting containers'),
  detach: flag.bool('d', 'Detached mode: Run containers in the background'),
  'exit-code-from': flag.string(
    '',
    'Return the exit code of the selected service container. Implies --abort-on-container-exit',
  ),
  'force-recreate': flag.bool('', "Recreate containers even if their configuration and image haven't changed"),
  menu: flag.bool(
    '',
    'Enable interactive shortcuts when running attached. Incompatible with --detach. Can also be enable/disable by setting COMPOSE_MENU environment var.',
  ),
  'no-attach': array('', 'Do not attach (stream logs) to the specified services'),
  'no-build': flag.bool('', "Don't build an image, even if it's policy"),
  'no-color': flag.bool('', 'Produce monochrome output'),
  'no-deps': flag.bool('', "Don't start linked services"),
  'no-log-prefix': flag.bool('', "Don't print prefix in logs"),
  'no-recreate': flag.bool('', "If containers already exist, don't recreate them. Incompatible with --force-recreate."),
  'no-start': flag.bool('', "Don't start the services after creating them"),
  pull: flag.string('', 'Pull image before running ("always"|"missing"|"never")', 'policy'),
  'quiet-build': flag.bool('', 'Suppress the build output'),
  'quiet-pull': flag.bool('', 'Pull without printing progress information'),
  'remove-orphans': flag.bool('', 'Remove containers for services not defined in the Compose file'),
  rollback: flag.bool('', 'Go back to the last revision when the services do not become healthy. Implies --wait.'),
  'renew-anon-volumes': flag.bool(
    'V',
    'Recreate anonymous volumes instead of retrieving data from the previous containers',
  ),
  scale: array('', 'Scale SERVICE to NUM instances. Overrides the `scale` setting in the Compose file if present.'),
  timeout: flag.int(
    't',
    'Use this timeout in seconds for container shutdown when attached or when containers are already running',
  ),
  timestamps: flag.bool('', 'Show timestamps'),
  wait: flag.bool('', 'Wait for services to be running|healthy. Implies detached mode.'),
  'wait-timeout': flag.int('', 'Maximum duration in seconds to wait for the project to be running|healthy'),
  watch: flag.bool('w', 'Watch source code and rebuild/refresh containers when files are updated.'),
  yes: flag.bool('y', 'Assume "yes" as answer to all prompts and run non-interactively'),
} as const;

type UpFlags = Values<typeof FLAGS>;

export const up = composeCommand({
  use: '[OPTIONS] [SERVICE...]',
  description: 'Create and start containers',
  flags: FLAGS,
  args: any,
  run: async (context, { flags, args, changed }) => {
    checkFlags(flags);
    const images = imageOptions(flags.pull, flags.build, flags['no-build']);
    let loaded = context.load({ services: args });
    if (flags['no-deps']) loaded = withoutDependencies(loaded, args);
    loaded = withScale(loaded, flags.scale);
    if (Object.keys(loaded.project.services).length === 0) throw new Failure('no service selected');
    if (flags['exit-code-from'] !== '') serviceOf(loaded, flags['exit-code-from']);
    const progress = progressOn(context);
    const { report } = progress;
    const timeout = changed('timeout') ? flags.timeout : undefined;
    const options: UpOptions = {
      services: args,
      recreate: flags['force-recreate'] ? 'force' : flags['no-recreate'] ? 'never' : 'diverged',
      recreateDependencies: flags['always-recreate-deps'] ? 'force' : flags['no-recreate'] ? 'never' : 'diverged',
      start: !flags['no-start'],
      removeOrphans: flags['remove-orphans'],
      renewVolumes: flags['renew-anon-volumes'],
      ...(timeout === undefined ? {} : { timeout }),
    };
    const work = upWork(context, loaded, report, {
      quiet: flags['quiet-build'],
      quietPull: flags['quiet-pull'],
      yes: flags.yes,
    });
    const waits = flags.wait || flags.rollback;
    const isDetached = context.settings.dryRun || flags.detach || waits || flags['no-start'];
    if (!isDetached) {
      const code = await attachedUp(context, work, images, options, { flags, args, timeout });
      progress.end();
      return code;
    }
    try {
      await bringUp(work, images, options);
      if (waits && !context.settings.dryRun) await waitFor(context, work, flags['wait-timeout']);
    } catch (error) {
      progress.end();
      if (flags.rollback && !context.settings.dryRun) await goBack(context, work, messageOf(error));
      throw error;
    }
    if (options.start && isWhole(flags, args)) await record(work, 'up');
    progress.end();
    return 0;
  },
});

/** What brings up some services only says nothing of the whole. */
const isWhole = (flags: UpFlags, args: readonly string[]): boolean => args.length === 0 && !flags['no-deps'];

async function waitFor(context: ComposeContext, work: UpWork, seconds: number): Promise<void> {
  const { project } = work.loaded;
  const mine = await observeContainers(context.cli.client, project.name, 'services');
  const wanted = mine.filter(({ service }) => project.services[service] !== undefined);
  await waitUntilReady(work, wanted, seconds);
}

/** To the last revision, when there is one. */
async function goBack(context: ComposeContext, { loaded }: UpWork, why: string): Promise<void> {
  const { name } = loaded.project;
  const last = (await listRevisions(context.cli.client, name)).at(-1);
  if (last === undefined) return context.warn('there is no revision to go back to');
  context.warn(`${why}; going back to revision ${last.number}`);
  await rollBack(context, name, last);
}

function checkFlags(flags: UpFlags): void {
  const aborts =
    flags['abort-on-container-exit'] || flags['abort-on-container-failure'] || flags['exit-code-from'] !== '';
  if (flags['abort-on-container-exit'] && flags['abort-on-container-failure'])
    throw new Failure('--abort-on-container-failure cannot be combined with --abort-on-container-exit');
  if (flags.wait && (flags['attach-dependencies'] || aborts || flags.attach.length > 0))
    throw new Failure('--wait cannot be combined with --abort-on-container-exit, --attach or --attach-dependencies');
  if (
    (flags.detach || flags.wait) &&
    (flags['attach-dependencies'] || aborts || flags.attach.length > 0 || flags.watch)
  )
    throw new Failure(
      '--detach cannot be combined with --abort-on-container-exit, --abort-on-container-failure, --attach, --attach-dependencies or --watch',
    );
  if (flags.menu) throw new Failure('--menu is not implemented');
  if (flags['no-recreate'] && flags['force-recreate'])
    throw new Failure('--force-recreate and --no-recreate are incompatible');
  if (flags['no-recreate'] && flags['always-recreate-deps'])
    throw new Failure('--always-recreate-deps and --no-recreate are incompatible');
}

interface Attaching {
  readonly flags: UpFlags;
  readonly args: readonly string[];
  readonly timeout: number | undefined;
}

async function attachedUp(
  context: ComposeContext,
  work: UpWork,
  images: ImageOptions,
  options: UpOptions,
  { flags, args, timeout }: Attaching,
): Promise<number> {
  const { loaded, client } = work;
  const { services, name } = loaded.project;
  const wanted =
    flags.attach.length > 0
      ? flags.attach
      : args.length > 0 && !flags['attach-dependencies']
        ? args
        : Object.keys(services);
  const unknown = flags.attach.filter((one) => services[one] === undefined);
  if (unknown.length > 0) throw new Failure(`cannot attach to services not included in up: ${unknown.join(', ')}`);
  // Whoever names a service wants to see it, whatever its file says.
  const shown = (service: string): boolean =>
    wanted.includes(service) &&
    !flags['no-attach'].includes(service) &&
    (flags.attach.length > 0 || services[service]?.attach !== false);
  const lines = new LogLines({
    hasPrefix: !flags['no-log-prefix'],
    isColoured: !flags['no-color'] && context.isColoured(1),
  });
  const code = flags['exit-code-from'];
  const following: AttachedOptions = {
    shown,
    lines,
    timestamps: flags.timestamps,
    abort: flags['abort-on-container-failure']
      ? 'failure'
      : flags['abort-on-container-exit'] || code !== ''
        ? 'exit'
        : 'never',
    exitCodeFrom: code,
    timeout,
  };
  const attached = new Attached(context, following);
  if (flags.watch) watchRules(loaded.project);
  const ended = new AbortController();
  // Everything is made first: then it is known whose output is to be shown.
  await bringUp(work, images, { ...options, start: false });
  const made = (await observeContainers(client, name, 'services')).filter(
    ({ service }) => services[service] !== undefined,
  );
  for (const one of made) if (shown(one.service)) attached.add(one);
  context.out(`Attaching to ${attached.names.join(', ')}\n`);
  const { report, warn, parallel } = work;
  const verb = { client, name, loaded, report, warn, parallel };
  const known = made.filter(({ id }) => attached.knows(id)).map(({ id }) => id);
  const exitCode = await followProject(context, verb, attached, following, new Set(known), async () => {
    if (flags.watch) watchMeanwhile(context, work, ended.signal);
    for (const { id, state } of made) if (state === 'running' && attached.knows(id)) await attached.attach(id);
    const beforeStart = async ({ id }: { readonly id: string }): Promise<void> => {
      if (attached.knows(id)) await attached.attach(id);
    };
    // What they write says enough.
    await startServices({ ...verb, report: () => undefined, beforeStart }, made, args);
    if (isWhole(flags, args)) await record(work, 'up');
  });
  ended.abort();
  // docker compose ends so: an error without a text.
  if (exitCode !== 0) context.err('\n');
  return exitCode;
}

/** Beside what the containers write; what goes wrong is said. */
function watchMeanwhile(context: ComposeContext, work: UpWork, signal: AbortSignal): void {
  const say = (text: string): void => context.out(`  \u29bf  ${text}\n`);
  const write = (data: Buffer): void => context.cli.out(data);
  const watched = import('./watch.ts').then(({ watchProject }) =>
    watchProject({ ...work, report: () => undefined }, { say, write, signal, prune: true }),
  );
  void watched.catch((error: unknown) => say(messageOf(error)));
}
