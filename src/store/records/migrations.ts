// Forward steps of the records, from one schema version to the next. Pure: a record in, a record out.
import { byKnownPort, knownPorts, type PortBinding } from '../../spec/docker/index.ts';

/** A record as it lies on disk; nothing about it is known but that it is an object. */
export type StoredRecord = Readonly<Record<string, unknown>>;

export interface Migration {
  /** The version that the records have afterwards. */
  readonly version: number;
  /** What is different from then on, and why. */
  readonly what: string;
  readonly table: string;
  /** Answers the record as it is when there is nothing to change. */
  readonly change: (record: StoredRecord) => StoredRecord;
}

/** In order, without a gap. One list for all databases: where a table is not there, nothing is done. Never changed once released. */
export const MIGRATIONS: readonly Migration[] = [
  {
    version: 1,
    what: 'ports are what the parser takes: one that is none would break every list that shows it',
    table: 'containers',
    change: mendPorts,
  },
];

/** The version that this program writes. */
export const SCHEMA_VERSION = MIGRATIONS.at(-1)?.version ?? 0;

function mendPorts(record: StoredRecord): StoredRecord {
  const { config, hostConfig, ports } = record;
  return {
    ...record,
    ...(isObject(config) && isObject(config['ExposedPorts'])
      ? { config: { ...config, ExposedPorts: knownPorts(config['ExposedPorts'] as Record<string, object>) } }
      : {}),
    ...(isObject(hostConfig) && isObject(hostConfig['PortBindings'])
      ? { hostConfig: { ...hostConfig, PortBindings: byKnownPort(hostConfig['PortBindings'] as Bindings) } }
      : {}),
    ...(isObject(ports) ? { ports: byKnownPort(ports as Bindings) } : {}),
  };
}

type Bindings = Record<string, PortBinding[] | null>;

function isObject(value: unknown): value is StoredRecord {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
