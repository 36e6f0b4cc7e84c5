// Which API version a path asks for.
import { invalid } from '../base/errors.ts';
import { API_VERSION, MAX_MINOR, MIN_API_VERSION, MIN_MINOR } from '../spec/docker/index.ts';

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
