// How large a container's log may grow, from its logging options.
import { parseBytes } from '../base/units.ts';
import { reopenLog, rotateWhileRunning, trimLog } from '../runtime/index.ts';
import type { HostConfig } from '../spec/docker/index.ts';
import type { Container } from './container.ts';
import type { EngineContext } from './context.ts';

export interface LogBounds {
  /** Bytes of one file; undefined is no bound. */
  readonly maxBytes: number | undefined;
  readonly maxFiles: number;
}

const LOCAL_DEFAULT: LogBounds = { maxBytes: 20 * 1024 * 1024, maxFiles: 5 };

/** Pure. `json-file` has no bound unless it is given one, `local` has five files of 20 MiB. */
export function logBounds({ Type, Config }: HostConfig['LogConfig']): LogBounds {
  const fallback = Type === 'local' ? LOCAL_DEFAULT : { maxBytes: undefined, maxFiles: 1 };
  const size = Config['max-size'];
  const files = Config['max-file'];
  return {
    maxBytes: size === undefined || size === '-1' ? fallback.maxBytes : parseBytes(size),
    maxFiles: files === undefined ? fallback.maxFiles : Number(files),
  };
}

/** Several files are rotated by the daemon; a single one is begun anew by the monitor itself. */
export function startRotation(context: EngineContext, container: Container): void {
  const { LogConfig } = container.record.hostConfig;
  const { maxBytes, maxFiles } = logBounds(LogConfig);
  if (LogConfig.Type === 'none' || maxBytes === undefined || maxFiles < 2) return;
  const { log } = context.paths.of(container.id);
  const stop = rotateWhileRunning(
    log,
    { maxBytes, maxFiles },
    () => void reopenLog(context.runtime.paths.bundle(container.id)),
  );
  container.rotationStop = () => {
    stop();
    trimLog(log, maxBytes);
  };
}
