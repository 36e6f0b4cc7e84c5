// An image's configuration as it comes from elsewhere: read within a limit, and refused when it contradicts itself. Pure.
import { invalid, messageOf } from '../../base/errors.ts';
import { parseJson } from '../../base/json.ts';
import { isDigest } from '../../base/digest.ts';
import type { ImageFile } from '../../spec/oci/index.ts';
import { checkTexts, readConfig } from './config.ts';

/** A configuration above this is refused before it is parsed. */
export const MAX_CONFIG_BYTES = 8 * 1024 * 1024;

/** Reads an image configuration. Throws invalid in Docker's words. */
export function parseImageFile(content: Uint8Array): ImageFile {
  if (content.length > MAX_CONFIG_BYTES) throw invalid('the image configuration is too large');
  let value: unknown;
  try {
    value = parseJson(Buffer.from(content).toString());
  } catch (error) {
    throw invalid(`invalid image JSON: ${messageOf(error)}`);
  }
  if (typeof value !== 'object' || value === null) throw invalid('invalid image JSON');
  const file = value as Partial<ImageFile>;
  if (!file.rootfs) throw invalid('invalid image JSON, no RootFS key');
  // Go writes null for no layers
  const diffIds: unknown = file.rootfs.diff_ids ?? [];
  if (!Array.isArray(diffIds) || !diffIds.every((id) => typeof id === 'string' && isDigest(id)))
    throw invalid('invalid image JSON: bad diff_ids');
  const history = file.history ?? [];
  checkTexts(value as Record<string, unknown>);
  if (!Array.isArray(history) || history.some((item: unknown) => typeof item !== 'object' || item === null))
    throw invalid('invalid image JSON: bad history');
  if (history.filter((item) => !item.empty_layer).length > diffIds.length)
    throw invalid('too many non-empty layers in History section');
  return {
    ...file,
    architecture: file.architecture ?? '',
    os: file.os || 'linux',
    ...((file.config ?? undefined) === undefined ? {} : { config: readConfig(file.config) }),
    rootfs: { type: 'layers', diff_ids: diffIds },
  };
}
