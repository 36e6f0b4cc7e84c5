// Networks: bridges, addresses, published ports, names.
export type { ContainerNetworks, FileFacts, Given, PortMap } from './endpoints/container.ts';
export { Explainer, type ExplainRequest } from './explain/index.ts';
export { hostNetworks } from './links/links.ts';
export { Networks, type NetworksInput } from './networks.ts';
export type { ContainerNames, NetworkEvents } from './endpoints/ports.ts';
export { onHost, removeFromHost } from './reconcile/remove.ts';
export type { NetworkRecord } from './model/record.ts';
