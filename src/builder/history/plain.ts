// Build events as lines of text, in the manner of BuildKit's plain progress: `#5 [2/3] RUN make`, `#5 0.120 output`, `#5 DONE 0.3s`. A fold; pure.
import type { BuildEvent, Vertex } from '../model/event.ts';

interface Shown {
  readonly number: number;
  readonly started: bigint | undefined;
  ended: boolean;
  rest: string;
}

export class PlainText {
  readonly #shown = new Map<string, Shown>();

  /** Text that an event adds; '' for none. */
  add(event: BuildEvent): string {
    if (event.kind === 'vertex') return this.#vertex(event.vertex);
    if (event.kind === 'log') return this.#log(event.vertex, event.data, event.at);
    if (event.kind === 'warning') return `WARN: ${event.rule}: ${event.short}\n`;
    return '';
  }

  #vertex(vertex: Vertex): string {
    let text = '';
    let shown = this.#shown.get(vertex.id);
    if (!shown) {
      shown = { number: this.#shown.size + 1, started: vertex.started, ended: false, rest: '' };
      this.#shown.set(vertex.id, shown);
      text += `#${shown.number} ${vertex.name}\n`;
      if (vertex.cause !== undefined) text += `#${shown.number} because ${vertex.cause}\n`;
    }
    if (vertex.completed === undefined || shown.ended) return text;
    shown.ended = true;
    if (shown.rest !== '') text += `#${shown.number} ${shown.rest}\n`;
    if (vertex.error !== undefined) return `${text}#${shown.number} ERROR: ${vertex.error}\n\n`;
    if (vertex.cached) return `${text}#${shown.number} CACHED\n\n`;
    return `${text}#${shown.number} DONE ${seconds(shown.started, vertex.completed)}s\n\n`;
  }

  #log(id: string, data: Uint8Array, at: bigint): string {
    const shown = this.#shown.get(id);
    if (!shown) return '';
    const lines = (shown.rest + Buffer.from(data).toString()).split('\n');
    shown.rest = lines.pop() ?? '';
    const time = seconds(shown.started, at, 3);
    return lines.map((line) => `#${shown.number} ${time} ${line}\n`).join('');
  }
}

function seconds(from: bigint | undefined, to: bigint, digits = 1): string {
  return (Number(to - (from ?? to)) / 1e9).toFixed(digits);
}
