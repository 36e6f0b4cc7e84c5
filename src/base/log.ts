// The daemon's log: one pino line an event on stderr. Folders take a `Log`, never pino itself.
import { type Logger, pino } from 'pino';

export type Log = Pick<Logger, 'debug' | 'info' | 'warn' | 'error'>;

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'fatal';

/** A log whose level can be changed while it is in use. */
export type LevelledLog = Log & Pick<Logger, 'level'>;

export function createLog(level: LogLevel): LevelledLog {
  return pino(
    {
      base: null,
      level,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    pino.destination({ fd: 2, sync: true }),
  );
}

export const silentLog: Log = pino({ enabled: false });
