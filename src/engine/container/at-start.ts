// What the daemon's settings add to a container that says nothing of its own, anew at each start. Pure.
import type { HostConfig, Ulimit } from '../../spec/docker/index.ts';

export interface StartDefaults {
  readonly ulimits: readonly Ulimit[];
  readonly init: boolean;
  readonly noNewPrivileges: boolean;
  /** `builtin`, `unconfined` or the JSON text of a profile. */
  readonly seccomp: string;
}

export function atStart(host: HostConfig, defaults: StartDefaults): HostConfig {
  const own = new Set((host.Ulimits ?? []).map((one) => one.Name));
  return {
    ...host,
    Init: host.Init ?? defaults.init,
    Ulimits: [...(host.Ulimits ?? []), ...defaults.ulimits.filter((one) => !own.has(one.Name))],
    SecurityOpt: [
      ...(defaults.noNewPrivileges ? ['no-new-privileges=true'] : []),
      // one that is privileged has no profile unless it asks for one
      ...(defaults.seccomp === 'builtin' || host.Privileged ? [] : [`seccomp=${defaults.seccomp}`]),
      // the last one counts
      ...(host.SecurityOpt ?? []),
    ],
  };
}
