// Reads --device, --gpus and the limits of block devices.
import { posix } from 'node:path';
import { cut, parseCsv } from '../../../base/go-text.ts';
import { readBytes } from '../../../base/units.ts';
import type { DeviceMapping, DeviceRequest, ThrottleDevice, WeightDevice } from '../container.ts';

/** `vendor.com/class=name`: a CDI device, which the daemon resolves. */
export const isCdi = (text: string): boolean => /^[A-Za-z][\w.-]*\/[A-Za-z][\w-]*=[A-Za-z0-9][\w.:-]*$/.test(text);

const isMode = (text: string): boolean => /^[rwm]{1,3}$/.test(text) && new Set(text).size === text.length;

/** `host[:container][:rwm]`. Throws Error with Docker's text. */
export function parseDevice(text: string): DeviceMapping {
  const parts = text.split(':');
  const [host = '', second, third] = parts;
  if (parts.length > 3 || host === '') throw new Error(`bad format for path: ${text}`);
  if (third !== undefined && !isMode(third)) throw new Error(`bad mode specified: ${third}`);
  const isPath = second !== undefined && (third !== undefined || !isMode(second));
  const inside = isPath ? second : host;
  if (!inside.startsWith('/')) throw new Error(`${inside} is not an absolute path`);
  const mode = third ?? (second !== undefined && !isPath ? second : 'rwm');
  // Docker cleans the path that is given once or last, not the others.
  const clean = third === undefined ? posix.normalize(inside).replace(/(.)\/$/, '$1') : inside;
  return { PathOnHost: isPath ? host : clean, PathInContainer: clean, CgroupPermissions: mode };
}

export function checkCgroupRule(text: string): string {
  if (/^[acb] ([0-9]+|\*):([0-9]+|\*) [rwm]{1,3}$/.test(text)) return text;
  throw new Error(`invalid device cgroup format '${text}'`);
}

function devicePath(text: string): [string, string] {
  const [path, value] = cut(text, ':');
  if (!text.includes(':') || path === '') throw new Error(`bad format: ${text}`);
  if (!path.startsWith('/dev/')) throw new Error(`bad format for device path: ${text}`);
  return [path, value];
}

export function parseThrottleBps(text: string): ThrottleDevice {
  const [path, value] = devicePath(text);
  try {
    return { Path: path, Rate: readBytes(value) };
  } catch {
    throw new Error(
      `invalid rate for device: ${text}. The correct format is <device-path>:<number>[<unit>]. Number must be a positive integer. Unit is optional and can be kb, mb, or gb`,
    );
  }
}

export function parseThrottleIops(text: string): ThrottleDevice {
  const [path, value] = devicePath(text);
  if (!/^\d+$/.test(value)) {
    throw new Error(
      `invalid rate for device: ${text}. The correct format is <device-path>:<number>. Number must be a positive integer`,
    );
  }
  return { Path: path, Rate: Number(value) };
}

export function parseWeightDevice(text: string): WeightDevice {
  const [path, value] = devicePath(text);
  const weight = Number(value);
  if (!/^\d+$/.test(value) || (weight > 0 && (weight < 10 || weight > 1000)))
    throw new Error(`invalid weight for device: ${text}`);
  return { Path: path, Weight: weight };
}

/** `all`, a count, or `count=…,device=…,capabilities=…,driver=…,options=…`. */
export function parseGpus(text: string): DeviceRequest {
  const request: DeviceRequest = { Driver: '', Count: 0, DeviceIDs: null, Capabilities: null, Options: null };
  const seen = new Set<string>();
  for (const field of parseCsv(text)) {
    const [key, value] = cut(field, '=');
    if (seen.has(key)) throw new Error(`gpu request key '${key}' can be specified only once`);
    seen.add(key);
    if (!field.includes('=')) {
      seen.add('count');
      request.Count = count(key);
    } else if (key === 'driver') request.Driver = value;
    else if (key === 'count') request.Count = count(value);
    else if (key === 'device') request.DeviceIDs = value.split(',');
    else if (key === 'capabilities') request.Capabilities = [[...value.split(','), 'gpu']];
    else if (key === 'options') request.Options = Object.fromEntries(parseCsv(value).map((pair) => cut(pair, '=')));
    else throw new Error(`unexpected key '${key}' in '${field}'`);
  }
  if (!seen.has('count') && request.DeviceIDs === null) request.Count = 1;
  request.Options ??= {};
  request.Capabilities ??= [['gpu']];
  return request;
}

function count(text: string): number {
  if (text === 'all') return -1;
  if (/^[+-]?\d+$/.test(text)) return Number(text);
  throw new Error(`invalid count (${text}): value must be either "all" or an integer: invalid syntax`);
}
