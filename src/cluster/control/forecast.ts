// What would become of the tasks if nodes went or came or services were scaled: the leader's own decisions on a copy.
import { invalid } from '../../base/errors.ts';
import * as core from '../core/index.ts';
import { coreNode, coreService, coreTask } from '../manager/translate.ts';
import type { Cluster } from '../member/cluster.ts';
import type { NodeLoad } from '../wire/messages.ts';
import type { NodeControl } from './nodes.ts';
import type { ServiceControl } from './services.ts';

export interface WhatIfRequest {
  readonly Kill?: readonly string[];
  readonly Drain?: readonly string[];
  readonly Add?: readonly {
    readonly NanoCPUs?: number;
    readonly MemoryBytes?: number;
    readonly Labels?: Readonly<Record<string, string>>;
  }[];
  readonly Scale?: Readonly<Record<string, number>>;
}

export class ForecastControl {
  readonly #cluster: Cluster;
  readonly #nodes: NodeControl;
  readonly #services: ServiceControl;

  constructor(cluster: Cluster, nodes: NodeControl, services: ServiceControl) {
    this.#cluster = cluster;
    this.#nodes = nodes;
    this.#services = services;
  }

  async whatIf(request: WhatIfRequest): Promise<object> {
    const { manager } = this.#cluster;
    const { cache } = manager;
    const changes = this.#changes(request);
    const loads = await manager.ask<Readonly<Record<string, NodeLoad>>>({ about: 'loads' }).catch(() => ({}));
    const world: core.World = {
      nodes: core.nodeMap(
        cache.all('nodes').map((node) => coreNode(node, { load: (loads as Record<string, NodeLoad>)[node.ID] })),
      ),
      services: new Map(cache.all('services').map((service) => [service.ID, coreService(service)])),
      tasks: new Map(cache.all('tasks').map((task) => [task.ID, coreTask(task)])),
    };
    const forecast = core.whatIf(world, changes, Date.now());
    const { placed, stopped, pending } = forecast;
    return {
      Text: core.printForecast(forecast),
      Placed: placed.map(({ task, from }) => ({
        Service: task.serviceId,
        Slot: task.slot,
        Node: task.nodeId,
        ...(from === undefined ? {} : { From: from }),
      })),
      Stopped: stopped.map(({ id }) => id),
      Pending: pending.map(({ serviceId, why }) => ({ Service: serviceId, Reason: why.detail })),
    };
  }

  #changes({ Kill = [], Drain = [], Add = [], Scale = {} }: WhatIfRequest): core.Change[] {
    const scaled = Object.entries(Scale).map(([name, replicas]): core.Change => {
      const service = this.#services.get(name);
      if (!service.Spec.Mode.Replicated) throw invalid('scale can only be used with replicated mode');
      if (!Number.isSafeInteger(replicas) || replicas < 0) throw invalid(`invalid replicas for ${name}`);
      return { kind: 'scale', serviceId: service.ID, replicas };
    });
    return [
      ...Kill.map((name): core.Change => ({ kind: 'kill', nodeId: this.#nodes.get(name).ID })),
      ...Drain.map((name): core.Change => ({ kind: 'drain', nodeId: this.#nodes.get(name).ID })),
      ...Add.map(
        ({ NanoCPUs, MemoryBytes, Labels }, at): core.Change => ({
          kind: 'add',
          node: {
            id: `new${at + 1}`,
            hostname: `new${at + 1}`,
            state: 'ready',
            availability: 'active',
            role: 'worker',
            labels: Labels,
            resources: { nanoCpus: NanoCPUs, memoryBytes: MemoryBytes },
          },
        }),
      ),
      ...scaled,
    ];
  }
}
