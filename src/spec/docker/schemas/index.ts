// What clients send, as tables: each names its fields, their kinds and their defaults.
export {
  containerConfig,
  createRequest,
  endpointSettings,
  hostConfig,
  type Resources,
  updateRequest,
} from './container.ts';
export { decode, type Kind } from './decode.ts';
export { execOptions } from './exec.ts';
export { networkConnect, networkCreate, networkDisconnect } from './network.ts';
export { volumeCreate } from './volume.ts';
