// The part of an image's configuration that containers take over, as it came from elsewhere: every field has the type that it must have. Pure.
import { BerthError, invalid } from '../../base/errors.ts';
import type { ImageConfig } from '../../spec/docker/index.ts';
import { containerConfig } from '../../spec/docker/schemas/index.ts';

/** What was given, by the names of Go's struct; what it does not know stays as it is. Throws invalid in the words of Go's encoding/json. */
export function readConfig(value: unknown): ImageConfig {
  let typed: Record<string, unknown>;
  try {
    typed = { ...containerConfig.read(value, 'Image.config') };
  } catch (error) {
    if (error instanceof BerthError) throw invalid(error.message.replace(/^invalid JSON: /, ''), { cause: error });
    throw error;
  }
  const names = new Map(Object.keys(containerConfig.fields ?? {}).map((name) => [name.toLowerCase(), name]));
  return Object.fromEntries(
    Object.entries(value as object).map(([key, given]: [string, unknown]) => {
      const name = names.get(key.toLowerCase());
      return name === undefined ? [key, given] : [name, typed[name] ?? given];
    }),
  );
}

const TEXTS = ['architecture', 'os', 'variant', 'os.version', 'created', 'author', 'comment'] as const;

/** The fields beside it that are shown or compared. */
export function checkTexts(file: Readonly<Record<string, unknown>>): void {
  for (const name of TEXTS) {
    const value = file[name] ?? '';
    if (typeof value !== 'string')
      throw invalid(
        `json: cannot unmarshal ${Array.isArray(value) ? 'array' : typeof value} into Go struct field Image.${name} of type string`,
      );
  }
}
