// Berth's own client as a source of files and secrets for a build, on one connection.
export { type LinkOptions, serveLink } from './serve.ts';
