// The process of a container, and of an exec in it.
import { capabilitiesOf } from './capabilities.ts';
import { environmentOf, execEnvironment } from './environment.ts';
import type { HostAbilities, OciProcess, ResolvedUser, SpecInput } from './input.ts';
import { rlimitsOf } from './limits.ts';
import { INIT_PATH } from './mounts.ts';
import type { SecurityOptions } from './security.ts';

/** dockerd's name for it: whichever of the two loads it first, the other finds it. */
export const DEFAULT_APPARMOR_PROFILE = 'docker-default';

export function processOf(
  input: SpecInput,
  security: SecurityOptions,
): { process: OciProcess; warnings: readonly string[] } {
  const { config, hostConfig, host, user } = input;
  const { granted, missing } = capabilitiesOf(hostConfig, host.capabilities);
  const limits = rlimitsOf(hostConfig.Ulimits, host);
  const score = oomScore(hostConfig.OomScoreAdj, host);
  const command = [...(config.Entrypoint ?? []), ...(config.Cmd ?? [])];
  const process: OciProcess = {
    terminal: config.Tty,
    ...consoleSize(config.Tty, hostConfig.ConsoleSize),
    user: ociUser(user),
    args: input.files.init ? [INIT_PATH, '--', ...command] : command,
    env: environmentOf({
      hostname: input.hostname,
      tty: config.Tty,
      linked: input.linkedEnv ?? [],
      env: config.Env ?? [],
      home: user.home,
    }),
    cwd: config.WorkingDir || '/',
    capabilities: capabilitySets(granted),
    ...(limits.rlimits.length > 0 ? { rlimits: limits.rlimits } : {}),
    noNewPrivileges: security.noNewPrivileges,
    ...(host.apparmor ? { apparmorProfile: apparmorProfile(security.apparmor, hostConfig.Privileged, host) } : {}),
    oomScoreAdj: score.value,
  };
  return {
    process,
    warnings: [
      ...missing.map((name) => `capability ${name} is not available on this host; the container runs without it`),
      ...limits.warnings,
      ...score.warnings,
    ],
  };
}

/** What an exec asks for. */
export interface ExecRequest {
  readonly cmd: readonly string[];
  readonly env: readonly string[];
  readonly workingDir: string;
  readonly tty: boolean;
  readonly privileged: boolean;
  /** Height, width; zeros mean unset. */
  readonly consoleSize?: readonly [number, number] | undefined;
}

export interface ExecInput {
  /** `process` of the container's own configuration. */
  readonly container: OciProcess;
  readonly exec: ExecRequest;
  /** The exec's user; the container's own when none was asked for. */
  readonly user?: ResolvedUser | undefined;
  /** HOME is the container's by its configuration, whoever runs in it. */
  readonly homeGiven?: boolean;
  readonly host: HostAbilities;
  /** The size that the start of the exec gave, over the one of its creation. */
  readonly consoleSize?: readonly [number, number] | undefined;
}

/** What differs from the container: command, environment, directory, terminal, user; and capabilities when privileged. */
export function execProcess({ container, exec, user, homeGiven, host, consoleSize: size }: ExecInput): OciProcess {
  const { consoleSize: _, ...base } = container;
  return {
    ...base,
    terminal: exec.tty,
    ...consoleSize(exec.tty, size ?? exec.consoleSize ?? [0, 0]),
    ...(user ? { user: ociUser(user) } : {}),
    args: [...exec.cmd],
    env: execEnvironment(container.env, exec.tty, exec.env, homeGiven === true ? undefined : user?.home),
    cwd: exec.workingDir || container.cwd,
    ...(exec.privileged ? { capabilities: capabilitySets([...host.capabilities]) } : {}),
  };
}

/** Inheritable and ambient stay empty: what they hold would survive an execve by another user. */
function capabilitySets(granted: string[]): NonNullable<OciProcess['capabilities']> {
  return { bounding: granted, effective: granted, permitted: granted, inheritable: [], ambient: [] };
}

function ociUser({ uid, gid, additionalGids }: ResolvedUser): OciProcess['user'] {
  return { uid, gid, ...(additionalGids.length > 0 ? { additionalGids: [...additionalGids] } : {}) };
}

function consoleSize(
  tty: boolean,
  [height, width]: readonly [number, number],
): Pick<OciProcess, 'consoleSize'> | object {
  return tty && height > 0 && width > 0 ? { consoleSize: { height, width } } : {};
}

/** The profile of a container, also on a host that has no AppArmor: '' there, when none was asked for. */
export function apparmorProfile(asked: string, privileged: boolean, host: HostAbilities): string {
  if (asked !== '' || !host.apparmor) return asked;
  return privileged || host.noDefaultProfile === true ? 'unconfined' : DEFAULT_APPARMOR_PROFILE;
}

/** Below its own score the kernel lets nobody go without CAP_SYS_RESOURCE. */
function oomScore(asked: number, host: HostAbilities): { value: number; warnings: string[] } {
  if (asked >= 0 || host.canRaiseLimits) return { value: asked, warnings: [] };
  return {
    value: 0,
    warnings: [`oom score ${asked} is held at 0: the daemon may not lower it (no CAP_SYS_RESOURCE)`],
  };
}
