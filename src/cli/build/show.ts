// Where the events of a build are shown, by the kind of progress that was asked for; and what is told of its end.
import type { BuildFailure } from '../../client/build/index.ts';
import type { ShownEvent, ShownFinding } from '../../spec/berth/build.ts';
import type { Context } from '../session/context.ts';
import { Failure } from '../grammar/index.ts';
import { placeText, warningsText } from '../progress/build/place.ts';
import { printable } from '../../base/printable.ts';
import { PlainBuild } from '../progress/build/plain.ts';
import { rawLine } from '../progress/build/raw.ts';
import { TerminalBuild } from '../progress/build/terminal.ts';

const DRAW_MS = 120;
/** Lines of a failed step that are shown again. */
const LAST_LINES = 20;
const KINDS = ['auto', 'plain', 'tty', 'rawjson', 'quiet'] as const;
type Kind = (typeof KINDS)[number];

export class BuildView {
  readonly #context: Context;
  readonly #kind: Kind;
  readonly #plain: PlainBuild;
  readonly #terminal: TerminalBuild;
  readonly #began = BigInt(Date.now()) * 1_000_000n;
  readonly #timer: NodeJS.Timeout | undefined;
  readonly #findings: ShownFinding[] = [];
  readonly #logs = new Map<string, { lines: string[]; rest: string }>();
  readonly #offer: boolean;
  #waiting: ShownEvent[] | undefined;
  #failed: { readonly id: string; readonly name: string } | undefined;

  /** `offer`: a person who sees a step fail is told of the shell. */
  constructor(context: Context, progress: string, quiet: boolean, explain: boolean, offer: boolean) {
    this.#offer = offer;
    const kind = KINDS.find((known) => known === progress);
    if (!kind) throw new Failure(`ERROR: invalid progress mode ${progress}`);
    this.#context = context;
    this.#kind = quiet ? 'quiet' : kind === 'auto' ? (context.terminal(2) ? 'tty' : 'plain') : kind;
    this.#plain = new PlainBuild(explain);
    this.#terminal = new TerminalBuild(explain);
    if (this.#kind === 'tty') this.#timer = setInterval(() => this.#draw(false), DRAW_MS);
  }

  readonly add = (event: ShownEvent): void => {
    if (this.#waiting) {
      this.#waiting.push(event);
      return;
    }
    if (event.kind === 'warning') this.#findings.push(event);
    if (event.kind === 'log') this.#keep(event.vertex, event.data);
    if (event.kind === 'vertex' && event.vertex.error !== undefined && this.#logs.has(event.vertex.id)) {
      this.#failed ??= event.vertex;
    }
    if (this.#kind === 'plain') this.#write(this.#plain.add(event));
    else if (this.#kind === 'rawjson') this.#context.err(rawLine(event));
    else if (this.#kind === 'tty') this.#terminal.add(event);
  };

  /** Somebody else has the terminal until what it gives back is called. */
  pause(): () => void {
    if (this.#kind === 'tty') this.#draw(false);
    const waiting: ShownEvent[] = [];
    this.#waiting = waiting;
    return () => {
      this.#waiting = undefined;
      if (this.#kind === 'tty') this.#terminal.below();
      for (const event of waiting) this.add(event);
    };
  }

  end(): void {
    clearInterval(this.#timer);
    if (this.#kind === 'tty') this.#draw(true);
    if (this.#kind === 'quiet' || this.#kind === 'rawjson') return;
    this.#context.err(warningsText(this.#findings, ' (use --check to expand)'));
  }

  /** What a person needs of a build that failed. */
  failure(error: BuildFailure): Failure {
    clearInterval(this.#timer);
    if (this.#kind === 'tty') this.#draw(true);
    if (this.#failed && this.#kind !== 'rawjson') {
      const { lines = [], rest = '' } = this.#logs.get(this.#failed.id) ?? {};
      const shown = [...lines, ...(rest === '' ? [] : [rest])].slice(-LAST_LINES);
      this.#write(`------\n > ${this.#failed.name}:\n${shown.map((line) => `${line}\n`).join('')}------\n`);
    }
    if (error.place) this.#context.err(placeText(error.place));
    const offer = this.#offer && this.#failed && this.#kind === 'tty';
    const hint = offer ? '\nTo look at what the step left, build with --on-error=shell.' : '';
    return new Failure(`ERROR: failed to build: failed to solve: ${error.message}${hint}`);
  }

  #keep(vertex: string, data: string): void {
    const kept = this.#logs.get(vertex) ?? { lines: [], rest: '' };
    const lines = (kept.rest + Buffer.from(data, 'base64').toString()).split('\n');
    kept.rest = lines.pop() ?? '';
    kept.lines.push(...lines);
    kept.lines.splice(0, Math.max(0, kept.lines.length - LAST_LINES));
    this.#logs.set(vertex, kept);
  }

  /** With what steps wrote, which may go back to the beginning of its line. */
  #write(text: string): void {
    this.#context.draw(2, this.#context.terminal(2) ? printable(text, { returns: true }) : text);
  }

  #draw(ended: boolean): void {
    if (this.#waiting) return;
    const [height, width] = this.#context.size();
    const size = [height || 24, width || 80] as const;
    this.#context.draw(2, this.#terminal.draw(BigInt(Date.now()) * 1_000_000n, this.#began, size, ended));
  }
}
