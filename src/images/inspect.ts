// Everything about one image: `docker image inspect`.
import { ZERO_TIME } from '../base/clock.ts';
import type { ImageInspect } from '../spec/docker/index.ts';
import type { Platform } from '../spec/oci/index.ts';
import type { ImageContext } from './catalog/context.ts';
import { findImage, findWhole } from './catalog/find.ts';
import { manifestOf, manifestsOf } from './catalog/manifests.ts';
import { familiarString } from './reference/index.ts';
import { sizeOf } from './catalog/size.ts';
import { compactConfig } from './catalog/write.ts';

/** What old API versions showed besides: the container that the image was committed from. */
export interface ImageOrigin {
  readonly container: string;
  readonly containerConfig: unknown;
}

export interface InspectOptions {
  readonly platform?: Platform | undefined;
  /** With what its index names. */
  readonly manifests?: boolean;
}

export interface Inspected {
  readonly image: ImageInspect;
  readonly origin: ImageOrigin;
}

/** In the newest shape: an unset creation time is '', `Config` holds only what is set. */
export function inspectImage(
  context: ImageContext,
  text: string,
  { platform, manifests = false }: InspectOptions = {},
): Inspected {
  const whole = findWhole(context.catalog, text);
  const image = findImage(context.catalog, text, platform);
  const { file } = image;
  const names = context.catalog.allNamesOf(image);
  const { index } = whole;
  const descriptor = platform
    ? manifestOf(context, image, whole)
    : index && { mediaType: index.mediaType, digest: index.digest, size: index.size };
  const top = image.chains.at(-1);
  const stack =
    top === undefined ? [] : context.store.layers.stack(top).map((layer) => context.store.layers.directory(layer));
  const [upper, ...lower] = stack;
  return {
    image: {
      Id: image.id,
      RepoTags: names.filter((name) => name.digest === undefined).map(familiarString),
      RepoDigests: names.filter((name) => name.digest !== undefined).map(familiarString),
      Parent: image.parent ?? '',
      Comment: file.comment || file.history?.at(-1)?.comment || '',
      Created: file.created ?? '',
      DockerVersion: file.docker_version ?? '',
      Author: file.author ?? '',
      Config: compactConfig(file.config ?? {}),
      Architecture: file.architecture,
      ...(file.variant ? { Variant: file.variant } : {}),
      Os: file.os,
      ...(file['os.version'] ? { OsVersion: file['os.version'] } : {}),
      Size: sizeOf(context.store, image),
      GraphDriver: {
        Name: 'overlay2',
        Data:
          upper === undefined
            ? null
            : {
                ...(lower.length > 0 ? { LowerDir: lower.join(':') } : {}),
                MergedDir: `${upper}.merged`,
                UpperDir: upper,
                WorkDir: `${upper}.work`,
              },
      },
      RootFS: { Type: 'layers', Layers: [...file.rootfs.diff_ids] },
      Metadata: { LastTagTime: image.tagged ?? whole.image.tagged ?? ZERO_TIME },
      ...(descriptor ? { Descriptor: descriptor } : {}),
      ...(manifests ? { Manifests: manifestsOf(context, whole.image) } : {}),
    },
    origin: { container: file.container ?? '', containerConfig: file.container_config ?? {} },
  };
}
