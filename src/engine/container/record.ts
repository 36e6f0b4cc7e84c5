// What the daemon remembers of a container; everything else is derived or observed.
import type { Digest } from '../../base/ids.ts';
import {
  type ContainerConfig,
  type EndpointSettings,
  type HostConfig,
  type MountPoint,
  type PortBinding,
} from '../../spec/docker/index.ts';
import type { Descriptor } from '../../spec/oci/index.ts';
import type { ContainerStateRecord } from '../lifecycle/index.ts';
import type { LogSubject } from './log-attributes.ts';

/** A mount as decided at creation: what inspect shows, and how it is made. */
export interface MountRecord extends MountPoint {
  /** The user's wish beyond the mount point: how the mount is made. */
  readonly recursive?: boolean;
  readonly options?: string[];
  /** An anonymous volume, removed with `rm -v` or `--rm`. */
  readonly anonymous?: boolean;
  /** Copy what the image has at the target into a new volume. */
  readonly copyUp?: boolean;
  readonly subpath?: string;
  /** Of an image: which it is, whatever its name says later, and its layers, topmost first. */
  readonly image?: Digest;
  readonly imageLayers?: readonly string[];
  readonly readOnlyNested?: 'ifPossible' | 'never' | 'always';
  /** A `--tmpfs`, which inspect does not list among the mounts. */
  readonly hidden?: boolean;
  /** Without the propagation where the source cannot have it. */
  readonly propagationIfPossible?: boolean;
  /** A missing bind source is made (`-v`), not refused (`--mount`). */
  readonly createSource?: boolean;
}

/** Who a link was made to, and what that container was called then. */
export interface LinkRecord {
  readonly id: string;
  readonly name: string;
  readonly alias: string;
}

export interface ContainerRecord {
  readonly id: string;
  /** Without the slash. */
  name: string;
  /** RFC 3339 with nanoseconds. */
  readonly created: string;
  readonly image: Digest;
  /** Of the image, where there was one when the container was made. */
  readonly imageManifest?: Descriptor;
  readonly path: string;
  readonly args: readonly string[];
  config: ContainerConfig;
  hostConfig: HostConfig;
  readonly mounts: readonly MountRecord[];
  endpoints: Record<string, EndpointSettings>;
  /** Of the default network; on others links belong to the endpoint. */
  links?: readonly LinkRecord[];
  /** MAC addresses that the user gave, by network as in `endpoints`; what an endpoint has is in its settings. */
  macs?: Record<string, string>;
  /** Published and exposed ports as inspect shows them, while there is a process. */
  ports?: Record<string, PortBinding[] | null>;
  readonly lowerDirs: readonly string[];
  readonly platform: { readonly os: string; readonly architecture: string };
  /** The runtime that started it last. */
  runtime: string;
  state: ContainerStateRecord;
}

/** What attributes and tags of a log are made of. */
export function logSubject(record: ContainerRecord): LogSubject {
  return {
    id: record.id,
    name: record.name,
    imageId: record.image,
    imageName: record.config.Image,
    created: record.created,
    command: [record.path, ...record.args],
    env: record.config.Env ?? [],
    labels: record.config.Labels,
    options: record.hostConfig.LogConfig.Config,
  };
}

/** Refuses what is no container record, so that one bad row does not stop the daemon. */
export function acceptRecord(value: unknown, key: string): ContainerRecord | undefined {
  const record = value as Partial<ContainerRecord>;
  const whole =
    record.id === key &&
    typeof record.name === 'string' &&
    typeof record.image === 'string' &&
    Array.isArray(record.lowerDirs) &&
    Array.isArray(record.mounts) &&
    isObject(record.config) &&
    isObject(record.hostConfig) &&
    isObject(record.state) &&
    typeof record.state.phase === 'string';
  return whole ? (value as ContainerRecord) : undefined;
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
