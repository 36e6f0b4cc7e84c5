// Progress on stderr: plain lines, lines of JSON, a list that is drawn anew in a terminal, or nothing.
import type { ProgressEvent, Report } from '../../../../compose/index.ts';
import { printable } from '../../../../base/printable.ts';
import type { ComposeContext } from './command.ts';

export interface Progress {
  readonly report: Report;
  /** leaves the last state on the screen */
  end(): void;
}

export function progressOn(context: ComposeContext): Progress {
  const { settings, cli } = context;
  const err = (text: string): void => cli.err(text);
  const draw = (text: string): void => cli.draw(2, text);
  const mode = settings.progress === 'auto' ? (cli.terminal(2) ? 'tty' : 'plain') : settings.progress;
  switch (mode) {
    case 'quiet':
      return { report: () => {}, end: () => {} };
    case 'json':
      return { report: (event) => err(`${jsonLine(event, settings.dryRun)}\n`), end: () => {} };
    case 'tty':
      return new TerminalProgress(draw, settings.dryRun, () => Date.now(), process.stderr.columns ?? 80);
    case 'plain':
      return { report: (event) => err(`${plainLine(event, settings.dryRun)}\n`), end: () => {} };
  }
}

const DRY = ' DRY-RUN MODE - ';

/** ` Container p-web-1  Creating`; images have their words elsewhere: ` web Pulling `. */
export function plainLine({ id, action = '', text }: ProgressEvent, isDry: boolean): string {
  return `${isDry ? DRY : ''} ${id} ${action} ${text}`;
}

function jsonLine({ id, action, text, status, parent }: ProgressEvent, isDry: boolean): string {
  return JSON.stringify({
    ...(isDry ? { 'dry-run': true } : {}),
    id,
    ...(parent === undefined ? {} : { parent_id: parent }),
    ...(action === undefined ? {} : { text: action }),
    ...(text === '' ? {} : { status: text }),
    ...(status === 'error' ? { error: true } : {}),
  });
}

interface Row {
  event: ProgressEvent;
  readonly began: number;
  ended: number | undefined;
}

const MARKS = {
  working: '\x1b[33m⠿\x1b[0m',
  done: '\x1b[32m✔\x1b[0m',
  warning: '\x1b[33m!\x1b[0m',
  error: '\x1b[31m✘\x1b[0m',
};

/** One row for each thing, in the order in which they came, with what it took. */
export class TerminalProgress implements Progress {
  readonly #write: (text: string) => void;
  readonly #isDry: boolean;
  readonly #now: () => number;
  readonly #width: number;
  readonly #rows = new Map<string, Row>();
  #drawn = 0;

  constructor(write: (text: string) => void, isDry: boolean, now: () => number, width: number) {
    this.#write = write;
    this.#isDry = isDry;
    this.#now = now;
    this.#width = width;
  }

  readonly report = (event: ProgressEvent): void => {
    // The row of a service stands for its layers.
    if (event.parent !== undefined) return;
    const row = this.#rows.get(event.id);
    const ended = event.status === 'working' ? undefined : this.#now();
    if (row === undefined) this.#rows.set(event.id, { event, began: this.#now(), ended });
    else {
      row.event = event;
      row.ended = ended;
    }
    this.#draw();
  };

  #draw(): void {
    const rows = [...this.#rows.values()];
    const ended = rows.filter((row) => row.ended !== undefined).length;
    const pad = Math.max(...rows.map((row) => label(row.event).length));
    const head = `\x1b[${this.#isDry ? '33' : '34'}m[+] Running ${ended}/${rows.length}\x1b[0m`;
    const lines = rows.map(({ event, began, ended: end }) => {
      const took = `${(((end ?? this.#now()) - began) / 1000).toFixed(1)}s`;
      const isFirst = event.status === 'error' ? event.text.split('\n')[0] : event.text;
      const text = printable(` ${label(event).padEnd(pad)}  ${isFirst}`);
      const room = Math.max(10, this.#width - took.length - 4);
      return ` ${MARKS[event.status]}${text.slice(0, room).padEnd(room)}${took}`;
    });
    const up = this.#drawn === 0 ? '' : `\x1b[${this.#drawn}A`;
    this.#write(`${up}${[head, ...lines].map((line) => `\x1b[2K${line}\n`).join('')}`);
    this.#drawn = lines.length + 1;
  }

  end(): void {
    this.#rows.clear();
    this.#drawn = 0;
  }
}

const label = ({ id, action }: ProgressEvent): string =>
  action === undefined || action === '' ? id : `${id} ${action}`;
