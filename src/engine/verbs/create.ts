// Makes a container: validated, named, with its own layer and volumes, remembered.
import { join } from 'node:path';
import { rfc3339 } from '../../base/clock.ts';
import { Undo } from '../../base/disposal.ts';
import { invalid } from '../../base/errors.ts';
import { randomId } from '../../base/ids.ts';
import { randomName } from '../../base/random-name.ts';
import { contractFaults, readContract } from '../../spec/berth/index.ts';
import type { ContainerCreateResponse, EndpointSettings, HostConfig } from '../../spec/docker/index.ts';
import { Container } from '../container/container.ts';
import { type EngineContext, emit } from '../container/context.ts';
import {
  type ContainerSpec,
  checkSpec,
  completeCreate,
  foreignWarnings,
  isUserNetwork,
  linksWithHostNetwork,
  type ParsedMounts,
  type PlannedMount,
  validateName,
} from '../create/index.ts';
import { type ContainerStateRecord, freshState } from '../lifecycle/index.ts';
import { parseLink } from '../container/links.ts';
import { makeLayer, removeLayer } from '../prepare/rootfs.ts';
import { makeWorkingDirectory } from '../prepare/working-directory.ts';
import type { LinkRecord, MountRecord } from '../container/record.ts';

export interface ContainerRequest {
  readonly name: string | undefined;
  readonly platform: string | undefined;
  readonly spec: ContainerSpec;
  /** One whose process was run elsewhere and has ended: its id, what it came to, and what puts its files in place. */
  readonly ran?: {
    readonly id: string;
    readonly state: ContainerStateRecord;
    fill(): Promise<void>;
  };
}

export async function create(context: EngineContext, request: ContainerRequest): Promise<ContainerCreateResponse> {
  const { facts, registry } = context;
  const given = (request.name ?? '').replace(/^\//, '');
  const draft = checkSpec(request.spec, facts);
  if (draft.config.Image === '') throw invalid('no image specified');
  const platform = request.platform === '' ? undefined : request.platform;
  const image = context.images.forContainer(draft.config.Image, platform);
  const id = request.ran?.id ?? randomId();
  const { config, hostConfig, endpoints, mounts, warnings } = completeCreate(draft, image.config, facts, id);
  if (request.ran === undefined) checkContract(draft.config.Image, image.config.Labels, config.Env);
  const words = [...(config.Entrypoint ?? []), ...(config.Cmd ?? [])];
  const [path] = words;
  if (path === undefined) throw invalid('no command specified');

  if ((request.name ?? '') !== '') validateName(request.name ?? '');
  await using undo = new Undo(context.log);
  const name = reserveName(context, given, id);
  undo.add('name', () => registry.release(name));
  undo.add('layer', () => removeLayer(context, id));
  makeLayer(context, id, image.lowerDirs);
  await request.ran?.fill();
  const container = new Container({
    id,
    name,
    created: rfc3339(),
    image: image.id,
    ...(image.manifest ? { imageManifest: image.manifest } : {}),
    path,
    args: words.slice(1),
    config,
    hostConfig,
    mounts: await mountRecords(context, id, mounts, undo),
    endpoints,
    ...linkRecords(context, hostConfig),
    macs: macsOf(endpoints),
    lowerDirs: [context.paths.init, ...image.lowerDirs],
    platform: { os: image.os, architecture: image.architecture },
    runtime: hostConfig.Runtime,
    state: request.ran?.state ?? freshState(),
  });
  await makeWorkingDirectory(context, container);
  registry.insert(container);
  undo.keep();
  emit(context, container, 'create');
  const foreign = platform === undefined ? foreignWarnings(image, facts.platform()) : [];
  return { Id: id, Warnings: [...warnings, ...foreign] };
}

/** Throws with everything that the image says it needs and was not given. */
function checkContract(
  image: string,
  labels: Readonly<Record<string, string>> | null | undefined,
  env: readonly string[] | null,
): void {
  const faults = contractFaults(readContract(labels), env ?? []);
  if (faults.length > 0) throw invalid(`image ${image} needs its environment: ${faults.join('; ')}`);
}

function reserveName(context: EngineContext, given: string, id: string): string {
  if (given !== '') {
    context.registry.reserve(given, id);
    return given;
  }
  for (let attempt = 0; ; attempt += 1) {
    const name = attempt < 20 ? randomName(attempt) : id.slice(0, 12);
    if (context.registry.isTaken(name)) continue;
    context.registry.reserve(name, id);
    return name;
  }
}

/** Who the links lead to, in whatever way they are called later; those of user networks are their endpoints'. Throws in dockerd's words. */
function linkRecords(
  { registry }: EngineContext,
  { NetworkMode, Links }: HostConfig,
): { links?: readonly LinkRecord[] } {
  if (isUserNetwork(NetworkMode) || !Links?.length) return {};
  const links = new Map<string, LinkRecord>();
  for (const link of Links) {
    const { name, alias } = parseLink(link);
    const other = name === '' ? undefined : registry.lookup(name);
    // not "not found": a client would think that it is the image
    if (!other)
      throw invalid(
        `could not get container for ${name}: ${name === '' ? 'invalid name or ID supplied: ""' : `No such container: ${name}`}`,
      );
    if (other.record.hostConfig.NetworkMode === 'host') throw linksWithHostNetwork();
    links.set(`${alias} ${other.id}`, { id: other.id, name: other.record.name, alias });
  }
  return { links: [...links.values()] };
}

/** The settings show what an endpoint has; what the user wished is kept beside. */
function macsOf(endpoints: Readonly<Record<string, EndpointSettings>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(endpoints).flatMap(([network, { MacAddress }]) =>
      MacAddress === '' ? [] : [[network, MacAddress]],
    ),
  );
}

/** Own mounts win over inherited ones at the same place, both over what the image declares. */
async function mountRecords(
  context: EngineContext,
  id: string,
  parsed: ParsedMounts,
  undo: Undo,
): Promise<MountRecord[]> {
  const byTarget = new Map<string, MountRecord>();
  for (const from of parsed.volumesFrom) {
    const source = context.registry.lookup(from.container);
    // not "not found": a client would think that it is the image
    if (!source) throw invalid(`No such container: ${from.container}`);
    for (const mount of source.record.mounts)
      if (mount.Type !== 'tmpfs')
        byTarget.set(mount.Destination, { ...mount, RW: mount.RW && from.rw, copyUp: false, anonymous: false });
  }
  const own = [...parsed.mounts, ...parsed.declared.filter((mount) => !byTarget.has(mount.destination))];
  for (const mount of own) byTarget.set(mount.destination, await recordOf(context, mount, undo));
  for (const { destination, options } of parsed.tmpfs) {
    byTarget.set(destination, {
      Type: 'tmpfs',
      Source: '',
      Destination: destination,
      Mode: '',
      RW: true,
      Propagation: '',
      options: [...options],
      hidden: true,
    });
  }
  const { mounts } = context.paths.of(id);
  // each has its image mounted in its own directory
  return [...byTarget.values()].map((mount, number) =>
    mount.image === undefined ? mount : { ...mount, Source: join(mounts, `image-${number}`) },
  );
}

async function recordOf(context: EngineContext, mount: PlannedMount, undo: Undo): Promise<MountRecord> {
  const base = {
    Type: mount.type,
    Destination: mount.destination,
    Mode: mount.mode,
    RW: mount.rw,
    Propagation: mount.propagation,
    ...(mount.propagation === 'rslave' && mount.propagationIfPossible ? { propagationIfPossible: true } : {}),
    recursive: mount.recursive,
    readOnlyNested: mount.readOnlyNested,
    ...(mount.options.length > 0 ? { options: [...mount.options] } : {}),
  };
  if (mount.type === 'image') {
    const image = context.images.forContainer(mount.source);
    const found = { Name: mount.source, Source: '', image: image.id, imageLayers: image.lowerDirs };
    return { ...base, ...found, ...(mount.subpath === '' ? {} : { subpath: mount.subpath }) };
  }
  if (mount.type !== 'volume') return { ...base, Source: mount.source, createSource: mount.createSource };
  const volume = await context.volumes.ensure({
    name: mount.name,
    driver: mount.driver,
    options: mount.driverOptions,
    labels: mount.labels,
  });
  if (mount.anonymous) undo.add(`volume ${volume.name}`, () => context.volumes.removeUnused(volume.name));
  return {
    ...base,
    Name: volume.name,
    Driver: volume.driver,
    Source: volume.mountpoint,
    anonymous: mount.anonymous,
    copyUp: mount.copyUp,
    ...(mount.subpath === '' ? {} : { subpath: mount.subpath }),
  };
}
