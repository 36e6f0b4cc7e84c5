// `compose watch`: files that change are brought into the containers, or these are restarted or made anew.
import { lstatSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import {
  below,
  imageName,
  type Loaded,
  observeContainers,
  restartContainers,
  runHook,
  syncPaths,
  up,
  type UpOptions,
  type UpWork,
  type Watched,
  watchRules,
  type WatchWork,
  watchWork,
} from '../../../compose/index.ts';
import { messageOf } from '../../../base/errors.ts';
import { type IgnoreMatcher, ignoreMatcher, readIgnoreFile } from '../../../spec/ignore/index.ts';
import { any, flag } from '../../grammar/index.ts';
import { imageOptions, upWork } from './bring.ts';
import { composeCommand, dryRun } from './command/command.ts';
import { progressOn } from './command/progress.ts';
import { TreeWatcher } from './tree-watcher.ts';

export const watch = composeCommand({
  use: '[SERVICE...]',
  description: 'Watch build context for service and rebuild/refresh containers when files are updated',
  flags: {
    ...dryRun,
    'no-up': flag.bool('', 'Do not build & start services before watching'),
    prune: flag.bool('', 'Prune dangling images on rebuild', true),
    quiet: flag.bool('', 'hide build output'),
  },
  args: any,
  run: async (context, { flags, args }) => {
    const loaded = context.load({ services: args });
    // Before anything starts.
    watchRules(loaded.project);
    const progress = progressOn(context);
    const work = upWork(context, loaded, progress.report, { quiet: flags.quiet });
    if (!flags['no-up']) await up(work, imageOptions('policy', true, false), { ...DIVERGED, services: args });
    progress.end();
    const ending = new AbortController();
    const end = (): void => ending.abort();
    process.once('SIGINT', end);
    process.once('SIGTERM', end);
    await watchProject(work, {
      say: (text) => context.out(`${text}\n`),
      write: (data) => context.cli.out(data),
      signal: ending.signal,
      prune: flags.prune,
    });
    return 0;
  },
});

const DIVERGED: UpOptions = {
  services: [],
  recreate: 'diverged',
  recreateDependencies: 'diverged',
  start: true,
  removeOrphans: false,
  renewVolumes: false,
};

export interface Watching {
  readonly say: (text: string) => void;
  /** what commands of `sync+exec` write */
  readonly write: (data: Buffer) => void;
  readonly signal: AbortSignal;
  readonly prune: boolean;
}

/** Until the signal comes. What fails is said, and the next change is waited for. */
export async function watchProject(work: UpWork, watching: Watching): Promise<void> {
  const { loaded } = work;
  const rules = watchRules(loaded.project);
  const contexts = contextsOf(loaded);
  const isOut = (one: Watched, path: string): boolean =>
    below(one, path) === undefined && one.ignored.ignores(relativeTo(one.rule.path, path));
  const ignores = (path: string): boolean => {
    const near = rules.filter(({ rule }) => path.startsWith(`${rule.path}/`));
    return near.length > 0 && near.every((one) => isOut(one, path) || contexts.get(one.service)?.(path) === true);
  };
  const files = new TreeWatcher([...new Set(rules.map(({ rule }) => rule.path))], ignores);
  for (const one of rules) if (one.rule.initial_sync === true) await initialSync(work, one, ignores, watching);
  watching.say('Watch enabled');
  for await (const changed of files.changes(watching.signal)) {
    const wanted = rules.map((one): Watched => {
      const isContextOut = contexts.get(one.service);
      return isContextOut === undefined ? one : { ...one, ignored: both(one, isContextOut) };
    });
    for (const one of watchWork(wanted, changed))
      await react(work, one, watching).catch((error: unknown) => watching.say(messageOf(error)));
  }
}

const relativeTo = (root: string, path: string): string => path.slice(root.length + 1);

/** Ignored by the rule, or by the `.dockerignore` of what the image is built from. */
function both({ rule, ignored }: Watched, isOut: (path: string) => boolean): IgnoreMatcher {
  return { ...ignored, ignores: (path) => ignored.ignores(path) || isOut(join(rule.path, path)) };
}

/** For each service that is built here: whether a path is kept out of its build. */
function contextsOf({ project, workingDirectory }: Loaded): ReadonlyMap<string, (path: string) => boolean> {
  const contexts = new Map<string, (path: string) => boolean>();
  for (const [service, { build }] of Object.entries(project.services)) {
    if (build?.context === undefined) continue;
    const context = resolve(workingDirectory, build.context);
    const file = join(context, '.dockerignore');
    if (lstatSync(file, { throwIfNoEntry: false })?.isFile() !== true) continue;
    const matcher = ignoreMatcher(readIgnoreFile(readFileSync(file, 'utf8')));
    contexts.set(service, (path) => path.startsWith(`${context}/`) && matcher.ignores(relativeTo(context, path)));
  }
  return contexts;
}

/** What changed since the image was made. */
async function initialSync(
  work: UpWork,
  one: Watched,
  ignores: (path: string) => boolean,
  watching: Watching,
): Promise<void> {
  const { client, loaded } = work;
  const { Created: created } = await client.call('ImageInspect', {
    params: { name: imageName(loaded.project, one.service) },
  });
  const since = Date.parse(created ?? '') || 0;
  const newer = pathsBelow(one.rule.path, ignores).filter((path) => lstatSync(path).mtimeMs > since);
  const [all] = watchWork([one], newer);
  if (all !== undefined && all.paths.length > 0) await react(work, { ...all, restart: false, execs: [] }, watching);
}

function pathsBelow(path: string, ignores: (path: string) => boolean): string[] {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return [];
  if (!stat.isDirectory()) return [path];
  const inside = readdirSync(path).map((name) => join(path, name));
  return inside.flatMap((one) => (ignores(one) ? [] : pathsBelow(one, ignores)));
}

async function react(work: UpWork, wanted: WatchWork, watching: Watching): Promise<void> {
  const { service } = wanted;
  const name = JSON.stringify(service);
  if (wanted.rebuild) return rebuild(work, service, watching);
  const { client, loaded } = work;
  const containers = (await observeContainers(client, loaded.project.name, 'services')).filter(
    (one) => one.service === service && one.state === 'running',
  );
  if (wanted.paths.length > 0) {
    watching.say(`Syncing service ${name} after ${wanted.paths.length} changes were detected`);
    await syncPaths(
      client,
      containers.map(({ id }) => id),
      wanted.paths,
    );
  }
  for (const { exec } of wanted.execs)
    for (const { id } of containers) await runHook(client, id, exec, name, watching.write);
  if (!wanted.restart) return;
  const { report: _, ...quiet } = work;
  await restartContainers({ ...quiet, name: loaded.project.name, report: () => undefined }, containers, undefined);
  watching.say(`service(s) [${name}] restarted`);
}

async function rebuild(work: UpWork, service: string, watching: Watching): Promise<void> {
  const name = JSON.stringify(service);
  const { client, loaded, sources } = work;
  watching.say(`Rebuilding service(s) [${name}] after changes were detected...`);
  const image = imageName(loaded.project, service);
  const old = await idOf(work, image);
  await sources.build(loaded.project, [service]);
  watching.say(`service(s) [${name}] successfully built`);
  await up({ ...work, report: () => undefined }, imageOptions('policy', false, false), {
    ...DIVERGED,
    services: [service],
    recreate: 'force',
  });
  if (watching.prune && old !== undefined && old !== (await idOf(work, image)))
    // One that something else still uses stays.
    await client.json('ImageDelete', { params: { name: old } }).catch(() => undefined);
}

async function idOf({ client }: UpWork, image: string): Promise<string | undefined> {
  return (await client.call('ImageInspect', { params: { name: image } }).catch(() => undefined))?.Id;
}
