// What is said of an upload: where to go on, and how much is there. Locations are relative, so that any proxy may stand before us.
import type { UploadState } from '../storage/index.ts';

export const uploadLocation = (name: string, id: string): string => `/v2/${name}/blobs/uploads/${id}`;

export function uploadHeaders(name: string, { id, size }: UploadState): Record<string, string> {
  return {
    Location: uploadLocation(name, id),
    Range: `0-${Math.max(size - 1, 0)}`,
    'Docker-Upload-UUID': id,
  };
}

export function blobHeaders(name: string, digest: string): Record<string, string> {
  return { Location: `/v2/${name}/blobs/${digest}`, 'Docker-Content-Digest': digest };
}
