// `--docker` of contexts: its keys, what they say, and the endpoint that they make.
import { readFileSync } from 'node:fs';
import { parseBool } from '../../../base/bool.ts';
import { messageOf } from '../../../base/errors.ts';
import { parseEndpoint } from '../../../client/index.ts';
import type { Context } from '../../session/context.ts';
import type { ContextMeta } from '../../../client/config/index.ts';
import { Failure, flag } from '../../grammar/index.ts';
import { metaOf } from './meta.ts';

const KEYS: readonly (readonly [name: string, description: string])[] = [
  ['from', "Copy named context's Docker endpoint configuration"],
  ['host', 'Docker endpoint on which to connect'],
  ['ca', 'Trust certs signed only by this CA'],
  ['cert', 'Path to TLS certificate file'],
  ['key', 'Path to TLS key file'],
  ['skip-tls-verify', 'Skip TLS certificate validation'],
];

export const ENDPOINT_FLAGS = {
  description: flag.string('', 'Description of the context'),
  docker: flag.pairs('', 'set the docker endpoint'),
};

/** The help page of a verb that takes `--docker`. */
export function endpointHelp(short: string, verb: string): string {
  const rows = [['NAME', 'DESCRIPTION'], ...KEYS].map(([name = '', text = '']) => `${name.padEnd(20)}${text}`);
  const example = `docker context ${verb} my-context --description "some description" --docker "host=tcp://myserver:2376,ca=~/ca-file,cert=~/cert-file,key=~/key-file"`;
  return `${short}\n\nDocker endpoint config:\n\n${rows.join('\n')}\n\nExample:\n\n$ ${example}`;
}

export interface DockerEndpoint {
  readonly meta: NonNullable<ContextMeta['Endpoints']['docker']>;
  readonly tls: ReadonlyMap<string, Buffer>;
}

/** Throws a Failure for an endpoint that nothing could dial, or whose files cannot be read. */
export function dockerEndpoint(context: Context, given: ReadonlyMap<string, string>): DockerEndpoint {
  try {
    return read(context, given);
  } catch (error) {
    throw new Failure(`unable to create docker endpoint config: ${messageOf(error)}`);
  }
}

function read(context: Context, given: ReadonlyMap<string, string>): DockerEndpoint {
  const unknown = [...given.keys()].filter((key) => !KEYS.some(([name]) => name === key));
  if (unknown.length > 0) throw new Error(unknown.map((key) => `unrecognized config key: ${key}`).join('\n'));
  const from = given.get('from');
  if (from !== undefined) return { meta: metaOf(context, from).Endpoints.docker ?? {}, tls: new Map() };
  const tls = new Map<string, Buffer>();
  for (const key of ['ca', 'cert', 'key']) {
    const path = given.get(key);
    if (path) tls.set(`${key}.pem`, readFile(path));
  }
  const skip = given.get('skip-tls-verify');
  const SkipTLSVerify = skip === undefined ? false : parseBool(skip);
  if (SkipTLSVerify === undefined) throw new Error(`skip-tls-verify: parsing "${skip}": invalid syntax`);
  const Host = given.get('host') ?? '';
  checkHost(Host);
  return { meta: { ...(Host === '' ? {} : { Host }), SkipTLSVerify }, tls };
}

function checkHost(host: string): void {
  if (host === '') return;
  if (host.startsWith('ssh://')) {
    try {
      parseEndpoint(host);
    } catch (error) {
      throw new Error(`invalid docker endpoint options: ${messageOf(error)}`, { cause: error });
    }
  } else if (!/^[^:]*:\/\/./.test(host))
    throw new Error(`unable to apply docker endpoint options: unable to parse docker host \`${host}\``);
}

function readFile(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new Error(`open ${path}: ${messageOf(error).replace(/^\w+: (.*?)(, open .*)?$/, '$1')}`, { cause: error });
  }
}
