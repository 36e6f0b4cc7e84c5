// What happens in a daemon, in order, for everyone who watches.
export { type DaemonEvent, EventLog, type Gap, type NewEvent, type WatchOptions } from './log.ts';
