// Networks: bridges, addresses, published ports, names.
export type { ContainerNetworks, FileFacts, Given, PortMap } from './container.ts';
export { Explainer, type ExplainRequest } from './explain/index.ts';
export { Networks, type NetworksInput } from './networks.ts';
export type { ContainerNames, NetworkEvents } from './ports.ts';
export { onHost, removeFromHost } from './remove.ts';
export type { NetworkRecord } from './record.ts';
