// What a node sent, checked: a worker that was broken into may send anything, and what managers keep of it is read by all of them. Pure.
import { isIP } from 'node:net';
import { isTaskState } from '../model/objects.ts';
import type { KeyValueRequest } from '../kv/request.ts';
import type { LogLine, NodeMessage } from './messages.ts';

/** Of a description or a status, as JSON: it is kept in the store, for each node and each task. */
export const MAX_KEPT_CHARACTERS = 64 * 1024;

type Fields = Readonly<Record<string, unknown>>;

/** undefined for what no node of ours sends. */
export function checkNodeMessage(value: unknown): NodeMessage | undefined {
  if (!isFields(value)) return undefined;
  const { type } = value;
  const isRight = isText(type) && Object.hasOwn(RULES, type) ? RULES[type as NodeMessage['type']] : undefined;
  return isRight?.(value) ? (value as unknown as NodeMessage) : undefined;
}

/** A message that has no rule does not compile. */
const RULES: { readonly [Type in NodeMessage['type']]: (message: Fields) => boolean } = {
  join: (message) =>
    areTexts(message, 'token', 'publicKey') &&
    isAddress(message['address']) &&
    (message['local'] === undefined || isAddress(message['local'])) &&
    ['active', 'pause', 'drain'].includes(String(message['availability'])) &&
    isDescription(message['description']),
  session: ({ address, description }) => isAddress(address) && isDescription(description),
  heartbeat: ({ beat, load, usage }) =>
    isAmount(beat) && (load === undefined || isLoad(load)) && (usage === undefined || isListOf(usage, isUsage)),
  // the door lets managers ask only
  ask: ({ question }) =>
    isFields(question) &&
    (question['about'] === 'loads' ||
      (question['about'] === 'autoscale' && areTexts(question, 'service')) ||
      (question['about'] === 'tunnel' && areTexts(question, 'node', 'address', 'token'))),
  tunnel: (message) => areTexts(message, 'token'),
  leave: () => true,
  networks: ({ sequence }) => isAmount(sequence),
  attach: (message) =>
    isAmount(message['id']) &&
    areTexts(message, 'network', 'container', 'name', 'address') &&
    (message['address'] === '' || isIP(String(message['address'])) === 4) &&
    isOptionalIp6(message['address6']) &&
    isListOf(message['aliases'], isText) &&
    !isLong(message),
  detach: (message) =>
    areTexts(message, 'container') && (message['network'] === undefined || areTexts(message, 'network')),
  kv: (message) => isAmount(message['id']) && areTexts(message, 'task') && isKeyValueRequest(message['request']),
  'kv-cancel': ({ id }) => isAmount(id),
  attached: ({ containers }) => isListOf(containers, isText),
  status: (message) => areTexts(message, 'task', 'service') && isStatus(message['status']),
  renew: (message) => areTexts(message, 'publicKey'),
  member: (message) => areTexts(message, 'peer'),
  promote: (message) => areTexts(message, 'member'),
  'task-logs': (message) => areTexts(message, 'node', 'task') && isFields(message['options']),
  log: ({ id, lines }) => typeof id === 'number' && isListOf(lines, isLogLine),
  'log-end': ({ id }) => typeof id === 'number',
};

const KEY_VALUE_TEXTS: Readonly<Record<KeyValueRequest['verb'], readonly string[]>> = {
  get: ['key'],
  list: ['prefix'],
  put: ['key', 'value'],
  delete: ['key'],
  watch: ['prefix'],
  grant: [],
  'keep-alive': ['lease'],
  revoke: ['lease'],
};

function isKeyValueRequest(value: unknown): boolean {
  if (!isFields(value)) return false;
  const { verb, revision, since, wait, seconds, lease } = value;
  const texts = Object.entries(KEY_VALUE_TEXTS).find(([one]) => one === verb)?.[1];
  return (
    texts !== undefined &&
    areTexts(value, ...texts) &&
    [revision, since].every((one) => one === undefined || isAmount(one)) &&
    (wait === undefined || isAmount(wait)) &&
    (verb !== 'grant' || isAmount(seconds)) &&
    (lease === undefined || typeof lease === 'string')
  );
}

function isOptionalIp6(value: unknown): boolean {
  return value === undefined || value === '' || (typeof value === 'string' && isIP(value) === 6);
}

/** '' is where the connection comes from. */
function isAddress(value: unknown): boolean {
  return typeof value === 'string' && (value === '' || isIP(value) !== 0);
}

function isDescription(value: unknown): boolean {
  if (!isFields(value) || isLong(value)) return false;
  const { Hostname, Platform, Resources, Engine } = value;
  return (
    typeof Hostname === 'string' &&
    isFields(Platform) &&
    areTexts(Platform, 'Architecture', 'OS') &&
    isFields(Resources) &&
    areNumbers(Resources, 'NanoCPUs', 'MemoryBytes') &&
    isFields(Engine) &&
    areTexts(Engine, 'EngineVersion') &&
    (Engine['Labels'] === undefined || (isFields(Engine['Labels']) && Object.values(Engine['Labels']).every(isText)))
  );
}

function isStatus(value: unknown): boolean {
  if (!isFields(value) || isLong(value)) return false;
  const { Timestamp, State, Message = '', Err = '', ContainerStatus, PortStatus } = value;
  return (
    isText(State) &&
    isTaskState(State) &&
    [Timestamp, Message, Err].every(isText) &&
    !Number.isNaN(Date.parse(String(Timestamp))) &&
    (ContainerStatus === undefined ||
      (isFields(ContainerStatus) &&
        areTexts(ContainerStatus, 'ContainerID') &&
        areNumbers(ContainerStatus, 'PID', 'ExitCode'))) &&
    (PortStatus === undefined ||
      (isFields(PortStatus) && (PortStatus['Ports'] === undefined || isListOf(PortStatus['Ports'], isPort))))
  );
}

function isPort(value: unknown): boolean {
  return isFields(value) && areNumbers(value, 'TargetPort');
}

function isLoad(value: unknown): boolean {
  if (!isFields(value)) return false;
  const { cpu, memory, pressure = 0 } = value;
  return [cpu, memory, pressure].every((share) => isAmount(share) && share <= 1);
}

function isUsage(value: unknown): boolean {
  return Array.isArray(value) && value.length === 3 && isText(value[0]) && isAmount(value[1]) && isAmount(value[2]);
}

const isAmount = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value) && value >= 0;

function isLogLine(value: unknown): value is LogLine {
  if (!isFields(value)) return false;
  return (value['channel'] === 'stdout' || value['channel'] === 'stderr') && areTexts(value, 'time', 'data');
}

function isLong(value: Fields): boolean {
  return JSON.stringify(value).length > MAX_KEPT_CHARACTERS;
}

const isText = (value: unknown): value is string => typeof value === 'string';

function areTexts(fields: Fields, ...names: readonly string[]): boolean {
  return names.every((name) => isText(fields[name]));
}

function areNumbers(fields: Fields, ...names: readonly string[]): boolean {
  return names.every((name) => Number.isFinite(fields[name]));
}

function isListOf(value: unknown, each: (one: unknown) => boolean): boolean {
  return Array.isArray(value) && value.every(each);
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
