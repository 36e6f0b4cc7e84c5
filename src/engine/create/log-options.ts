// Where logs go: the driver and its options, with the daemon's defaults; what is checked at the create and what at the start.

import { parseBool } from '../../base/bool.ts';
import { internal, invalid } from '../../base/errors.ts';
import { readBytes } from '../../base/units.ts';
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
  if (buffer !== undefined) wrapped(() => readBytes(buffer), 'error parsing option max-buffer-size: ', invalid);
  if (!logDrivers.includes(Type)) throw invalid(`error looking up logging plugin ${Type}: plugin "${Type}" not found`);
  const cacheDisabled = Config['cache-disabled'] ?? '';
  if (cacheDisabled !== '' && parseBool(cacheDisabled) === undefined)
    throw invalid(`invalid value for option cache-disabled: ${cacheDisabled}`);
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

/** Checks the values of the options, as Docker does when a container starts. `attributes` reads those that choose attributes. */
export function checkLogValues({ Type, Config }: HostConfig['LogConfig'], attributes: () => unknown): void {
  const refused = (message: string): Error =>
    internal(`failed to create task for container: failed to initialize logging driver: ${message}`);
  wrapped(
    () => {
      if (Type === 'local') checkLocal(Config);
      else if (Type === 'json-file') {
        checkJsonFile(Config);
        attributes();
      }
    },
    '',
    refused,
  );
}

function checkJsonFile(options: Readonly<Record<string, string>>): void {
  const { 'max-size': size, 'max-file': files, compress } = options;
  if (size !== undefined && readBytes(size) <= 0) throw new Error('max-size must be a positive number');
  const count = files === undefined ? 1 : readInteger(files);
  if (count < 1) throw new Error('max-file cannot be less than 1');
  if (compress !== undefined && readBool(compress) && (count < 2 || size === undefined))
    throw new Error('compress cannot be true when max-file is less than 2 or max-size is not set');
}

function checkLocal(options: Readonly<Record<string, string>>): void {
  const { 'max-size': size, 'max-file': files, compress } = options;
  if (size !== undefined) wrapped(() => readBytes(size), `invalid value for max-size: ${size}: `);
  const count = files === undefined ? 5 : wrapped(() => readInteger(files), `invalid value for max-file: ${files}: `);
  const packs = compress === undefined || wrapped(() => readBool(compress), 'error reading compress log option: ');
  if (count < 0) throw new Error('max file count cannot be less than 0');
  if (packs && count <= 1) throw new Error('compression cannot be enabled when max file count is 1');
}

function wrapped<T>(read: () => T, before: string, made: (message: string) => Error = (text) => new Error(text)): T {
  try {
    return read();
  } catch (error) {
    throw made(`${before}${(error as Error).message}`);
  }
}

/** strconv.Atoi. */
function readInteger(text: string): number {
  if (!/^[+-]?\d+$/.test(text)) throw new Error(`strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`);
  const value = Number(text);
  if (!Number.isSafeInteger(value))
    throw new Error(`strconv.Atoi: parsing ${JSON.stringify(text)}: value out of range`);
  return value;
}

function readBool(text: string): boolean {
  const value = parseBool(text);
  if (value === undefined) throw new Error(`strconv.ParseBool: parsing ${JSON.stringify(text)}: invalid syntax`);
  return value;
}
