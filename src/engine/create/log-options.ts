// Where logs go: the driver and its options, with the daemon's defaults.

import { invalid } from '../../base/errors.ts';
import { parseBytes } from '../../base/units.ts';
import type { HostConfig } from '../../spec/docker/index.ts';
import type { CreateFacts } from './facts.ts';

/** Options of every driver. */
const COMMON = ['mode', 'max-buffer-size', 'cache-disabled', 'cache-max-size', 'cache-max-file', 'cache-compress'];

const OPTIONS: Readonly<Record<string, { readonly known: readonly string[]; readonly called: string }>> = {
  'json-file': {
    known: ['max-file', 'max-size', 'compress', 'labels', 'labels-regex', 'env', 'env-regex', 'tag'],
    called: 'json-file log driver',
  },
  local: { known: ['max-file', 'max-size', 'compress'], called: 'log driver local' },
};

/** The complete setting. Throws invalid for an unknown driver or option. */
export function logConfigOf(
  given: HostConfig['LogConfig'],
  { defaults, logDrivers }: CreateFacts,
): HostConfig['LogConfig'] {
  const Type = given.Type || defaults.logDriver;
  const inherited = Type === defaults.logDriver ? defaults.logOptions : {};
  const Config: Record<string, string> = { ...inherited, ...given.Config };
  if (Type === 'none') return { Type, Config };
  const mode = Config['mode'] ?? '';
  if (!['', 'blocking', 'non-blocking'].includes(mode)) throw invalid(`logger: logging mode not supported: ${mode}`);
  const buffer = Config['max-buffer-size'];
  if (buffer !== undefined && mode !== 'non-blocking') {
    throw invalid("logger: max-buffer-size option is only supported with 'mode=non-blocking'");
  }
  if (buffer !== undefined && parseBytes(buffer) === undefined) {
    throw invalid(`error parsing option max-buffer-size: invalid size: '${buffer}'`);
  }
  if (!logDrivers.includes(Type)) throw invalid(`logger: no log driver named '${Type}' is registered`);
  const options = OPTIONS[Type];
  for (const key of Object.keys(Config)) {
    if (options && !COMMON.includes(key) && !options.known.includes(key)) {
      throw invalid(`unknown log opt '${key}' for ${options.called}`);
    }
  }
  return { Type, Config };
}

/** Throws when the daemon's own settings would be refused of a container. */
export function checkLogDefaults(facts: CreateFacts): void {
  logConfigOf({ Type: '', Config: {} }, facts);
}
