// Names under which what was built goes to registries. Pure.
import { parseBool } from '../../base/bool.ts';
import type { OutputOptions } from '../../spec/berth/build.ts';

/** All tags with `--push`; those and its own names for an output that is to be pushed. Undefined when nothing is. */
export function pushedNames(
  push: boolean,
  tags: readonly string[],
  outputs: readonly Pick<OutputOptions, 'type' | 'attributes'>[],
): readonly string[] | undefined {
  const own = outputs.filter(
    ({ type, attributes }) => type === 'registry' || (type === 'image' && parseBool(attributes['push'] ?? '') === true),
  );
  if (!push && own.length === 0) return undefined;
  const names = own.flatMap(({ attributes }) => (attributes['name'] ?? '').split(','));
  return [...new Set([...tags, ...names].filter((name) => name !== ''))];
}
