// A registry of one's own: the distribution protocol, search, access and pages.
export { type Hub, type HubOptions, openHub } from './open.ts';
export { CONSOLE_COMMANDS, findCommand, runCommand } from './console/index.ts';
