// A one-off container of a service: what it depends on is brought up, then one container with changes of its own.
import { randomBytes } from 'node:crypto';
import { BerthError } from '../base/errors.ts';
import { archiveOf } from './archive.ts';
import { containerBody, type OneOff } from './create/container.ts';
import { copiedFiles } from './create/mounts.ts';
import { serviceHash } from './print/hash.ts';
import { ensureImages, type ImageOptions } from './images.ts';
import type { Loaded } from './load/load.ts';
import type { Service } from './model/project.ts';
import { imageName, observeContainers } from './observe.ts';
import type { UpOptions } from './plan.ts';
import { up, type UpWork } from './up.ts';
import { waitFor } from './wait.ts';

export interface RunRequest {
  readonly service: string;
  /** the service as the command line changes it */
  readonly changed: Service;
  readonly name: string;
  readonly oneOff: Omit<OneOff, 'slug'>;
  readonly withDependencies: boolean;
  readonly removeOrphans: boolean;
  readonly images: ImageOptions;
}

const DEPENDENCIES: UpOptions = {
  services: [],
  recreate: 'diverged',
  recreateDependencies: 'diverged',
  start: true,
  removeOrphans: false,
  renewVolumes: false,
};

/** Creates the container; it is not started. */
export async function createOneOff(work: UpWork, request: RunRequest): Promise<{ id: string; name: string }> {
  const { client, loaded, sum } = work;
  const { service: key, changed } = request;
  const others = request.withDependencies
    ? without(loaded, key)
    : { ...without(loaded, key), project: { ...loaded.project, services: {} } };
  const needed: Loaded = { ...loaded, project: { ...loaded.project, services: { [key]: changed } } };
  const ids = await ensureImages(client, needed.project, work.sources, request.images, work.report);
  await up({ ...work, loaded: others }, request.images, { ...DEPENDENCIES, removeOrphans: request.removeOrphans });
  if (request.withDependencies) await waitForDependencies(work, changed);
  const { project } = loaded;
  const containers = (await observeContainers(client, project.name, 'services')).filter(({ isOneOff }) => !isOneOff);
  const slug = randomBytes(32).toString('hex');
  const name = request.name === '' ? `${project.name}-${key}-run-${slug.slice(0, 12)}` : request.name;
  const body = containerBody(
    {
      project,
      workingDirectory: loaded.workingDirectory,
      files: loaded.files,
      envFiles: [],
      containers: (service) => containers.filter((one) => one.service === service),
    },
    changed,
    {
      service: key,
      number: 1,
      name,
      image: imageName(project, key),
      imageId: ids[key] ?? '',
      inherited: [],
      oneOff: { ...request.oneOff, slug },
    },
    serviceHash(changed, sum),
  );
  const { Id: id } = await client.call('ContainerCreate', {
    query: { name, ...(changed.platform === undefined ? {} : { platform: changed.platform }) },
    body,
  });
  const files = copiedFiles(project, changed, loaded.environment);
  if (files.length > 0)
    await client.text('PutContainerArchive', {
      params: { id },
      query: { path: '/', noOverwriteDirNonDir: 'true', copyUIDGID: 'true' },
      raw: await archiveOf(files),
    });
  return { id, name };
}

function without(loaded: Loaded, key: string): Loaded {
  const { [key]: _, ...services } = loaded.project.services;
  return {
    ...loaded,
    project: { ...loaded.project, services },
    disabled: { ...loaded.disabled, ...loaded.project.services },
  };
}

/** As `up` waits, without a word. */
async function waitForDependencies(
  { client, loaded }: UpWork,
  { depends_on: dependencies = {} }: Service,
): Promise<void> {
  const containers = await observeContainers(client, loaded.project.name, 'services');
  await Promise.all(
    Object.entries(dependencies).flatMap(([other, { condition, required }]) =>
      condition === 'service_started'
        ? []
        : containers
            .filter(({ service }) => service === other)
            .map(async ({ id }) => {
              const standing = await waitFor(client, id, condition);
              if (standing.kind === 'ready' || !required) return;
              throw new BerthError(
                'invalid',
                condition === 'service_completed_successfully'
                  ? `service ${JSON.stringify(other)} didn't complete successfully: ${standing.message}`
                  : `dependency failed to start: ${standing.message}`,
              );
            }),
    ),
  );
}
