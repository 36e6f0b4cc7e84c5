// Which API version a path asks for.
import { invalid } from '../base/errors.ts';
import { API_VERSION, MAX_MINOR, MIN_API_VERSION, MIN_MINOR } from '../spec/docker/index.ts';

export interface PathVersion {
  /** 0 and Infinity for what is older and newer than any that there was. */
  readonly minor: number;
  /** As it was written. */
  readonly version: string;
  /** The path behind it. */
  readonly rest: string;
}

/** Splits `/v1.41/containers/json`; a path without a version asks for the newest. */
export function splitVersion(path: string): PathVersion {
  const match = /^\/v(\d+)(?:\.(\d+))?(\/.*)$/.exec(path);
  if (!match) return { minor: MAX_MINOR, version: API_VERSION, rest: path };
  const [, major, minor, rest = '/'] = match;
  const asked = Number(major) === 1 ? Number(minor ?? 0) : Number(major) > 1 ? Number.POSITIVE_INFINITY : 0;
  return { minor: asked, version: minor === undefined ? (major ?? '') : `${major}.${minor}`, rest };
}

/** Throws Docker's refusals. */
export function checkVersion({ minor, version }: PathVersion): void {
  if (minor < MIN_MINOR) {
    throw invalid(
      `client version ${version} is too old. Minimum supported API version is ${MIN_API_VERSION}, please upgrade your client to a newer version`,
    );
  }
  if (minor > MAX_MINOR)
    throw invalid(`client version ${version} is too new. Maximum supported API version is ${API_VERSION}`);
}

/** Clients of before 1.24 read errors as plain text. */
export const readsPlainText = ({ minor }: PathVersion): boolean => minor < 24;
