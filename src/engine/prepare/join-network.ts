// The network of a container for a process that is no container and joins it, as a step of a build does.
import { existsSync } from 'node:fs';
import { readBounded } from '../../host/read-bounded.ts';
import type { EngineContext } from '../container/context.ts';
import { MAX_HOSTS_BYTES } from '../container/files.ts';
import { hasProcess } from '../lifecycle/index.ts';
import { namespaceOwner, notRunning } from './input.ts';

export interface JoinedNetwork {
  /** Path of the network namespace. */
  readonly path: string;
  readonly hostname: string;
  readonly hosts: string;
  readonly resolvConf: string;
}

/** Throws in dockerd's words when there is no such container, or it does not run. */
export function joinNetwork(context: EngineContext, reference: string): JoinedNetwork {
  const other = namespaceOwner(context, reference, 'net');
  const pid = other.state.process?.pid;
  if (!hasProcess(other.state.phase) || pid === undefined) throw notRunning(other, 'net');
  const paths = context.paths.of(other.id);
  const text = (file: string): string => (existsSync(file) ? readBounded(file, MAX_HOSTS_BYTES) : '');
  return {
    path: `/proc/${pid}/ns/net`,
    hostname: other.record.config.Hostname,
    hosts: text(paths.hosts),
    resolvConf: text(paths.resolvConf),
  };
}
