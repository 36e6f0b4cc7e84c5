// The grammar of the command line: pflag's and cobra's rules over tables of flags.
export { checkArgs } from './arguments.ts';
export {
  type AnyCommand,
  any,
  type ArgsRule,
  atLeast,
  atMost,
  type Command,
  exactly,
  type Node,
  none,
  range,
} from './command.ts';
export { Failure, NAME_IN_ERRORS, PROGRAM_NAME } from './failure.ts';
export * as flag from './flag.ts';
export type { Filters, Flags, Values } from './flag.ts';
export { commandHelp, flagUsages, groupHelp, useLine } from './help.ts';
export { parseFlags } from './parse.ts';
export { FORMAT_HELP, INSPECT_FORMAT_HELP } from './usage.ts';
