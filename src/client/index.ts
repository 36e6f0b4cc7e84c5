// The client of the Engine API.
export {
  Client,
  type Hijacked,
  readAll,
  ResponseError,
} from './client.ts';
export { idsOf, resolveDigest } from './cluster.ts';
export { Demux, type StreamName } from './demux.ts';
export { DEFAULT_SOCKET, type Endpoint, parseEndpoint, type TlsFiles } from './endpoint.ts';
export { lines } from './jsonlines.ts';
export type { Wire } from './wire.ts';
