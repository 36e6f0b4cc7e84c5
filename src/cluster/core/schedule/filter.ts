// The filters that a node must pass, in Swarm's order, and what each says of a node that it turns away. Pure.
import { type Constraint, parseConstraints, unmet } from '../model/constraint.ts';
import { hasPlatform } from '../model/platform.ts';
import type { Needs, Node, Placement, Service, Task } from '../model/types.ts';
import { type Board, countOf } from './board.ts';

export type Filter = 'ready' | 'resources' | 'plugin' | 'constraint' | 'platform' | 'host-port' | 'max-per-node';

export interface Refusal {
  readonly filter: Filter;
  /** The same for nodes that are turned away for the same reason. */
  readonly reason: string;
}

export interface StaticRules {
  readonly constraints: readonly Constraint[];
  readonly placement: Placement;
}

export function rulesOf(placement: Placement): StaticRules {
  const parsed = parseConstraints(placement.constraints ?? []);
  return { constraints: 'error' in parsed ? [] : parsed.constraints, placement };
}

/** What no placement changes. */
export function passesStatic(node: Node, { constraints, placement }: StaticRules): boolean {
  return (
    notReady(node) === undefined &&
    lacksPlugin(node, placement) === undefined &&
    unmet(node, constraints) === undefined &&
    hasPlatform(node, placement.platforms)
  );
}

/** What placements change; `old` gives its place to the task. */
export function fits(board: Board, index: number, service: Service, needs: Needs | undefined, old?: Task): boolean {
  if (needs !== undefined) {
    const held = old?.needs;
    if ((needs.nanoCpus ?? 0) > 0 && (needs.nanoCpus ?? 0) > (board.freeCpus[index] ?? 0) + (held?.nanoCpus ?? 0))
      return false;
    if (
      (needs.memoryBytes ?? 0) > 0 &&
      (needs.memoryBytes ?? 0) > (board.freeMemory[index] ?? 0) + (held?.memoryBytes ?? 0)
    )
      return false;
    if (needs.generic && lacksGeneric(board, index, needs, held) !== undefined) return false;
    if (needs.hostPorts?.length && takenPort(board, index, needs, held) !== undefined) return false;
  }
  const most = service.placement.maxPerNode ?? 0;
  return most === 0 || countOf(board, service.id, index) - (old ? 1 : 0) < most;
}

/** The first filter that turns the node away, as Swarm goes through them. */
export function refusal(
  board: Board,
  index: number,
  service: Service,
  needs: Needs | undefined,
  rules: StaticRules,
): Refusal | undefined {
  const node = board.nodes[index];
  if (node === undefined) return undefined;
  const state = notReady(node);
  if (state !== undefined) return { filter: 'ready', reason: state };
  const short = lacksResource(board, index, needs);
  if (short !== undefined) return { filter: 'resources', reason: `no ${short}` };
  const plugin = lacksPlugin(node, rules.placement);
  if (plugin !== undefined) return { filter: 'plugin', reason: `no plugin ${plugin}` };
  const constraint = unmet(node, rules.constraints);
  if (constraint !== undefined) return { filter: 'constraint', reason: `not ${constraint}` };
  if (!hasPlatform(node, rules.placement.platforms)) return { filter: 'platform', reason: 'another platform' };
  const port = needs && takenPort(board, index, needs);
  if (port !== undefined) return { filter: 'host-port', reason: `port ${port} taken` };
  const most = service.placement.maxPerNode ?? 0;
  if (most > 0 && countOf(board, service.id, index) >= most)
    return { filter: 'max-per-node', reason: `${most} of at most ${most} there` };
  return undefined;
}

function notReady({ state, availability }: Node): string | undefined {
  if (state !== 'ready') return state;
  if (availability === 'active') return undefined;
  return availability === 'drain' ? 'drained' : 'paused';
}

function lacksResource(board: Board, index: number, needs: Needs | undefined): string | undefined {
  if (needs === undefined) return undefined;
  if ((needs.nanoCpus ?? 0) > 0 && (needs.nanoCpus ?? 0) > (board.freeCpus[index] ?? 0)) return 'cpu';
  if ((needs.memoryBytes ?? 0) > 0 && (needs.memoryBytes ?? 0) > (board.freeMemory[index] ?? 0)) return 'memory';
  return lacksGeneric(board, index, needs);
}

function lacksGeneric(board: Board, index: number, needs: Needs, held?: Needs): string | undefined {
  return Object.entries(needs.generic ?? {}).find(
    ([kind, amount]) => amount > (board.generic[index]?.get(kind) ?? 0) + (held?.generic?.[kind] ?? 0),
  )?.[0];
}

function takenPort(board: Board, index: number, needs: Needs, held?: Needs): string | undefined {
  const taken = board.ports[index];
  return taken && needs.hostPorts?.find((port) => taken.has(port) && !held?.hostPorts?.includes(port));
}

function lacksPlugin(node: Node, placement: Placement): string | undefined {
  // a node that does not say what it has is asked by the task itself
  if (placement.plugins === undefined || node.plugins === undefined) return undefined;
  return placement.plugins.find(
    (plugin) => !node.plugins?.some((name) => name === plugin || name === `${plugin}:latest`),
  );
}
