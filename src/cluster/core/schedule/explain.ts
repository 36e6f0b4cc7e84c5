// Why a task is not placed: in Swarm's summary for clients, and node by node for people. Pure.
import type { Needs, Service } from '../model/types.ts';
import type { Board } from './board.ts';
import { type Filter, type StaticRules, refusal } from './filter.ts';

export interface Explanation {
  /** `no suitable node (insufficient resources on 2 nodes)`. */
  readonly summary: string;
  /** `3 nodes: no memory; 1 node: port 80/tcp taken`. */
  readonly detail: string;
  readonly nodes: readonly { readonly reason: string; readonly nodeIds: readonly string[] }[];
}

const WORDS: Readonly<Record<Filter, (nodes: string) => string>> = {
  ready: (nodes) => `${nodes} not available for new tasks`,
  resources: (nodes) => `insufficient resources on ${nodes}`,
  plugin: (nodes) => `missing plugin on ${nodes}`,
  constraint: (nodes) => `scheduling constraints not satisfied on ${nodes}`,
  platform: (nodes) => `unsupported platform on ${nodes}`,
  'host-port': (nodes) => `host-mode port already in use on ${nodes}`,
  // Swarm's spelling
  'max-per-node': () => 'max replicas per node limit exceed',
};

/** `only`: the one node that comes into question. */
export function explain(
  board: Board,
  service: Service,
  needs: Needs | undefined,
  rules: StaticRules,
  only?: number,
): Explanation {
  const byFilter = new Map<Filter, number>();
  const byReason = new Map<string, string[]>();
  board.nodes.forEach((node, index) => {
    if (only !== undefined && only !== index) return;
    const found = refusal(board, index, service, needs, rules);
    if (found === undefined) return;
    byFilter.set(found.filter, (byFilter.get(found.filter) ?? 0) + 1);
    const ids = byReason.get(found.reason);
    if (ids) ids.push(node.id);
    else byReason.set(found.reason, [node.id]);
  });
  const reasons = [...byFilter].sort((a, b) => b[1] - a[1]).map(([filter, count]) => WORDS[filter](nodesText(count)));
  const nodes = [...byReason]
    .map(([reason, nodeIds]) => ({ reason, nodeIds }))
    .sort((a, b) => b.nodeIds.length - a.nodeIds.length);
  return {
    summary: reasons.length === 0 ? 'no suitable node' : `no suitable node (${reasons.join('; ')})`,
    detail:
      nodes.length === 0
        ? 'there is no node'
        : nodes.map(({ reason, nodeIds }) => `${nodesText(nodeIds.length)}: ${reason}`).join('; '),
    nodes,
  };
}

function nodesText(count: number): string {
  return count === 1 ? '1 node' : `${count} nodes`;
}
