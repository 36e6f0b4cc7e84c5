// The client of the Engine API.
export {
  type CallOptions,
  Client,
  type ClientOptions,
  type Hijacked,
  ResponseError,
  readAll,
  type StreamAnswer,
} from './client.ts';
export { Demux, type StreamName } from './demux.ts';
export { contextHost, DEFAULT_SOCKET, type Endpoint, parseEndpoint, type TlsFiles } from './endpoint.ts';
export { lines } from './jsonlines.ts';
export type { BodySource, Wire } from './wire.ts';
