// Texts of flags of services -> parts of their specification. Pure; throws Error with Docker's text.
import { cut, parseCsv } from '../../../../base/go-text.ts';
import { capabilityName } from '../../../../spec/docker/capability.ts';
import { parseNetwork, parsePorts } from '../../../../spec/docker/shorthand/index.ts';
import type { ConfigReference, GenericResource, Network, Port, Preference, SecretReference } from './model.ts';

const READABLE = 0o444;

/** `NAME` or `source=NAME,target=FILE,uid=0,gid=0,mode=0444`. */
function readFile(text: string, noun: 'secret' | 'config') {
  const fields = parseCsv(text);
  const made = { source: '', Name: '', UID: '0', GID: '0', Mode: READABLE };
  if (fields.length === 1 && !text.includes('=')) return { ...made, source: text, Name: text };
  for (const field of fields) {
    const [name, value] = cut(field, '=');
    if (!field.includes('=')) throw new Error(`invalid field '${field}' must be a key=value pair`);
    const key = name.toLowerCase();
    if (key === 'source' || key === 'src') made.source = value;
    else if (key === 'target') made.Name = value;
    else if (key === 'uid') made.UID = value;
    else if (key === 'gid') made.GID = value;
    else if (key === 'mode') made.Mode = readMode(value);
    else throw new Error(`invalid field in ${noun} request: ${key}`);
  }
  if (made.source === '') throw new Error('source is required');
  return { ...made, Name: made.Name === '' ? made.source : made.Name };
}

/** Octal with a zero before it, as Go reads numbers. */
function readMode(text: string): number {
  const isOctal = /^0o?[0-7]+$/.test(text);
  if (!isOctal && !/^(?:0|[1-9]\d*)$/.test(text))
    throw new Error(`invalid mode specified: strconv.ParseUint: parsing ${JSON.stringify(text)}: invalid syntax`);
  return isOctal ? Number.parseInt(text.replace(/^0o?/, ''), 8) : Number(text);
}

export function readSecret(text: string): SecretReference {
  const { source, ...File } = readFile(text, 'secret');
  return { File, SecretName: source };
}

export function readConfig(text: string): ConfigReference {
  const { source, ...File } = readFile(text, 'config');
  return { File, ConfigName: source };
}

/** `NAME` or `name=NAME,alias=…,driver-opt=…`. */
export function readNetwork(text: string): Network {
  const { target, aliases, driverOpts } = parseNetwork(text);
  return {
    Target: target,
    ...(aliases.length > 0 ? { Aliases: aliases } : {}),
    ...(Object.keys(driverOpts).length > 0 ? { DriverOpts: driverOpts } : {}),
  };
}

/** `8080:80/udp` with ranges, which means ingress, or `mode=host,published=8080,target=80,protocol=udp`. */
export function readPorts(text: string): readonly Port[] {
  return text.includes('=') ? [readLongPort(text)] : readShortPorts(text);
}

function readLongPort(text: string): Port {
  const port = { Protocol: 'tcp', TargetPort: 0, PublishedPort: 0, PublishMode: 'ingress' };
  const number = (value: string, what: string): number => {
    if (!/^\d+$/.test(value) || Number(value) > 0xffff)
      throw new Error(
        `invalid ${what} port (${value}): value must be an integer: ${/^\d+$/.test(value) ? 'value out of range' : 'invalid syntax'}`,
      );
    return Number(value);
  };
  for (const field of parseCsv(text)) {
    const [name, raw] = cut(field, '=');
    const [key, value] = [name.toLowerCase(), raw.toLowerCase()];
    if (!field.includes('=')) throw new Error(`invalid field: ${field}`);
    if (key === 'protocol') {
      if (!['tcp', 'udp', 'sctp'].includes(value)) throw new Error(`invalid protocol value '${value}'`);
      port.Protocol = value;
    } else if (key === 'mode') {
      if (value !== 'ingress' && value !== 'host')
        throw new Error(`invalid publish mode value (${value}): must be either 'ingress' or 'host'`);
      port.PublishMode = value;
    } else if (key === 'target') port.TargetPort = number(value, 'target');
    else if (key === 'published') port.PublishedPort = number(value, 'published');
    else throw new Error(`invalid field key: ${key}`);
  }
  if (port.TargetPort === 0) throw new Error("missing mandatory field 'target'");
  return { ...port, PublishedPort: port.PublishedPort || undefined };
}

/** One target of many published ports is one port for each of them. */
function readShortPorts(text: string): readonly Port[] {
  return Object.entries(parsePorts([text], []).bindings).flatMap(([inside, bindings]) => {
    const [target, Protocol] = cut(inside, '/');
    return bindings.flatMap(({ HostIp, HostPort }) => {
      if (HostIp !== '') throw new Error('hostip is not supported');
      const [first, last] = cut(HostPort, '-');
      const count = last === '' ? 1 : Number(last) - Number(first) + 1;
      return Array.from({ length: count }, (_, index) => ({
        Protocol,
        TargetPort: Number(target),
        PublishedPort: first === '' ? undefined : Number(first) + index,
        PublishMode: 'ingress',
      }));
    });
  });
}

/** `spread=node.labels.rack`. */
export function readPreference(text: string): Preference {
  const [strategy, SpreadDescriptor] = cut(text, '=');
  if (!text.includes('=')) throw new Error('placement preference must be of the format "<strategy>=<arg>"');
  if (strategy !== 'spread') throw new Error(`unsupported placement preference ${strategy} (only spread is supported)`);
  return { Spread: { SpreadDescriptor } };
}

/** `gpu=2`: so many of a kind. */
export function readGeneric(texts: readonly string[]): readonly GenericResource[] {
  return texts.map((text) => {
    const [Kind, value] = cut(text, '=');
    if (!text.includes('=')) throw new Error(`incorrect term ${text}, missing '=' or malformed expression`);
    if (!/^\d+$/.test(value))
      throw new Error(
        `invalid generic-resource request \`${text}\`, Named Generic Resources is not supported for service create or update`,
      );
    return { DiscreteResourceSpec: { Kind, Value: Number(value) } };
  });
}

/** `net_admin` -> `CAP_NET_ADMIN`. */
export function capabilities(names: readonly string[] = []): Set<string> {
  return new Set(
    names.map((name) => {
      const full = capabilityName(name.trim());
      return full === 'CAP_RESET' ? 'RESET' : full;
    }),
  );
}

/** Later settings of a variable take the place of earlier ones. */
export function uniqueEnv(lines: readonly string[]): string[] {
  const kept = new Map<string, string>();
  for (const line of lines) {
    const [key] = cut(line, '=');
    if (kept.get(key) === line) continue;
    kept.delete(key);
    kept.set(key, line);
  }
  return [...kept.values()];
}

/** Throws where two files of one kind have one target. */
export function checkTargets(
  files: readonly { readonly File: { readonly Name: string }; readonly source: string }[],
  noun: 'secret' | 'config',
): void {
  const seen = new Set<string>();
  for (const { File, source } of files) {
    if (seen.has(File.Name)) throw new Error(`duplicate ${noun} target for ${source} not allowed`);
    seen.add(File.Name);
  }
}
