// The Dockerfile of a build with what is to be left out of its context: looked for where it may lie, and parsed.
import { posix } from 'node:path';
import { internal, invalid, notFound } from '../base/errors.ts';
import { ignoreMatcher, readIgnoreFile } from '../spec/ignore/index.ts';
import { checkSyntax } from './model/build-arguments.ts';
import { type Dockerfile, parseDockerfile } from './dockerfile/index.ts';
import { located } from './located.ts';
import type { BuildRequest } from './model/request.ts';

/** A Dockerfile above this is refused. */
const MAX_DOCKERFILE_BYTES = 4 * 1024 * 1024;

export async function readDockerfile(
  request: BuildRequest,
  signal: AbortSignal,
): Promise<{ name: string; text: Uint8Array; ignore: string[] }> {
  const { dockerfile, context } = request;
  const read = (source: typeof context, path: string): Promise<Uint8Array | undefined> =>
    source.readFile(path, MAX_DOCKERFILE_BYTES, signal);
  if (dockerfile.kind === 'text') {
    const ignore = dockerfile.ignore ?? (await read(context, '.dockerignore'));
    return { name: dockerfile.name, text: dockerfile.text, ignore: ignoreLines(ignore) };
  }
  const path = dockerfile.path || 'Dockerfile';
  const source = dockerfile.source ?? context;
  let text = await read(source, path);
  if (!text && dockerfile.path === '') text = await read(source, 'dockerfile');
  if (!text)
    throw request.classic
      ? notLocated(path)
      : notFound(`failed to read dockerfile: open ${path}: no such file or directory`);
  const ignore = (await read(source, `${path}.dockerignore`)) ?? (await read(context, '.dockerignore'));
  const lines = ignoreLines(ignore);
  return { name: path, text, ignore: request.classic ? usable(lines) : lines };
}

/** In the classic builder's words. */
function notLocated(path: string): Error {
  return /^\/*\.\.(\/|$)/.test(posix.normalize(path))
    ? internal(`forbidden path outside the build context: ${path} ()`)
    : internal(`Cannot locate specified Dockerfile: ${path}`);
}

/** The classic builder leaves nothing out where a pattern is none; its client has refused that before. */
function usable(lines: string[]): string[] {
  try {
    ignoreMatcher(lines);
    return lines;
  } catch {
    return [];
  }
}

function ignoreLines(text: Uint8Array | undefined): string[] {
  return text ? readIgnoreFile(Buffer.from(text).toString()) : [];
}

/** Throws what is wrong first, with its place: a file for another frontend is in no language that is known here. */
export function parsed(name: string, text: Uint8Array, { buildArgs, classic }: BuildRequest): Dockerfile {
  // the classic builder's words for one without a line
  if (classic && text.length === 0) throw invalid(`the Dockerfile (${name}) cannot be empty`);
  const { value, problems } = parseDockerfile(text);
  try {
    if (!classic) checkSyntax(buildArgs, value.syntax);
  } catch (error) {
    const range = value.directives.find((directive) => directive.name === 'syntax')?.range;
    throw located(error, name, text, buildArgs?.has('BUILDKIT_SYNTAX') ? undefined : range);
  }
  const error = problems.find(({ severity }) => severity === 'error');
  if (error) {
    const isPlaced = !classic || error.message.startsWith('dockerfile parse error');
    const message = isPlaced ? error.message : `failed to parse Dockerfile: ${error.message}`;
    throw located(invalid(message), name, text, error.range);
  }
  return value;
}
