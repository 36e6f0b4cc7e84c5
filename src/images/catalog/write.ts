// New images from configurations: the bytes of an image configuration, deterministic for the same content.
import type { ImageConfig } from '../../spec/docker/index.ts';
import type { HistoryEntry, ImageFile } from '../../spec/oci/index.ts';

/** Keys sorted at every level, as Go prints maps, and nothing that is unset. */
export function encodeImageFile(file: ImageFile): Buffer {
  return Buffer.from(JSON.stringify(sorted(file)));
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, item]) => item !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, item]) => [key, sorted(item)]),
  );
}

export function historyEntry(fields: {
  created: string;
  createdBy?: string;
  author?: string;
  comment?: string;
  empty?: boolean;
}): HistoryEntry {
  return {
    ...(fields.author ? { author: fields.author } : {}),
    created: fields.created,
    ...(fields.createdBy ? { created_by: fields.createdBy } : {}),
    ...(fields.comment ? { comment: fields.comment } : {}),
    ...(fields.empty ? { empty_layer: true } : {}),
  };
}

/** What of a configuration says something: empty lists, texts and nulls are left out. */
export function compactConfig(config: ImageConfig): ImageConfig {
  return Object.fromEntries(
    Object.entries(config).filter(([, value]) => {
      if (value === undefined || value === null || value === '' || value === false) return false;
      if (Array.isArray(value)) return value.length > 0;
      return typeof value !== 'object' || Object.keys(value).length > 0;
    }),
  );
}
