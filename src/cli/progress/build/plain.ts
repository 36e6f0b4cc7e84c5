// Build events as lines, in the manner of `--progress plain`: `#5 [2/3] RUN make`, `#5 0.120 output`, `#5 DONE 0.3s`. A fold; pure.
import type { ShownEvent, ShownVertex } from '../../../spec/berth/build.ts';

interface Shown {
  readonly number: number;
  started: bigint | undefined;
  name: string;
  ended: boolean;
  rest: string;
  /** When output came last. */
  at: string;
}

export class PlainBuild {
  readonly #shown = new Map<string, Shown>();
  readonly #explain: boolean;
  /** The step whose lines were written last. */
  #current: Shown | undefined;

  /** `explain`: each step says why it was not reused. */
  constructor(explain: boolean) {
    this.#explain = explain;
  }

  /** Text that an event adds; '' for none. */
  add(event: ShownEvent): string {
    if (event.kind === 'vertex') return this.#vertex(event.vertex);
    if (event.kind === 'log') return this.#log(event.vertex, event.data, event.at);
    if (event.kind === 'status') return this.#status(event);
    return '';
  }

  /** Lines of another step in between are begun with its name again. */
  #turn(shown: Shown): string {
    if (this.#current === shown) return '';
    const again = this.#current === undefined || this.#current.ended ? '' : '\n';
    this.#current = shown;
    return `${again}#${shown.number} ${shown.name}\n`;
  }

  #vertex(vertex: ShownVertex): string {
    let text = '';
    let shown = this.#shown.get(vertex.id);
    if (!shown) {
      if (vertex.started === undefined && !vertex.cached) return '';
      const started = vertex.started === undefined ? undefined : BigInt(vertex.started);
      shown = {
        number: this.#shown.size + 1,
        started,
        name: vertex.name,
        ended: false,
        rest: '',
        at: vertex.started ?? '0',
      };
      this.#shown.set(vertex.id, shown);
      text += this.#turn(shown);
    }
    if (vertex.completed === undefined || shown.ended) return text;
    text += this.#turn(shown);
    shown.ended = true;
    if (this.#explain && vertex.cause !== undefined) text += `#${shown.number} because ${vertex.cause}\n`;
    if (shown.rest !== '') text += `#${shown.number} ${seconds(shown.started, shown.at, 3)} ${shown.rest}\n`;
    if (vertex.error !== undefined) return `${text}#${shown.number} ERROR: ${vertex.error}\n`;
    if (vertex.cached) return `${text}#${shown.number} CACHED\n\n`;
    return `${text}#${shown.number} DONE ${seconds(shown.started, vertex.completed)}s\n\n`;
  }

  #log(id: string, data: string, at: string): string {
    const shown = this.#shown.get(id);
    if (!shown) return '';
    shown.at = at;
    const lines = (shown.rest + Buffer.from(data, 'base64').toString()).split('\n');
    shown.rest = lines.pop() ?? '';
    if (lines.length === 0) return '';
    const time = seconds(shown.started, at, 3);
    return this.#turn(shown) + lines.map((line) => `#${shown.number} ${time} ${line}\n`).join('');
  }

  /** Only ends are told: what grows is for terminals. */
  #status(status: Extract<ShownEvent, { kind: 'status' }>): string {
    const shown = this.#shown.get(status.vertex);
    if (!shown || shown.ended || status.completed === undefined) return '';
    const size = status.current > 0 ? ` ${amount(status.current)}` : '';
    return `${this.#turn(shown)}#${shown.number} ${status.name}${size} done\n`;
  }
}

function seconds(from: bigint | undefined, to: string, digits = 1): string {
  const end = BigInt(to);
  return (Number(end - (from ?? end)) / 1e9).toFixed(digits);
}

/** `12.30kB`, as BuildKit's clients write sizes. */
export function amount(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return unit === 0 ? `${value}B` : `${value.toFixed(2)}${units[unit]}`;
}
