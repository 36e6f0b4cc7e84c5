// API versions: which are spoken, and what a path asks for.
import { invalid } from '../base/errors.ts';

export const MAX_MINOR = 55;
export const MIN_MINOR = 24;
export const API_VERSION = `1.${MAX_MINOR}`;
export const MIN_API_VERSION = `1.${MIN_MINOR}`;

/** Splits `/v1.41/containers/json`; a path without a version asks for the newest. Throws Docker's refusals. */
export function splitVersion(path: string): { minor: number; rest: string } {
  const match = /^\/v(\d+)(?:\.(\d+))?(\/.*)$/.exec(path);
  if (!match) return { minor: MAX_MINOR, rest: path };
  const [, major, minor, rest = '/'] = match;
  const asked = Number(major) === 1 ? Number(minor ?? -1) : Number(major) > 1 ? Number.POSITIVE_INFINITY : -1;
  const text = minor === undefined ? major : `${major}.${minor}`;
  if (asked < MIN_MINOR) {
    throw invalid(
      `client version ${text} is too old. Minimum supported API version is ${MIN_API_VERSION}, please upgrade your client to a newer version`,
    );
  }
  if (asked > MAX_MINOR)
    throw invalid(`client version ${text} is too new. Maximum supported API version is ${API_VERSION}`);
  return { minor: asked, rest };
}
