// Texts of flags -> parts of API bodies. Everything here throws Error with Docker's wording.
export { parseUlimit } from '../../../base/ulimit.ts';
export * from './annotation.ts';
export * from './attributes.ts';
export { splitWords } from './command-line.ts';
export * from './device.ts';
export * from './limits.ts';
export * from './mount.ts';
export * from './network.ts';
export * from './port.ts';
export * from './reference.ts';
export * from './secret.ts';
export * from './security.ts';
export * from './text.ts';
export * from './volume.ts';
