// How good a node is for the next task of a service, as one number of which the least is best. Pure.
import type { Service, Strategy } from '../model/types.ts';
import { type Board, countOf } from './board.ts';

/** So many failures of a service on a node put it behind all others, as with Swarm. */
const MAX_FAILURES = 5;
const LOAD_LEVELS = 10;
const MAX_COUNT = 1_000_000;

/** What the turns and the random choice remember from one placement to the next. */
export interface Draw {
  /** Turns given so far, by node number; relative to the node that was last. */
  readonly turns: Float64Array;
  next: () => number;
}

export function drawOf(size: number, cursor: number, seed: number): Draw {
  let state = seed >>> 0;
  return {
    turns: Float64Array.from({ length: size }, (_, index) => (index - cursor - 1 + size) % Math.max(1, size)),
    // mulberry32
    next: () => {
      state = (state + 0x6d2b79f5) >>> 0;
      let mixed = Math.imul(state ^ (state >>> 15), state | 1);
      mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
      return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
    },
  };
}

/** `leaving`: tasks of the service there that make room for this one. */
export function scoreOf(
  board: Board,
  draw: Draw,
  strategy: Strategy,
  service: Service,
  index: number,
  leaving = 0,
): number {
  const failures = board.failures.get(service.id)?.get(index) ?? 0;
  const bad = failures >= MAX_FAILURES ? Math.min(15, Math.floor(failures / MAX_FAILURES)) : 0;
  const own = Math.min(MAX_COUNT - 1, countOf(board, service.id, index) - leaving);
  const total = Math.max(0, (board.counts[index] ?? 0) - leaving);
  const hasImage = service.image !== undefined && (board.nodes[index]?.images?.has(service.image) ?? false);
  // among equals those that have the image come first
  const tie = hasImage ? 0 : 1;
  switch (strategy) {
    case 'spread':
      return (bad * MAX_COUNT + own) * 4_194_304 + Math.min(2_097_151, total) * 2 + tie;
    case 'least-busy': {
      const load = Math.max(0, board.load[index] ?? 0);
      const level = Math.min(63, Math.floor(load * LOAD_LEVELS));
      const fine = Math.min(511, Math.floor((load * LOAD_LEVELS - level) * 512));
      return ((bad * 64 + level) * MAX_COUNT + own) * 1024 + fine * 2 + tie;
    }
    case 'binpack': {
      const used = reservedShare(board, index);
      return (bad * 1_048_576 + Math.floor((1 - used) * 1_048_575)) * 4096 + (2047 - Math.min(2047, total)) * 2 + tie;
    }
    case 'in-turn':
      return bad * 1e12 + (draw.turns[index] ?? 0);
    case 'random':
      return bad + draw.next();
  }
}

/** In which bucket of the board a node stands: near the score, without what differs by service. */
export function levelOf(board: Board, strategy: Strategy, index: number): number {
  if (strategy === 'least-busy') return Math.floor(Math.max(0, board.load[index] ?? 0) * LOAD_LEVELS * 4);
  if (strategy === 'binpack') return 256 - Math.ceil(reservedShare(board, index) * 256);
  return board.counts[index] ?? 0;
}

/** 0 to 1: of the resource that is reserved most. */
export function reservedShare(board: Board, index: number): number {
  const cpus = board.cpus[index] ?? 0;
  const memory = board.memory[index] ?? 0;
  const share = Math.max(
    cpus === 0 ? 0 : 1 - (board.freeCpus[index] ?? 0) / cpus,
    memory === 0 ? 0 : 1 - (board.freeMemory[index] ?? 0) / memory,
  );
  return Math.min(1, Math.max(0, share));
}
