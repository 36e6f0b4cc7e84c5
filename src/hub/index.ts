// A registry of one's own: the distribution protocol, search, access and pages.
export { type Hub, type HubOptions, openHub } from './open.ts';
