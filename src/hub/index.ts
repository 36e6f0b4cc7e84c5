// A registry of one's own: the distribution protocol, search, access and pages.
export { type Hub, type HubOptions, openHub } from './open.ts';
export { bucketSettings, CONSOLE_COMMANDS, findCommand, runCommand } from './console/index.ts';
