// The body of a volume create, field by field.
import type { VolumeCreateBody } from '../volume.ts';
import { map, struct, text } from './decode.ts';

export const volumeCreate = struct<VolumeCreateBody>('volume.CreateOptions', {
  Name: text(),
  Driver: text(),
  DriverOpts: map(text()),
  Labels: map(text()),
});
