// The image of a service with the digest that its registry has now, so that every node runs the same.
import { messageOf } from '../../../base/errors.ts';
import { resolveDigest } from '../../../client/index.ts';
import type { Context } from '../../session/context.ts';
import type { ServiceSpec } from './spec/model.ts';

export async function resolveImage(context: Context, spec: ServiceSpec): Promise<ServiceSpec> {
  const { ContainerSpec } = spec.TaskTemplate;
  const image = ContainerSpec.Image;
  if (image.includes('@')) return spec;
  try {
    const Image = await resolveDigest(context.client, image, context.credentials.header(image));
    return { ...spec, TaskTemplate: { ...spec.TaskTemplate, ContainerSpec: { ...ContainerSpec, Image } } };
  } catch (error) {
    context.err(
      `image ${image} could not be accessed on a registry to record\nits digest (${messageOf(error)}). Each node will access ${image} independently,\npossibly leading to different nodes running different\nversions of the image.\n\n`,
    );
    return spec;
  }
}
