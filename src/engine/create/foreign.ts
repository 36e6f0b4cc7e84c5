// An image for another processor than this machine's: it may run by an emulator, and nobody may have meant it.
import { formatPlatform, type Platform, platformMatches } from '../../spec/oci/index.ts';

/** What a client that named no platform is told. */
export function foreignWarnings(image: Platform, host: Platform): string[] {
  if (platformMatches(host, image)) return [];
  return [
    `The requested image's platform (${formatPlatform(image)}) does not match the detected host platform (${formatPlatform(host)}) and no specific platform was requested`,
  ];
}
