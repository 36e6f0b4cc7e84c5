// Build events as a block of lines that is drawn over itself: steps, their times, and the last output of those that run. A fold; pure.
import type { ShownEvent, ShownVertex } from '../../../spec/berth/build.ts';
import { lastWritten, printable } from '../../../base/printable.ts';
import { amount } from './plain.ts';

/** Lines of output of one step that runs. */
const LOG_LINES = 6;

interface Step {
  vertex: ShownVertex;
  readonly lines: string[];
  rest: string;
  readonly status: Map<string, { readonly name: string; readonly current: number; readonly total: number }>;
}

export class TerminalBuild {
  readonly #steps = new Map<string, Step>();
  readonly #explain: boolean;
  #drawn = 0;

  constructor(explain: boolean) {
    this.#explain = explain;
  }

  add(event: ShownEvent): void {
    if (event.kind === 'warning') return;
    if (event.kind === 'vertex') {
      const step = this.#steps.get(event.vertex.id);
      if (step) step.vertex = event.vertex;
      else this.#steps.set(event.vertex.id, { vertex: event.vertex, lines: [], rest: '', status: new Map() });
      return;
    }
    const step = this.#steps.get(event.vertex);
    if (!step) return;
    if (event.kind === 'status') {
      if (event.completed === undefined) step.status.set(event.id, event);
      else step.status.delete(event.id);
      return;
    }
    const lines = (step.rest + Buffer.from(event.data, 'base64').toString()).split('\n');
    step.rest = lines.pop() ?? '';
    step.lines.push(...lines);
    step.lines.splice(0, Math.max(0, step.lines.length - LOG_LINES));
  }

  /** What was drawn stays, since something else stands below it. */
  below(): void {
    this.#drawn = 0;
  }

  /** The block at a time, nanoseconds, drawn over the one before; `ended` shows all of it, without output. */
  draw(now: bigint, began: bigint, size: readonly [number, number], ended: boolean): string {
    const [height, width] = size;
    const steps = [...this.#steps.values()].filter(({ vertex }) => vertex.started !== undefined || vertex.cached);
    const done = steps.filter(({ vertex }) => vertex.completed !== undefined).length;
    const state = ended ? ' FINISHED' : '';
    const rows = [`[+] Building ${seconds(began, now)}s (${done}/${steps.length})${state}`];
    for (const step of steps) rows.push(...this.#rows(step, now, width, ended));
    const room = Math.max(4, height - 2);
    const shown = ended || rows.length <= room ? rows : [rows[0] ?? '', ...rows.slice(-(room - 1))];
    const up = this.#drawn > 0 ? `\x1b[${this.#drawn}A` : '';
    this.#drawn = shown.length;
    return `${up}\x1b[J${shown.map((row) => printable(row.slice(0, Math.max(1, width - 1)))).join('\n')}\n`;
  }

  #rows({ vertex, lines, status }: Step, now: bigint, width: number, ended: boolean): string[] {
    const end = vertex.completed === undefined ? now : BigInt(vertex.completed);
    const time = vertex.started === undefined ? '0.0' : seconds(BigInt(vertex.started), end);
    const label = vertex.error !== undefined ? 'ERROR ' : vertex.cached ? 'CACHED ' : '';
    const left = ` => ${label}${vertex.name}`;
    const right = `${time}s`;
    const room = Math.max(10, width - right.length - 2);
    const rows = [`${left.length > room ? `${left.slice(0, room - 3)}...` : left.padEnd(room)} ${right}`];
    if (this.#explain && vertex.cause !== undefined) rows.push(` => => because ${vertex.cause}`);
    if (vertex.completed !== undefined || ended) return rows;
    for (const { name, current, total } of status.values()) {
      rows.push(` => => ${name} ${amount(current)}${total > 0 ? ` / ${amount(total)}` : ''}`);
    }
    for (const line of lines) rows.push(` => => # ${lastWritten(line)}`);
    return rows;
  }
}

const seconds = (from: bigint, to: bigint): string => (Number(to - from) / 1e9).toFixed(1);
