// What clients send, as tables: each names its fields, their kinds and their defaults.
export {
  containerConfig,
  createRequest,
  endpointSettings,
  hostConfig,
  type Resources,
  updateRequest,
} from './container.ts';
export {
  decode,
  flag,
  int,
  type Kind,
  list,
  map,
  omit,
  optional,
  pair,
  pointer,
  strings,
  struct,
  text,
  unit,
} from './decode.ts';
export { execOptions } from './exec.ts';
export { volumeCreate } from './volume.ts';
