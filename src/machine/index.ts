// Linux machines on a host that may have none: made, switched on and off, and reached as a context.
export { runCommand } from './commands.ts';
export type { Contexts, Machines } from './verbs.ts';
export { placeOf } from './record.ts';
