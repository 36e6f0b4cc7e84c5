// How large a container's log may grow, from its logging options.
import { parseBool } from '../../base/bool.ts';
import { parseBytes } from '../../base/units.ts';
import { LogRotation, type RotationBounds } from '../../runtime/index.ts';
import type { HostConfig } from '../../spec/docker/index.ts';
import type { Container } from './container.ts';
import type { EngineContext } from './context.ts';

export interface LogBounds extends Omit<RotationBounds, 'maxBytes'> {
  /** Bytes of one file; undefined is no bound. */
  readonly maxBytes: number | undefined;
}

const LOCAL_DEFAULT: LogBounds = { maxBytes: 20 * 1024 * 1024, maxFiles: 5, compress: true };
/** What the monitor may write before it begins a file on its own: only while nobody rotates it does a log come so far. */
const UNATTENDED = 64 * 1024 * 1024;

/** Pure. `json-file` has no bound unless it is given one, `local` has five files of 20 MiB. */
export function logBounds({ Type, Config }: HostConfig['LogConfig']): LogBounds {
  const fallback = Type === 'local' ? LOCAL_DEFAULT : { maxBytes: undefined, maxFiles: 1, compress: false };
  const size = Config['max-size'];
  const files = Config['max-file'];
  const compress = Config['compress'];
  return {
    maxBytes: size === undefined ? fallback.maxBytes : parseBytes(size) || undefined,
    maxFiles: files === undefined ? fallback.maxFiles : Math.max(1, Number(files)),
    compress: compress === undefined ? fallback.compress : parseBool(compress) === true,
  };
}

/** Pure. Where the monitor begins a file anew by itself, bytes: a single file always, several when nobody rotates them. */
export function monitorBound({ maxBytes, maxFiles }: LogBounds): number | undefined {
  if (maxBytes === undefined || maxFiles < 2) return maxBytes;
  return Math.max(UNATTENDED, maxBytes * maxFiles);
}

/** Several files are rotated by the daemon; a single one is begun anew by the monitor itself. */
export function startRotation(context: EngineContext, container: Container): void {
  const { LogConfig } = container.record.hostConfig;
  const { maxBytes, maxFiles, compress } = logBounds(LogConfig);
  if (LogConfig.Type === 'none' || maxBytes === undefined || maxFiles < 2) return;
  container.logRotation = new LogRotation(
    context.paths.of(container.id).log,
    { maxBytes, maxFiles, compress },
    {
      reopen: () => context.runtime.reopenLog(container.id),
      warn: (what) => context.log.warn(`container ${container.id}: ${what}`),
    },
  );
}
