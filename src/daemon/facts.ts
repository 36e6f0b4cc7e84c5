// What the daemon says of itself and of its host, gathered once at its start.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { hostname } from 'node:os';
import { promisify } from 'node:util';
import { API_VERSION, MIN_API_VERSION } from '../spec/docker/index.ts';
import type { SystemFacts } from '../system/index.ts';
import type { DaemonOptions } from './options.ts';
import type { Runtimes } from './runtimes.ts';
import { readIfThere } from './settings.ts';

export interface Observed {
  readonly options: DaemonOptions;
  readonly dataRoot: string;
  readonly abilities: SystemFacts['abilities'];
  readonly runtimes: Runtimes;
  readonly conmonVersion: string;
  readonly initPath: string | undefined;
  readonly warnings: readonly string[];
  readonly controllers: readonly string[];
}

export function systemFacts(observed: Observed): SystemFacts {
  const { options, dataRoot, runtimes } = observed;
  return {
    id: daemonId(dataRoot),
    dataRoot,
    apiVersion: API_VERSION,
    minApiVersion: MIN_API_VERSION,
    abilities: observed.abilities,
    runtimes: Object.fromEntries([...runtimes.table].map(([name, { path, version }]) => [name, { path, version }])),
    defaultRuntime: runtimes.chosen,
    conmonVersion: observed.conmonVersion,
    initPath: observed.initPath,
    labels: options.labels,
    debug: options.logLevel === 'debug',
    warnings: observed.warnings,
    controllers: observed.controllers,
    insecureRegistries: options.insecureRegistries,
    addressPools: options.network.addressPools,
    mirrors: options.mirrors,
    logDriver: options.containers.logDriver,
    liveRestore: options.liveRestore,
    seccompProfile: options.containers.seccompProfile,
    noNewPrivileges: options.containers.noNewPrivileges,
  };
}

/** What containers may lack on this host, in the manner of dockerd's `info`. */
export function hostWarnings(canRaiseLimits: boolean, controllers: readonly string[]): string[] {
  return [
    ...(canRaiseLimits ? [] : ['WARNING: No CAP_SYS_RESOURCE: limits above those of the daemon are clamped']),
    ...(controllers.includes('memory') ? [] : ['WARNING: No memory limit support']),
    ...(controllers.includes('pids') ? [] : ['WARNING: No pids limit support']),
  ];
}

/** What `program --version` says behind the word "version"; empty when it says nothing of the kind. */
export async function programVersion(program: string): Promise<string> {
  const { stdout } = await promisify(execFile)(program, ['--version']);
  return /version (\S+)/.exec(stdout)?.[1] ?? '';
}

/** A stable id of this daemon, a UUID as dockerd shows it. */
export function daemonId(dataRoot: string): string {
  const hex = createHash('sha256')
    .update(`${dataRoot}\n${readIfThere('/etc/machine-id') ?? hostname()}`)
    .digest('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join('-');
}
