// Lines of several containers with who wrote them before each: `web-1  | `, in colours where there are some.
import { printable } from '../../../base/printable.ts';

const COLOURS = [36, 33, 32, 35, 34, 96, 93, 92, 95, 94];

export interface LineOptions {
  readonly hasPrefix: boolean;
  readonly isColoured: boolean;
}

/** Gives every container its prefix; the longest name sets the width of all. */
export class LogLines {
  readonly #options: LineOptions;
  readonly #colours = new Map<string, number>();
  #width = 0;

  constructor(options: LineOptions) {
    this.#options = options;
  }

  add(name: string): void {
    if (!this.#colours.has(name)) this.#colours.set(name, COLOURS[this.#colours.size % COLOURS.length] ?? 36);
    this.#width = Math.max(this.#width, name.length);
  }

  line(name: string, text: string): string {
    if (!this.#options.hasPrefix) return `${text}\n`;
    const prefix = printable(`${name.padEnd(this.#width)}  | `);
    if (!this.#options.isColoured) return `${prefix}${text}\n`;
    return `\x1b[${this.#colours.get(name) ?? 36}m${prefix}\x1b[0m${text}\n`;
  }
}

/** Cuts a stream into lines; the last one counts when the stream ends, with or without its end. */
export class LineSplitter {
  readonly #emit: (line: string) => void;
  #rest: Buffer[] = [];

  constructor(emit: (line: string) => void) {
    this.#emit = emit;
  }

  push(chunk: Buffer): void {
    let from = 0;
    for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, from)) {
      this.#line(chunk.subarray(from, at));
      from = at + 1;
    }
    if (from < chunk.length) this.#rest.push(Buffer.from(chunk.subarray(from)));
  }

  end(): void {
    if (this.#rest.length > 0) this.#line(Buffer.alloc(0));
  }

  #line(last: Buffer): void {
    const bytes = this.#rest.length === 0 ? last : Buffer.concat([...this.#rest, last]);
    this.#rest = [];
    this.#emit(bytes.toString('utf8'));
  }
}
