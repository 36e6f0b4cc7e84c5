// Build arguments that are said to the builder, not to the Dockerfile, as BuildKit's frontend reads them. Pure.
import { parseBool } from '../../base/bool.ts';
import { invalid, notImplemented } from '../../base/errors.ts';

type Arguments = ReadonlyMap<string, string> | undefined;

/** One of `BUILDKIT_…` that is on or off. Throws invalid for what is neither. */
export function switchedOn(given: Arguments, name: string, shown = name): boolean {
  const value = given?.get(name);
  if (value === undefined) return false;
  const read = parseBool(value);
  if (read !== undefined) return read;
  throw invalid(`invalid boolean value for ${shown}: ${value}`);
}

/** How a step's machine is called; undefined for the usual name. */
export function sandboxHostname(given: Arguments): string | undefined {
  const name = given?.get('BUILDKIT_SANDBOX_HOSTNAME') ?? '';
  if (name === '') return undefined;
  if (name.length > 64 || /[\s/\0]/.test(name)) throw invalid(`invalid hostname ${JSON.stringify(name)}`);
  return name;
}

/** Whether a frontend is Docker's own for Dockerfiles, from wherever it may come: that language is built in. */
export function isDockerfileFrontend(image: string): boolean {
  return /^(?:\S+\/)?docker\/dockerfile(?:-upstream)?(?:[:@]\S*)?$/.test(image);
}

/** Frontends are not programs here. Throws for one that the Dockerfile, or the build argument in its place, names and that is another. */
export function checkSyntax(given: Arguments, syntax: string | undefined): void {
  const [asked = ''] = (given?.get('BUILDKIT_SYNTAX') ?? syntax ?? '').trim().split(' ');
  if (asked !== '' && !isDockerfileFrontend(asked))
    throw notImplemented(`frontend ${asked} is not implemented by this daemon`);
}
