// Build events as the classic builder's text: steps in the order of the Dockerfile, each with its output. A fold; pure.
import type { BuildEvent, StepEvent } from '../model/event.ts';

/** Where a text goes: the output of programs, or what is said of it. */
export interface ClassicLine {
  readonly stream: string;
}

export class ClassicText {
  /** Output of vertices whose step has not had its turn. */
  readonly #waiting = new Map<string, string[]>();
  readonly #decoders = new Map<string, InstanceType<typeof TextDecoder>>();
  #current: StepEvent | undefined;

  /** The lines that an event adds. */
  add(event: BuildEvent): ClassicLine[] {
    if (event.kind === 'log') return this.#log(event.vertex, event.stream, event.data);
    if (event.kind === 'warning') return [{ stream: `\u001b[91m${event.short}\n\u001b[0m` }];
    if (event.kind === 'container') return this.#container(event.vertex, event.phase, event.id);
    if (event.kind !== 'step') return [];
    if (event.phase === 'started') return this.#start(event);
    return this.#end(event);
  }

  #start(event: StepEvent): ClassicLine[] {
    this.#current = event;
    const lines = event.trigger ? [] : [`Step ${event.number}/${event.total} : ${event.text}`, '\n'];
    if (event.trigger?.number === 1)
      lines.push(`# Executing ${event.trigger.of} build trigger${event.trigger.of === 1 ? '' : 's'}\n`);
    if (event.vertex === undefined) return lines.map((stream) => ({ stream }));
    const before = this.#waiting.get(event.vertex) ?? [];
    this.#waiting.delete(event.vertex);
    return [...lines, ...before].map((stream) => ({ stream }));
  }

  #end(event: StepEvent): ClassicLine[] {
    this.#current = undefined;
    const id = (event.image ?? '').replace(/^sha256:/, '').slice(0, 12);
    const lines =
      event.cached && (event.trigger || event.number > 1) && isWork(event.text) ? [' ---> Using cache\n'] : [];
    const isInner = event.hasTriggers === true || (event.trigger && event.trigger.number < event.trigger.of);
    if (id !== '' && !isInner) lines.push(` ---> ${id}\n`);
    return lines.map((stream) => ({ stream }));
  }

  #log(vertex: string, stream: 1 | 2, data: Uint8Array): ClassicLine[] {
    const key = `${vertex} ${stream}`;
    const decoder = this.#decoders.get(key) ?? new TextDecoder();
    this.#decoders.set(key, decoder);
    const text = decoder.decode(data, { stream: true });
    if (text === '') return [];
    // the classic builder shows errors in red
    const shown = stream === 2 ? `\u001b[91m${text}\u001b[0m` : text;
    return this.#inTurn(vertex, shown);
  }

  #container(vertex: string, phase: 'running' | 'removed', id: string): ClassicLine[] {
    const words = phase === 'running' ? 'Running in' : 'Removed intermediate container';
    return this.#inTurn(vertex, ` ---> ${words} ${id.slice(0, 12)}\n`);
  }

  #inTurn(vertex: string, shown: string): ClassicLine[] {
    if (this.#current?.vertex === vertex) return [{ stream: shown }];
    const list = this.#waiting.get(vertex) ?? [];
    this.#waiting.set(vertex, list);
    list.push(shown);
    return [];
  }
}

const isWork = (text: string): boolean => !/^FROM\b/i.test(text);
