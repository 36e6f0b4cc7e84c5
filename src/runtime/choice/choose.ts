// Which OCI runtime this host can use: each candidate is tried with a real container, since a version number does not tell.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { messageOf } from '../../base/errors.ts';

const run = promisify(execFile);

/** What a runtime may take to answer when it is tried: a host may be busy or emulated, and one that hangs must not hang the daemon. */
export const TRIAL_PATIENCE_MS = 60_000;

/** How a runtime holds a created process back; decides whether the daemon may release it without a spawn. */
type StartBy = 'fifo-read' | 'fifo-write' | 'command';

export interface OciRuntime {
  readonly name: string;
  readonly path: string;
  /** The words that run it: its path, or a program that runs it in another view of the host. */
  readonly command: readonly string[];
  readonly arguments: readonly string[];
  readonly version: string;
  readonly startBy: StartBy;
  /** It knows the mount option `rro`. */
  readonly recursiveReadOnly: boolean;
  /** To be called before a container that binds paths of the host is created. */
  readonly beforeBinds?: () => void;
}

/** File and arguments of one call; `root` is the runtime's state directory. */
export function runtimeCall(runtime: OciRuntime, root: string, ...words: string[]): [string, string[]] {
  const [file = runtime.path, ...before] = runtime.command;
  return [file, [...before, '--root', root, ...runtime.arguments, ...words]];
}

/** Runtimes by name as `--add-runtime name=path` and daemon.json give them. */
export type RuntimeTable = Readonly<
  Record<string, { readonly path: string; readonly runtimeArgs?: readonly string[] }>
>;

/** Asks a binary what it is; undefined when it cannot be run. */
export async function identify(
  name: string,
  path: string,
  extra: readonly string[] = [],
): Promise<OciRuntime | undefined> {
  try {
    const { stdout } = await run(path, ['--version'], { timeout: TRIAL_PATIENCE_MS });
    const [kind, version] = /^(\S+) version (\S+)/.exec(stdout)?.slice(1) ?? ['', ''];
    return {
      name,
      path,
      command: [path],
      arguments: extra,
      version: version ?? '',
      startBy: startByOf(kind ?? '', version ?? ''),
      recursiveReadOnly: knowsRro(kind ?? '', version ?? ''),
    };
  } catch {
    return undefined;
  }
}

/** runc's process waits until somebody reads its fifo, crun's until somebody writes to it; both since their version 1. */
function startByOf(kind: string, version: string): StartBy {
  if (!version.startsWith('1.')) return 'command';
  if (kind === 'runc') return 'fifo-read';
  return kind === 'crun' ? 'fifo-write' : 'command';
}

/** runc since 1.1, crun since 1.4; others are not asked. */
export function knowsRro(kind: string, version: string): boolean {
  const since = kind === 'runc' ? 1 : kind === 'crun' ? 4 : undefined;
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return since !== undefined && (major > 1 || (major === 1 && minor >= since));
}

/**
 * The first of `names` that passes `trial` (which runs a container and throws the runtime's own words); a remark for each that did not.
 */
export async function chooseRuntime(
  candidates: readonly OciRuntime[],
  trial: (runtime: OciRuntime) => Promise<void>,
): Promise<{ chosen: OciRuntime | undefined; remarks: string[] }> {
  const remarks: string[] = [];
  for (const runtime of candidates) {
    try {
      await trial(runtime);
      return { chosen: runtime, remarks };
    } catch (error) {
      remarks.push(`${runtime.name} ${runtime.version} does not work on this host: ${messageOf(error)}`);
    }
  }
  return { chosen: undefined, remarks };
}
