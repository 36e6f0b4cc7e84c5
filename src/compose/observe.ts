// What a daemon has of a project: its containers, networks, volumes and images, by docker compose's labels.
import type { Client } from '../client/index.ts';
import { BerthError } from '../base/errors.ts';
import type { ContainerStatus, ContainerSummary, MountPoint } from '../spec/docker/container.ts';
import { networkName } from './create/networks.ts';
import { LABEL } from './create/labels.ts';
import type { Project } from './model/project.ts';

export interface ObservedContainer {
  readonly id: string;
  /** without the slash */
  readonly name: string;
  readonly service: string;
  /** 0 of a one-off container */
  readonly number: number;
  readonly isOneOff: boolean;
  /** made to take another's place, and not yet reached by the service's names and ports */
  readonly isHidden: boolean;
  readonly state: ContainerStatus;
  readonly hash: string;
  /** id of the image that it was made from */
  readonly image: string;
  /** ids of networks */
  readonly networks: readonly string[];
  readonly mounts: readonly MountPoint[];
  readonly created: number;
  readonly summary: ContainerSummary;
}

export interface ObservedResource {
  readonly id: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** Resources by their real names; undefined where there is none. */
export interface Observed {
  readonly containers: readonly ObservedContainer[];
  readonly networks: Readonly<Record<string, ObservedResource>>;
  readonly volumes: Readonly<Record<string, ObservedResource>>;
  /** id of the image of each service */
  readonly images: Readonly<Record<string, string>>;
}

/** The name of a container that is to take another's place. */
export const interimName = (id: string, name: string): string => `${id.slice(0, 12)}_${name}`;
export const isInterim = (name: string): boolean => /^[0-9a-f]{12}_/.test(name);

export type Filter = 'all' | 'services' | 'oneOff';

/** Containers of a project, those that are not running included. In the order of their names. */
export async function observeContainers(
  client: Client,
  project: string,
  which: Filter = 'all',
): Promise<ObservedContainer[]> {
  const labels = [`${LABEL.project}=${project}`, LABEL.hash];
  if (which !== 'all') labels.push(`${LABEL.oneOff}=${which === 'oneOff' ? 'True' : 'False'}`);
  const rows = await client.call('ContainerList', { query: { all: true, filters: new Map([['label', labels]]) } });
  return rows.map(containerOf).sort(byName);
}

const byName = (a: ObservedContainer, b: ObservedContainer): number =>
  a.service === b.service ? a.number - b.number : a.service < b.service ? -1 : 1;

function containerOf(summary: ContainerSummary): ObservedContainer {
  const labels = summary.Labels;
  const names = summary.Names.map((name) => name.slice(1));
  return {
    id: summary.Id,
    // The shortest is its own: others are links to it.
    name: names.toSorted((a, b) => a.split('/').length - b.split('/').length)[0] ?? summary.Id.slice(0, 12),
    service: labels[LABEL.service] ?? '',
    number: Number(labels[LABEL.number] ?? 0),
    isOneOff: labels[LABEL.oneOff] === 'True',
    isHidden: false,
    state: summary.State,
    hash: labels[LABEL.hash] ?? '',
    image: labels[LABEL.image] ?? '',
    networks: Object.values(summary.NetworkSettings.Networks).map((one) => one.NetworkID),
    mounts: summary.Mounts,
    created: summary.Created,
    summary,
  };
}

/** Of no service that the files have; what ran once belongs to nobody when it has ended. Pure. */
export function isOrphan(container: ObservedContainer, known: Readonly<Record<string, unknown>>): boolean {
  const { isOneOff, service, state } = container;
  return isOneOff ? state === 'exited' || state === 'dead' : !Object.hasOwn(known, service);
}

interface NetworkRow {
  readonly Id: string;
  readonly Name: string;
  readonly Labels: Readonly<Record<string, string>> | null;
}

/** Everything that a project's plan is made from; `images` are those of its services. */
export async function observe(
  client: Client,
  project: Project,
  images: Readonly<Record<string, string>>,
): Promise<Observed> {
  const names = Object.keys(project.networks ?? {}).map((key) => networkName(project, key));
  const volumeNames = Object.entries(project.volumes ?? {}).map(([key, volume]) => volume.name ?? key);
  const [containers, networks, volumes] = await Promise.all([
    observeContainers(client, project.name).then((all) =>
      Promise.all(all.map((one) => withHiding(client, project, one))),
    ),
    observeNetworks(client, names),
    observeVolumes(client, volumeNames),
  ]);
  return { containers, networks, volumes, images };
}

/**
 * Whether a container under an interim name has not taken over: it lacks the service's name, or the ports that the service publishes.
 * One without aliases, on a network of another daemon or on none, is known by its ports alone. Pure.
 */
export function isHiddenIn(
  { services }: Project,
  service: string,
  {
    NetworkSettings: settings,
    HostConfig: host,
  }: {
    readonly NetworkSettings: {
      readonly Networks: Readonly<Record<string, { readonly Aliases?: readonly string[] | null } | null>>;
    };
    readonly HostConfig: { readonly PortBindings?: object | null };
  },
): boolean {
  const aliases = Object.values(settings.Networks).flatMap((endpoint) => endpoint?.Aliases ?? []);
  if (aliases.length > 0) return !aliases.includes(service);
  const publishes = (services[service]?.ports ?? []).length > 0;
  return publishes && Object.keys(host.PortBindings ?? {}).length === 0;
}

/** An update that was cut short leaves a container under an interim name; the list does not say which names lead to it. */
async function withHiding(client: Client, project: Project, container: ObservedContainer): Promise<ObservedContainer> {
  if (!isInterim(container.name)) return container;
  try {
    const seen = await client.call('ContainerInspect', { params: { id: container.id } });
    return { ...container, isHidden: isHiddenIn(project, container.service, seen) };
  } catch (error) {
    if (error instanceof BerthError && error.kind === 'notFound') return container;
    throw error;
  }
}

async function observeNetworks(client: Client, names: readonly string[]): Promise<Record<string, ObservedResource>> {
  if (names.length === 0) return {};
  const rows = await client.json<NetworkRow[]>('NetworkList');
  const wanted = new Set(names);
  return Object.fromEntries(
    rows
      .filter(({ Name, Id }) => wanted.has(Name) || wanted.has(Id))
      .map(({ Id, Name, Labels }) => [wanted.has(Name) ? Name : Id, { id: Id, name: Name, labels: Labels ?? {} }]),
  );
}

async function observeVolumes(client: Client, names: readonly string[]): Promise<Record<string, ObservedResource>> {
  if (names.length === 0) return {};
  const { Volumes: rows } = await client.call('VolumeList');
  const wanted = new Set(names);
  return Object.fromEntries(
    rows
      .filter(({ Name }) => wanted.has(Name))
      .map(({ Name, Labels }) => [Name, { id: Name, name: Name, labels: Labels ?? {} }]),
  );
}

export interface ObservedImage {
  readonly id: string;
  /** when the daemon gave it its name, in milliseconds since 1970 */
  readonly tagged: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly env: readonly string[];
}

/** An image; undefined when the daemon does not have it. */
export async function observeImage(client: Client, name: string): Promise<ObservedImage | undefined> {
  try {
    const { Id: id, Metadata: metadata, Config: config } = await client.call('ImageInspect', { params: { name } });
    return {
      id,
      tagged: Date.parse(metadata?.LastTagTime ?? '') || 0,
      labels: config?.Labels ?? {},
      env: config?.Env ?? [],
    };
  } catch (error) {
    if (error instanceof BerthError && error.kind === 'notFound') return undefined;
    throw error;
  }
}

/** A service that is only built is named after the project and itself. */
export function imageName(project: Project, service: string, separator = '-'): string {
  return project.services[service]?.image ?? `${project.name}${separator}${service}`;
}
