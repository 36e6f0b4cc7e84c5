// `docker commit`: an image of what a container changed, its processes held still meanwhile.
import { conflict, invalid, isErrno, messageOf } from '../../base/errors.ts';
import type { Digest } from '../../base/ids.ts';
import type { ContainerConfig } from '../../spec/docker/index.ts';
import { type EngineContext, emit } from '../container/context.ts';
import { checkExposed } from '../create/index.ts';
import type { ContainerCommit } from '../container/ports.ts';
import { pause, unpause } from '../verbs/pause.ts';
import { layerChanges } from './changes.ts';

export interface CommitRequest {
  readonly author: string;
  readonly comment: string;
  /** Instructions of a Dockerfile. */
  readonly changes: readonly string[];
  /** Instead of the container's. */
  readonly config: ContainerConfig | undefined;
  readonly pause: boolean;
  /** The name of the image and how events tell it. */
  readonly name?: { readonly reference: NonNullable<ContainerCommit['reference']>; readonly text: string };
}

export async function commit(
  context: EngineContext,
  reference: string,
  request: CommitRequest,
): Promise<{ Id: Digest }> {
  const given = request.config;
  if (given?.ExposedPorts) given.ExposedPorts = checkExposed(given.ExposedPorts);
  if (reference === '') throw invalid('invalid name or ID supplied: ""');
  const container = context.registry.get(reference);
  const { record, state } = container;
  if (state.phase === 'dead') throw conflict(`You cannot commit container ${container.id} which is Dead`);
  if (state.phase === 'removing') throw conflict(`You cannot commit container ${container.id} which is being removed`);
  const config = context.images.changedConfig(given ?? record.config, request.changes, record.config);
  const held = request.pause && state.phase === 'running';
  if (held) await pause(context, container.id);
  try {
    const { unchanged } = await layerChanges(context, container);
    const image = await context.images.commit({
      parent: record.image,
      upperDir: context.paths.of(container.id).upper,
      without: unchanged,
      config,
      container: { id: container.id, config: record.config },
      author: request.author,
      comment: request.comment,
      createdBy: (record.config.Cmd ?? []).join(' '),
      ...(request.name ? { reference: request.name.reference } : {}),
    });
    context.events({
      type: 'image',
      action: 'create',
      id: image.id,
      attributes: { ...config.Labels, name: image.id },
    });
    emit(context, container, 'commit', {
      comment: request.comment,
      imageID: image.id,
      imageRef: request.name?.text ?? '',
    });
    return { Id: image.id };
  } finally {
    if (held) await unpause(context, container.id).catch(noteUnless(context));
  }
}

/** It may have been let go, or have ended, by someone else. */
function noteUnless(context: EngineContext): (error: unknown) => void {
  return (error) => {
    if (!isErrno(error, 'ENOENT')) context.log.debug(`after a commit: ${messageOf(error)}`);
  };
}
