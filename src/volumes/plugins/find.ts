// Where plugins of the old kind are: sockets and files that name an address, in the directories that Docker looks into.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { isErrno } from '../../base/errors.ts';
import { parseJson } from '../../base/json.ts';

export interface PluginPlaces {
  /** Directories with `NAME.sock` or `NAME/NAME.sock`. */
  readonly sockets: readonly string[];
  /** Directories with `NAME.spec` or `NAME.json`, also below a directory NAME. */
  readonly specs: readonly string[];
}

export const PLUGIN_PLACES: PluginPlaces = {
  sockets: ['/run/docker/plugins'],
  specs: ['/etc/docker/plugins', '/usr/lib/docker/plugins'],
};

export interface PluginAddress {
  readonly name: string;
  /** Path of a socket, or host and port. */
  readonly address: { readonly socketPath: string } | { readonly host: string; readonly port: number };
}

/** A spec has an address and a newline. */
const MAX_SPEC_BYTES = 64 * 1024;

/** Sockets come first. undefined where nobody of that name is. */
export function findPlugin(places: PluginPlaces, name: string): PluginAddress | undefined {
  if (!/^[\w.-]+$/.test(name)) return undefined;
  for (const folder of places.sockets)
    for (const path of [join(folder, `${name}.sock`), join(folder, name, `${name}.sock`)])
      if (statSync(path, { throwIfNoEntry: false })?.isSocket()) return { name, address: { socketPath: path } };
  for (const folder of places.specs)
    for (const path of [`${name}.spec`, join(name, `${name}.spec`), `${name}.json`, join(name, `${name}.json`)]) {
      const address = addressIn(join(folder, path));
      if (address) return { name, address };
    }
  return undefined;
}

/** Names of all that are there, sorted. */
export function pluginNames(places: PluginPlaces): string[] {
  const names = new Set<string>();
  const look = (folder: string, ends: readonly string[]): void => {
    for (const entry of entriesOf(folder)) {
      const end = ends.find((one) => entry.endsWith(one));
      const name = end === undefined ? entry : basename(entry, end);
      if (
        end !== undefined ||
        entriesOf(join(folder, entry)).some((one) => ends.some((two) => one === `${entry}${two}`))
      )
        names.add(name);
    }
  };
  for (const folder of places.sockets) look(folder, ['.sock']);
  for (const folder of places.specs) look(folder, ['.spec', '.json']);
  return [...names].sort();
}

function entriesOf(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR')) return [];
    throw error;
  }
}

function addressIn(path: string): PluginAddress['address'] | undefined {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (!stat?.isFile() || stat.size > MAX_SPEC_BYTES) return undefined;
  const text = readFileSync(path, 'utf8').trim();
  return addressOf(path.endsWith('.json') ? jsonAddress(text) : text);
}

function jsonAddress(text: string): string {
  try {
    const value: unknown = parseJson(text);
    return typeof value === 'object' && value !== null && 'Addr' in value && typeof value.Addr === 'string'
      ? value.Addr
      : '';
  } catch {
    return '';
  }
}

/** `unix:///path`, `tcp://host:port`, `http://host:port`; TLS is not spoken. */
function addressOf(text: string): PluginAddress['address'] | undefined {
  const path = /^unix:\/\/(\/.+)$/.exec(text)?.[1];
  if (path !== undefined) return { socketPath: path };
  const [, host, port] = /^(?:tcp|http):\/\/([^:/]+|\[[^\]]+\]):(\d+)\/?$/.exec(text) ?? [];
  return host === undefined ? undefined : { host: host.replace(/^\[|\]$/g, ''), port: Number(port) };
}
