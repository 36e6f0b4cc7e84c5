// Parity: in what two places differ that should be the same. Pure; who observes them is the command's business.
export { compare, type Difference, lockText, parseLock, underOneName } from './compare.ts';
export {
  type ContainerInfo,
  containerFacts,
  hostFacts,
  type HostInfo,
  keyOf,
  type Place,
  projectOf,
} from './facts.ts';
