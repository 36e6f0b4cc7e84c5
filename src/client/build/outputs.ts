// `--output`, `--load` and `--annotation` -> what the daemon is asked for, and where it goes on this machine.
import { resolve } from 'node:path';
import { parseBool } from '../../base/bool.ts';
import type { OutputOptions } from '../../spec/berth/build.ts';
import { annotationAttributes, parseAttributes } from '../../spec/docker/shorthand/index.ts';
import type { OutputPlace } from './output.ts';
import type { BuildShorthand } from './shorthand.ts';

export interface Outputs {
  /** As the daemon is asked for them. */
  readonly asked: readonly OutputOptions[];
  /** Where they go here. */
  readonly places: readonly (OutputPlace | undefined)[];
}

/** `tar=false`. Throws Error for what is neither. */
function isFalse(value: string | undefined): boolean {
  const read = value === undefined ? true : parseBool(value);
  if (read !== undefined) return !read;
  throw new Error(`ERROR: invalid value for tar: ${JSON.stringify(value)}`);
}

/** Throws Error with buildx's text. */
export function outputsOf(
  options: Pick<BuildShorthand, 'outputs' | 'annotations' | 'load'>,
  stdoutIsTerminal: () => boolean,
): Outputs {
  const asked: OutputOptions[] = [];
  const places: (OutputPlace | undefined)[] = [];
  for (const text of options.outputs) {
    const given = parseAttributes(text, 'dest');
    const { dest = '', ...rest } = given;
    const type = given['type'] ?? (dest === '-' ? 'tar' : 'local');
    const { type: _, ...others } = rest;
    if (type === 'local' && dest === '') throw new Error('ERROR: dest is required for local exporter');
    const isArchive = type === 'tar' || type === 'oci' || (type === 'docker' && dest !== '');
    const asLayout = isArchive && type !== 'tar' && isFalse(others['tar']);
    if (asLayout && (dest === '' || dest === '-'))
      throw new Error(`ERROR: dest is required for ${type} exporter with tar=false`);
    if (type === 'local' || asLayout) places.push({ takes: 'directory', path: resolve(dest) });
    else if (!isArchive) places.push(undefined);
    else if (dest !== '' && dest !== '-') places.push({ takes: 'archive', path: resolve(dest) });
    else if (!stdoutIsTerminal()) places.push({ takes: 'archive', path: '-' });
    else throw new Error(`ERROR: dest file is required for ${type} exporter. refusing to write to console`);
    const takes = places.at(-1)?.takes;
    asked.push({ type, attributes: others, ...(takes ? { takes } : {}) });
  }
  const annotations = annotationAttributes(options.annotations);
  if (options.outputs.length === 0 && !options.load && options.annotations.length > 0) {
    asked.push({ type: 'image', attributes: {} });
    places.push(undefined);
  }
  if (options.load && !asked.some(({ type, takes }) => type === 'docker' && takes === undefined)) {
    asked.push({ type: 'docker', attributes: {} });
    places.push(undefined);
  }
  const isImage = (type: string): boolean => type !== 'local' && type !== 'tar' && type !== 'cacheonly';
  return {
    asked: asked.map((one) =>
      isImage(one.type) ? { ...one, attributes: { ...annotations, ...one.attributes } } : one,
    ),
    places,
  };
}
