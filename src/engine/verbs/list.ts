// Containers as `ps` lists them, filtered.

import { invalid } from '../../base/errors.ts';
import { humanDuration } from '../../base/units.ts';
import {
  type ContainerSummary,
  type Filters,
  parsePort,
  type Port,
  type PortBinding,
} from '../../spec/docker/index.ts';
import type { Container } from '../container/container.ts';
import type { EngineContext } from '../container/context.ts';
import { isActive, shownState, statusText } from '../lifecycle/index.ts';
import { sizesOf } from '../prepare/sizes.ts';
import { shownMount } from './inspect.ts';
import { type ImageNames, listFilter } from './list-filter.ts';

export interface ListOptions {
  readonly all: boolean;
  /** The newest N, whatever their state; 0 for no limit. */
  readonly limit: number;
  /** With sizes: of files as they say themselves, or of what they take on disk. */
  readonly sizes?: 'files' | 'disk';
  readonly filters: Filters;
}

/** Newest first, as Docker lists them. */
export async function list(
  context: EngineContext,
  images: ImageNames,
  options: ListOptions,
): Promise<ContainerSummary[]> {
  if (options.limit < 0 && !Number.isInteger(options.limit)) throw invalid('invalid limit');
  const keep = listFilter(options.filters, { registry: context.registry, images });
  const wantsAll =
    options.all ||
    options.limit > 0 ||
    options.filters.has('status') ||
    options.filters.has('exited') ||
    options.filters.has('before') ||
    options.filters.has('since') ||
    options.filters.has('is-task');
  const found = context.registry
    .all()
    .filter((container) => (wantsAll || isActive(container.state.phase)) && keep(container))
    .sort((a, b) => (a.record.created < b.record.created ? 1 : -1));
  const shown = options.limit > 0 ? found.slice(0, options.limit) : found;
  const now = Date.now();
  const links = context.registry.linkNames();
  const sizes = options.sizes && (await sizesOf(context, shown, options.sizes));
  return shown.map((container) => ({
    ...summary(container, { now, images, links: links.get(container.id) ?? [] }),
    ...sizes?.get(container),
  }));
}

function summary(
  container: Container,
  { now, images, links }: { now: number; images: ImageNames; links: readonly string[] },
): ContainerSummary {
  const { record } = container;
  return {
    Id: container.id,
    Names: [record.name, ...links].map((name) => `/${name}`).toSorted(),
    Image: images.shownName(record.config.Image, record.image),
    ImageID: record.image,
    ...(record.imageManifest ? { ImageManifestDescriptor: record.imageManifest } : {}),
    Command: commandText([record.path, ...record.args]),
    Created: Math.floor(Date.parse(record.created) / 1000),
    Ports: isActive(record.state.phase) ? shownPorts(record.ports ?? {}) : [],
    Labels: record.config.Labels,
    State: shownState(record.state).Status,
    Status: statusText(record.state, now, humanDuration),
    HostConfig: {
      NetworkMode: record.hostConfig.NetworkMode,
      ...(record.hostConfig.Annotations ? { Annotations: record.hostConfig.Annotations } : {}),
    },
    NetworkSettings: { Networks: record.endpoints },
    Mounts: record.mounts.filter((mount) => mount.hidden !== true).map(shownMount),
    Health: {
      Status: record.state.health?.status ?? 'none',
      FailingStreak: record.state.health?.failingStreak ?? 0,
    },
  };
}

/** Words with blanks in quotes, as dockerd joins them. */
function commandText(words: readonly string[]): string {
  return words
    .map((word) => (/\s/.test(word) ? `'${word}'` : word))
    .join(' ')
    .trim();
}

/** One row a binding; an exposed port that is not published has one without an address. */
function shownPorts(ports: Readonly<Record<string, readonly PortBinding[] | null>>): Port[] {
  return Object.entries(ports).flatMap(([port, bindings]): Port[] => {
    const known = parsePort(port);
    if (!known) return [];
    const { port: PrivatePort, protocol: Type } = known;
    if (bindings === null || bindings.length === 0) return [{ PrivatePort, Type }];
    return bindings.map(({ HostIp, HostPort }) => ({ IP: HostIp, PrivatePort, PublicPort: Number(HostPort), Type }));
  });
}
