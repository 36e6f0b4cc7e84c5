// Takes a project away: what depends on others first, then networks, and volumes and images where that was asked for.
import { BerthError } from '../base/errors.ts';
import type { Client } from '../client/index.ts';
import type { Project } from './model/project.ts';
import { imageName, isOrphan, observeContainers, observeImage, type ObservedContainer } from './observe.ts';
import { networkName } from './create/networks.ts';
import { runStopHooks } from './hooks.ts';
import { LABEL } from './create/labels.ts';
import { type Report, reported } from './progress.ts';

export interface DownOptions {
  readonly services: readonly string[];
  readonly removeOrphans: boolean;
  readonly volumes: boolean;
  readonly images: 'none' | 'local' | 'all';
  readonly timeout?: number;
}

export interface DownWork {
  readonly client: Client;
  readonly name: string;
  /** absent where only the name is known: labels say the rest then */
  readonly project: Project | undefined;
  /** services that the files have and no profile turns on: they are no orphans */
  readonly disabled?: Readonly<Record<string, unknown>>;
  readonly report: Report;
  readonly warn: (message: string) => void;
}

/** Which services depend on which, of files or of labels. */
export function dependenciesOf(
  project: Project | undefined,
  containers: readonly ObservedContainer[],
): ReadonlyMap<string, ReadonlySet<string>> {
  const map = new Map<string, Set<string>>();
  const add = (service: string, others: readonly string[]): void => {
    const set = map.get(service) ?? new Set();
    for (const other of others) if (other !== '' && other !== service) set.add(other);
    map.set(service, set);
  };
  for (const [name, service] of Object.entries(project?.services ?? {}))
    add(name, Object.keys(service.depends_on ?? {}));
  for (const { service, summary } of containers)
    if (project?.services[service] === undefined)
      add(
        service,
        (summary.Labels[LABEL.dependsOn] ?? '').split(',').map((text) => text.split(':')[0] ?? ''),
      );
  return map;
}

/** Services in groups: each group's dependents were in the groups before it. Circles end in the last group. */
export function stopOrder(
  services: readonly string[],
  dependencies: ReadonlyMap<string, ReadonlySet<string>>,
): readonly (readonly string[])[] {
  let left = [...new Set(services)].sort();
  const groups: string[][] = [];
  while (left.length > 0) {
    const free = left.filter(
      (name) => !left.some((other) => other !== name && dependencies.get(other)?.has(name) === true),
    );
    const group = free.length > 0 ? free : left;
    groups.push(group);
    left = left.filter((name) => !group.includes(name));
  }
  return groups;
}

export async function down(work: DownWork, options: DownOptions): Promise<void> {
  const { client, name, project } = work;
  const all = await observeContainers(client, name, options.removeOrphans ? 'all' : 'services');
  const known = project?.services;
  const chosen = all.filter((one) => {
    if (options.services.length > 0) return options.services.includes(one.service);
    if (known === undefined) return true;
    if (Object.hasOwn(known, one.service)) return options.removeOrphans || !one.isOneOff;
    return options.removeOrphans && isOrphan(one, { ...known, ...work.disabled });
  });
  const groups = stopOrder(
    chosen.map(({ service }) => service),
    dependenciesOf(project, all),
  );
  let found = chosen.length > 0;
  for (const group of groups) {
    const members = chosen.filter(({ service }) => group.includes(service));
    await settleAll(members.map((container) => stopAndRemove(work, container, options)));
  }
  const others: Promise<boolean>[] = [removeNetworks(work)];
  if (options.images !== 'none') others.push(removeImages(work, options, chosen));
  if (options.volumes) others.push(removeVolumes(work));
  for (const one of await Promise.all(others)) found ||= one;
  if (!found && project === undefined)
    work.warn(`Warning: No resource found to remove for project ${JSON.stringify(name)}.`);
}

/** Waits for all; throws the first failure. */
export async function settleAll(work: readonly Promise<unknown>[]): Promise<void> {
  const failed = (await Promise.allSettled(work)).find((one) => one.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
}

async function stopAndRemove(
  { client, project, report }: DownWork,
  container: ObservedContainer,
  { timeout, volumes }: DownOptions,
): Promise<void> {
  const { id, name, service } = container;
  const line = `Container ${name}`;
  await reported(report, line, ['Stopping', 'Stopped', 'Error while Stopping'], async () => {
    await runStopHooks(client, id, service, project?.services[service]);
    await client
      .text('ContainerStop', { params: { id }, query: timeout === undefined ? {} : { t: timeout } })
      .catch(unlessGone);
  });
  await reported(report, line, ['Removing', 'Removed', 'Error while Removing'], async () => {
    await client.text('ContainerDelete', { params: { id }, query: { force: true, v: volumes } }).catch(unlessGone);
  });
}

interface Row {
  readonly Id: string;
  readonly Name: string;
  readonly Labels?: Readonly<Record<string, string>> | null;
}

async function removeNetworks({ client, name, project, report }: DownWork): Promise<boolean> {
  const rows = await client.json<Row[]>('NetworkList', {
    query: { filters: new Map([['label', [`${LABEL.project}=${name}`]]]) },
  });
  const keep = new Set(
    Object.entries(project?.networks ?? {})
      .filter(([, network]) => network.external === true)
      .map(([key]) => networkName(project as Project, key)),
  );
  const known = project === undefined ? undefined : new Set(Object.keys(project.networks ?? {}));
  const mine = rows.filter(
    (row) => !keep.has(row.Name) && (known === undefined || known.has(row.Labels?.[LABEL.network] ?? '')),
  );
  await settleAll(mine.map((row) => removeNetwork(client, row, report)));
  return mine.length > 0;
}

async function removeNetwork(client: Client, { Id: id, Name: name }: Row, report: Report): Promise<void> {
  const line = `Network ${name}`;
  report({ id: line, text: 'Removing', status: 'working' });
  const seen = await client
    .json<{ Containers?: Record<string, unknown> }>('NetworkInspect', { params: { id } })
    .catch(() => ({ Containers: {} }));
  if (Object.keys(seen.Containers ?? {}).length > 0) {
    report({ id: line, text: 'Resource is still in use', status: 'warning' });
    return;
  }
  try {
    await client.text('NetworkDelete', { params: { id } });
    report({ id: line, text: 'Removed', status: 'done' });
  } catch (error) {
    if (error instanceof BerthError && error.kind === 'notFound') {
      report({ id: line, text: 'No resource found to remove', status: 'done' });
      return;
    }
    if (error instanceof BerthError && (error.kind === 'forbidden' || error.kind === 'conflict')) {
      report({ id: line, text: 'Resource is still in use', status: 'warning' });
      return;
    }
    report({ id: line, text: 'Error', status: 'error' });
    throw error;
  }
}

async function removeVolumes({ client, name, project, report }: DownWork): Promise<boolean> {
  const { Volumes: rows } = await client.call('VolumeList', {
    query: { filters: new Map([['label', [`${LABEL.project}=${name}`]]]) },
  });
  const declared = Object.entries(project?.volumes ?? {}).flatMap(([key, volume]) =>
    volume.external === true ? [] : [volume.name ?? key],
  );
  const there = new Set(rows.map(({ Name }) => Name));
  const names = project === undefined ? [...there] : declared.filter((one) => there.has(one));
  await settleAll(
    names.map(async (volume) => {
      const line = `Volume ${volume}`;
      report({ id: line, text: 'Removing', status: 'working' });
      try {
        await client.text('VolumeDelete', { params: { name: volume }, query: { force: true } });
        report({ id: line, text: 'Removed', status: 'done' });
      } catch (error) {
        if (!(error instanceof BerthError) || error.kind !== 'conflict') throw error;
        report({ id: line, text: 'Resource is still in use', status: 'warning' });
      }
    }),
  );
  return names.length > 0;
}

/** Those that were built for the project, as their labels and names say; with `all` those that its services name too. */
async function imagesToRemove(
  { client, project, name: projectName }: DownWork,
  { images: which, removeOrphans }: DownOptions,
  containers: readonly ObservedContainer[],
): Promise<ReadonlySet<string>> {
  const names = new Set<string>();
  for (const [name, service] of Object.entries(project?.services ?? {}))
    if (which === 'all' || (service.image === undefined && service.build !== undefined))
      names.add(withTag(imageName(project as Project, name)));
  if (project === undefined)
    for (const { service, summary } of containers)
      if (which === 'all' || summary.Image === `${projectName}-${service}`) names.add(withTag(summary.Image));
  const built = await client.call('ImageList', {
    query: { filters: new Map([['label', [`${LABEL.project}=${projectName}`]]]) },
  });
  for (const { RepoTags: [tag] = [], Labels: labels } of built) {
    const isKnown = project?.services[labels?.[LABEL.service] ?? ''] !== undefined;
    if (tag !== undefined && (removeOrphans || isKnown)) names.add(tag);
  }
  const there = await Promise.all([...names].map(async (name) => [name, await observeImage(client, name)] as const));
  return new Set(there.flatMap(([name, image]) => (image === undefined ? [] : [name])));
}

async function removeImages(
  work: DownWork,
  options: DownOptions,
  containers: readonly ObservedContainer[],
): Promise<boolean> {
  const { client, report } = work;
  const names = await imagesToRemove(work, options, containers);
  await settleAll(
    [...names].map(async (image) => {
      const line = `Image ${image}`;
      report({ id: line, text: 'Removing', status: 'working' });
      try {
        await client.text('ImageDelete', { params: { name: image } });
        report({ id: line, text: 'Removed', status: 'done' });
      } catch (error) {
        if (!(error instanceof BerthError)) throw error;
        if (error.kind === 'conflict') report({ id: line, text: 'Resource is still in use', status: 'warning' });
        else if (error.kind === 'notFound')
          report({ id: line, text: 'Warning: No resource found to remove', status: 'done' });
        else throw error;
      }
    }),
  );
  return names.size > 0;
}

function withTag(image: string): string {
  const last = image.slice(image.lastIndexOf('/') + 1);
  return last.includes(':') || image.includes('@') ? image : `${image}:latest`;
}

function unlessGone(error: unknown): string {
  if (error instanceof BerthError && error.kind === 'notFound') return '';
  throw error;
}
