// Networks: bridges, addresses, published ports, names.
export {
  type ContainerWish,
  type FileFacts,
  type Given,
  Networks,
  type NetworksInput,
  type PortMap,
} from './networks.ts';
export type { ContainerNames, NetworkEvents } from './ports.ts';
export { removeFromHost } from './remove.ts';
export type { NetworkRecord } from './record.ts';
