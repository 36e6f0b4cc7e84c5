// The platforms that a build is asked for: `local` is this machine's, doubles are one. Pure.
import { invalid, messageOf } from '../base/errors.ts';
import { formatPlatform, hostPlatform, parsePlatform, type Platform } from '../spec/oci/index.ts';

/** Throws invalid for what is no platform. */
export function buildPlatforms(texts: readonly string[]): Platform[] {
  const found = new Map<string, Platform>();
  for (const text of texts.map((one) => one.trim()).filter((one) => one !== '')) {
    const platform = text === 'local' ? hostPlatform() : parsed(text);
    found.set(formatPlatform(platform), platform);
  }
  return [...found.values()];
}

function parsed(text: string): Platform {
  try {
    return parsePlatform(text);
  } catch (error) {
    throw invalid(`failed to parse target platform ${text}: ${messageOf(error)}`, { cause: error });
  }
}
