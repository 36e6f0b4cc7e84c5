// `compose start`, `stop`, `restart`, `kill`, `pause`, `unpause`, `rm`: verbs on containers that are there.
import { readFileSync } from 'node:fs';
import {
  killContainers,
  type ObservedContainer,
  pauseContainers,
  removeContainers,
  restartContainers,
  startServices,
  stopContainers,
  type VerbWork,
} from '../../../compose/index.ts';
import { any, flag } from '../../grammar/index.ts';
import { confirm } from '../shared/prompt.ts';
import { type ComposeContext, composeCommand, dryRun } from './command/command.ts';
import { progressOn } from './command/progress.ts';
import { checkServices, containersOf, type Named, projectOrName } from './command/project.ts';

const TIMEOUT = { timeout: flag.int('t', 'Specify a shutdown timeout in seconds') } as const;

interface Chosen {
  readonly named: Named;
  readonly work: VerbWork;
  readonly containers: readonly ObservedContainer[];
}

/** The containers that the words name, checked, and what verbs need. */
async function choose(context: ComposeContext, services: readonly string[], withDependencies = false): Promise<Chosen> {
  const named = projectOrName(context, withDependencies ? services : []);
  const all = await containersOf(context, named, []);
  checkServices(named, services, all);
  const containers =
    services.length === 0 || withDependencies ? all : all.filter(({ service }) => services.includes(service));
  const { report } = progressOn(context);
  const { name, loaded } = named;
  const { parallel } = context.settings;
  return {
    named,
    containers,
    work: { client: context.cli.client, name, loaded, report, warn: context.warn, parallel },
  };
}

const isUp = ({ state }: ObservedContainer): boolean =>
  state === 'running' || state === 'paused' || state === 'restarting';

export const start = composeCommand({
  use: '[SERVICE...]',
  description: 'Start services',
  flags: { ...dryRun },
  args: any,
  run: async (context, { args }) => {
    const { work, containers } = await choose(context, args, true);
    await startServices(work, containers, args);
    return 0;
  },
});

export const stop = composeCommand({
  use: '[OPTIONS] [SERVICE...]',
  description: 'Stop services',
  flags: { ...dryRun, ...TIMEOUT },
  args: any,
  run: async (context, { flags, args, changed }) => {
    const { work, containers } = await choose(context, args);
    await stopContainers(work, containers, changed('timeout') ? flags.timeout : undefined);
    return 0;
  },
});

export const restart = composeCommand({
  use: '[OPTIONS] [SERVICE...]',
  description: 'Restart service containers',
  flags: { ...dryRun, 'no-deps': flag.bool('', "Don't restart dependent services"), ...TIMEOUT },
  args: any,
  run: async (context, { flags, args, changed }) => {
    const { work, named, containers } = await choose(context, args);
    const services = named.loaded?.project.services ?? {};
    // Who asked to be restarted with what it depends on comes along.
    const more =
      flags['no-deps'] || args.length === 0
        ? []
        : Object.keys(services).filter((name) =>
            args.some((other) => services[name]?.depends_on?.[other]?.restart === true),
          );
    const others = more.length === 0 ? [] : await containersOf(context, named, more);
    const all = [...containers, ...others.filter(({ id }) => !containers.some((one) => one.id === id))];
    await restartContainers(work, all, changed('timeout') ? flags.timeout : undefined);
    return 0;
  },
});

export const kill = composeCommand({
  use: '[OPTIONS] [SERVICE...]',
  description: 'Force stop service containers',
  flags: {
    ...dryRun,
    'remove-orphans': flag.bool('', 'Remove containers for services not defined in the Compose file'),
    signal: flag.string('s', 'SIGNAL to send to the container', 'SIGKILL'),
  },
  args: any,
  run: async (context, { flags, args }) => {
    const { work, named, containers } = await choose(context, args);
    const known = named.loaded?.project.services;
    const chosen = containers.filter(
      (one) => isUp(one) && (flags['remove-orphans'] || known === undefined || Object.hasOwn(known, one.service)),
    );
    if (chosen.length === 0) context.err('no container to kill');
    else await killContainers(work, chosen, flags.signal);
    return 0;
  },
});

export const pause = freezing('Pause services', 'ContainerPause');
export const unpause = freezing('Unpause services', 'ContainerUnpause');

/** Freezes containers, or lets them go on; the daemon refuses where that is so already. */
function freezing(description: string, operation: 'ContainerPause' | 'ContainerUnpause') {
  return composeCommand({
    use: '[SERVICE...]',
    description,
    flags: { ...dryRun },
    args: any,
    run: async (context, { args }) => {
      const { work, containers } = await choose(context, args);
      await pauseContainers(work, containers.filter(isUp), operation);
      return 0;
    },
  });
}

export const rm = composeCommand({
  use: '[OPTIONS] [SERVICE...]',
  description: 'Removes stopped service containers',
  flags: {
    ...dryRun,
    all: flag.bool('a', 'Deprecated - no effect', false, { hidden: true }),
    force: flag.bool('f', "Don't ask to confirm removal"),
    stop: flag.bool('s', 'Stop the containers, if required, before removing'),
    volumes: flag.bool('v', 'Remove any anonymous volumes attached to containers'),
  },
  args: any,
  run: async (context, { flags, args }) => {
    const { work, named } = await choose(context, args);
    if (flags.stop) await stopContainers(work, await containersOf(context, named, args), undefined);
    const containers = (await containersOf(context, named, args)).filter((one) => !isUp(one));
    if (containers.length === 0) {
      context.err('No stopped containers\n');
      return 0;
    }
    const names = containers.map(({ name }) => name).join(', ');
    if (flags.force) context.out(`Going to remove ${names}\n`);
    else if (!isAgreed(context, `Going to remove ${names}`)) return 0;
    await removeContainers(work, containers, flags.volumes);
    return 0;
  },
});

/** Asks on a terminal; without one the answer is what stdin begins with. */
function isAgreed(context: ComposeContext, question: string): boolean {
  if (context.cli.terminal(0)) return confirm(context.cli, question);
  context.out(question);
  return /^y/i.test(readFileSync(0, 'utf8'));
}
