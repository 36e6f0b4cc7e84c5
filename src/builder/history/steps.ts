// What each step of a Dockerfile depended on when it was last built, so that the next build can say what changed.
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, readdirSync, statSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import type { Graph } from '../graph/vertex.ts';
import type { Inputs } from '../graph/keys.ts';
import type { Before } from './explain.ts';

/** Steps that are remembered; the oldest go. */
const MAX_STEPS = 2000;
/** Inputs above this are not remembered: the step then has no explanation. */
const MAX_ROWS = 100_000;

interface Stored {
  readonly text: string;
  readonly rows: readonly (readonly [string, string])[];
}

/** A step's identity: the instructions of its stage up to it. Of one whose text changed, that of the step before it leads to what it was. */
export interface StepNames {
  readonly own: string;
  readonly place: string;
  readonly text: string;
}

export function stepNames(graph: Graph): Map<number, StepNames> {
  const names = new Map<number, StepNames>();
  const above = new Map<number, string>();
  for (const { stage, text, vertex } of graph.steps) {
    const before = above.get(stage) ?? String(stage);
    const own = hash(`${before}\n${text}`);
    if (vertex !== undefined && !names.has(vertex)) names.set(vertex, { own, place: hash(`${before}\nnext`), text });
    above.set(stage, own);
  }
  return names;
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 32);
}

export class StepMemory {
  readonly #folder: string;
  readonly #written = new Map<string, string>();

  constructor(folder: string) {
    this.#folder = folder;
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  }

  before({ own, place }: StepNames): Before | undefined {
    const same = this.#read(own);
    if (same) return { inputs: new Map(same.rows) };
    const other = this.#read(place);
    return other && { inputs: new Map(other.rows), text: other.text };
  }

  /** `key` tells whether it is what was written last. */
  remember({ own, place, text }: StepNames, key: string, inputs: Inputs): void {
    if (this.#written.get(own) === key || inputs.size > MAX_ROWS) return;
    const stored: Stored = { text, rows: [...inputs] };
    const content = zstdCompressSync(Buffer.from(JSON.stringify(stored)));
    for (const name of [own, place]) writeFileSync(join(this.#folder, name), content, { mode: 0o600 });
    this.#written.set(own, key);
  }

  /** Forgets the oldest. */
  trim(): void {
    const names = readdirSync(this.#folder);
    if (names.length <= MAX_STEPS) return;
    const aged = names
      .map((name) => ({ name, time: statSync(join(this.#folder, name)).mtimeMs }))
      .sort((a, b) => a.time - b.time);
    for (const { name } of aged.slice(0, names.length - MAX_STEPS / 2)) unlinkSync(join(this.#folder, name));
    this.#written.clear();
  }

  #read(name: string): Stored | undefined {
    try {
      return JSON.parse(zstdDecompressSync(readFileSync(join(this.#folder, name))).toString()) as Stored;
    } catch {
      // never done, or torn by a power loss
      return undefined;
    }
  }
}
