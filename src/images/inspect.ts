// Everything about one image: `docker image inspect`.
import { ZERO_TIME } from '../base/clock.ts';
import type { ImageInspect } from '../spec/docker/index.ts';
import type { Platform } from '../spec/oci/index.ts';
import type { ImageContext } from './context.ts';
import { findImage } from './find.ts';
import { familiarString } from './reference/index.ts';
import { sizeOf } from './size.ts';
import { compactConfig } from './write.ts';

/** What old API versions showed besides: the container that the image was committed from. */
export interface ImageOrigin {
  readonly container: string;
  readonly containerConfig: unknown;
}

export interface Inspected {
  readonly image: ImageInspect;
  readonly origin: ImageOrigin;
}

/** In the newest shape: an unset creation time is '', `Config` holds only what is set. */
export function inspectImage(context: ImageContext, text: string, platform?: Platform): Inspected {
  const image = findImage(context.catalog, text, platform);
  const { file } = image;
  const names = context.catalog.namesOf(image.id);
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
      Metadata: { LastTagTime: image.tagged ?? ZERO_TIME },
    },
    origin: { container: file.container ?? '', containerConfig: file.container_config ?? {} },
  };
}
