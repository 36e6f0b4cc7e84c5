// Containers as far as explaining their connections goes.
import type { ContainerFacts, ContainerLookup } from '../network/explain/ports.ts';
import type { Container } from './container/container.ts';
import { hasProcess } from './lifecycle/index.ts';
import type { Registry } from './container/registry.ts';

export function peersOf(registry: Registry): ContainerLookup {
  return {
    lookup: (reference) => {
      const found = registry.lookup(reference);
      return found && factsOf(found);
    },
    all: () => registry.all().map(factsOf),
  };
}

function factsOf({ id, record, state }: Container): ContainerFacts {
  return {
    id,
    name: record.name,
    phase: state.phase,
    exitCode: state.exitCode,
    pid: hasProcess(state.phase) ? state.process?.pid : undefined,
    networkMode: record.hostConfig.NetworkMode,
  };
}
