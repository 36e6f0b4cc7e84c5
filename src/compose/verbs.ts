// Verbs on containers that are there: start, stop, restart, kill, pause, remove; in the order of their dependencies.
import { BerthError } from '../base/errors.ts';
import type { Client } from '../client/index.ts';
import { applyPlan, type Work } from './apply.ts';
import { dependenciesOf, settleAll, stopOrder } from './down.ts';
import { runHook, runStopHooks } from './hooks.ts';
import { LABEL } from './create/labels.ts';
import type { Loaded } from './load/load.ts';
import type { Dependency, Project, Service } from './model/project.ts';
import type { ObservedContainer } from './observe.ts';
import { planStart } from './plan.ts';
import { type Report, reported } from './progress.ts';
import { waitFor } from './wait.ts';

export interface VerbWork {
  readonly client: Client;
  readonly name: string;
  /** absent where only the name is known */
  readonly loaded: Loaded | undefined;
  readonly report: Report;
  readonly warn: (message: string) => void;
  readonly parallel: number | undefined;
  readonly beforeStart?: Work['beforeStart'];
}

/** What labels say of a project whose files are not at hand. Pure. */
function projectOfLabels(name: string, containers: readonly ObservedContainer[]): Project {
  const services: Record<string, Service> = {};
  for (const { service, summary, isOneOff } of containers) {
    if (isOneOff) continue;
    const dependencies = (summary.Labels[LABEL.dependsOn] ?? '')
      .split(',')
      .filter(Boolean)
      .map((text): [string, Dependency] => {
        const [other = '', condition = 'service_started', restart] = text.split(':');
        return [other, { condition, restart: restart === 'true', required: true }];
      });
    services[service] ??= {
      command: null,
      entrypoint: null,
      image: summary.Image,
      depends_on: Object.fromEntries(dependencies),
    };
  }
  return { name, services };
}

const line = ({ name }: ObservedContainer): string => `Container ${name}`;

/** Starts services and what they depend on. */
export async function startServices(
  work: VerbWork,
  containers: readonly ObservedContainer[],
  services: readonly string[],
): Promise<void> {
  const { client, loaded, report, warn, parallel } = work;
  let project = loaded?.project ?? projectOfLabels(work.name, containers);
  if (services.length > 0 && loaded === undefined)
    project = {
      ...project,
      services: Object.fromEntries(Object.entries(project.services).filter(([name]) => services.includes(name))),
    };
  const hashes = { service: () => '', networks: {}, volumes: {} };
  const observed = { containers, networks: {}, volumes: {}, images: {} };
  const options = {
    services,
    recreate: 'never',
    recreateDependencies: 'never',
    start: true,
    removeOrphans: false,
    renewVolumes: false,
  } as const;
  const { steps } = planStart(project, observed, options, hashes);
  const files = { workingDirectory: loaded?.workingDirectory ?? '', files: loaded?.files ?? [], envFiles: [] };
  const environment = loaded?.environment ?? {};
  const { beforeStart } = work;
  const hook = beforeStart === undefined ? {} : { beforeStart };
  await applyPlan({ client, project, files, hashes, environment, report, warn, parallel, ...hook }, steps, containers);
}

/** Stops containers; what depends on others first. */
export async function stopContainers(
  { client, loaded, report }: VerbWork,
  containers: readonly ObservedContainer[],
  timeout: number | undefined,
): Promise<void> {
  const groups = stopOrder(
    containers.map(({ service }) => service),
    dependenciesOf(loaded?.project, containers),
  );
  for (const group of groups) {
    const members = containers.filter((one) => group.includes(one.service));
    await settleAll(
      members.map((one) =>
        reported(report, line(one), ['Stopping', 'Stopped', 'Error while Stopping'], async () => {
          await runStopHooks(client, one.id, one.service, loaded?.project.services[one.service]);
          await client.text('ContainerStop', {
            params: { id: one.id },
            query: timeout === undefined ? {} : { t: timeout },
          });
        }),
      ),
    );
  }
}

export async function restartContainers(
  { client, loaded, report }: VerbWork,
  containers: readonly ObservedContainer[],
  timeout: number | undefined,
): Promise<void> {
  const services = loaded?.project.services ?? {};
  // Only those who asked to be restarted with another wait for it.
  const waits = new Map(
    Object.entries(services).map(([name, { depends_on: on = {} }]) => [
      name,
      new Set(Object.keys(on).filter((other) => on[other]?.restart === true)),
    ]),
  );
  const groups = stopOrder(
    containers.map(({ service }) => service),
    waits,
  ).toReversed();
  for (const group of groups)
    await settleAll(
      containers
        .filter(({ service }) => group.includes(service))
        .map((one) =>
          reported(report, line(one), ['Restarting', 'Started'], async () => {
            const { post_start: after = [] } = services[one.service] ?? {};
            await runStopHooks(client, one.id, one.service, services[one.service]);
            await client.text('ContainerRestart', {
              params: { id: one.id },
              query: timeout === undefined ? {} : { t: timeout },
            });
            for (const hook of after) await runHook(client, one.id, hook, one.service);
          }),
        ),
    );
}

export async function killContainers(
  { client, report }: VerbWork,
  containers: readonly ObservedContainer[],
  signal: string,
): Promise<void> {
  await settleAll(
    containers.map((one) =>
      reported(report, line(one), ['Killing', 'Killed', 'Error while Killing'], async () => {
        await client.text('ContainerKill', { params: { id: one.id }, query: { signal } });
      }),
    ),
  );
}

export async function pauseContainers(
  { client, report }: VerbWork,
  containers: readonly ObservedContainer[],
  verb: 'ContainerPause' | 'ContainerUnpause',
): Promise<void> {
  await settleAll(
    containers.map(async (one) => {
      await client.text(verb, { params: { id: one.id } });
      report({ id: line(one), text: verb === 'ContainerPause' ? 'Paused' : 'Unpaused', status: 'done' });
    }),
  );
}

export async function removeContainers(
  { client, report }: VerbWork,
  containers: readonly ObservedContainer[],
  volumes: boolean,
): Promise<void> {
  await settleAll(
    containers.map((one) =>
      reported(report, line(one), ['Removing', 'Removed', 'Error while Removing'], async () => {
        await client.text('ContainerDelete', { params: { id: one.id }, query: { force: true, v: volumes } });
      }),
    ),
  );
}

/** Until every container runs, or is healthy where it has a check. Throws what the first one lacks. */
export async function waitUntilReady(
  { client, report }: Pick<VerbWork, 'client' | 'report'>,
  containers: readonly ObservedContainer[],
  seconds: number,
): Promise<void> {
  const stop = new AbortController();
  let failure: unknown;
  let isLate = false;
  const end = (): void => {
    isLate = true;
    stop.abort();
  };
  const timer = seconds > 0 ? setTimeout(end, seconds * 1000) : undefined;
  try {
    // All are looked at once before the first failure ends it.
    const ends = await Promise.allSettled(
      containers.map(async (one) => {
        report({ id: line(one), text: 'Waiting', status: 'working' });
        const standing = await waitFor(client, one.id, 'service_running_or_healthy', stop.signal, true);
        if (standing.kind === 'ready') {
          report({ id: line(one), text: 'Healthy', status: 'done' });
          return;
        }
        report({ id: line(one), text: 'Error', status: 'error' });
        failure ??= new BerthError('invalid', standing.message);
        stop.abort();
      }),
    );
    if (isLate) throw new BerthError('timeout', `application not healthy after ${seconds}s`);
    failure ??= ends.find((one) => one.status === 'rejected')?.reason;
    if (failure !== undefined) throw failure;
  } finally {
    clearTimeout(timer);
  }
}
