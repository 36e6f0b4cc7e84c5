// Builds that were and that are: a record each, and their events as they happened.
import {
  createReadStream,
  createWriteStream,
  existsSync,
  mkdirSync,
  readdirSync,
  rmSync,
  type WriteStream,
} from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { conflict, messageOf, notFound } from '../../base/errors.ts';
import { rfc3339 } from '../../base/clock.ts';
import type { RecordTable } from '../../store/index.ts';
import type { BuildEvent } from '../model/event.ts';

export interface BuildRecord {
  readonly id: string;
  readonly name: string;
  readonly target: string;
  readonly tags: readonly string[];
  readonly platforms: readonly string[];
  readonly created: string;
  readonly completed?: string;
  readonly status: 'running' | 'completed' | 'error' | 'cancelled';
  readonly error?: string;
  readonly steps: number;
  readonly cachedSteps: number;
  readonly images: readonly string[];
}

/** Finished builds that are kept. */
const MAX_BUILDS = 100;
/** Events of a build that are kept, bytes; a program that writes more is cut off in the log alone. */
const MAX_LOG_BYTES = 32 * 1024 * 1024;

interface Active {
  record: BuildRecord;
  readonly stream: WriteStream;
  readonly abort: AbortController;
  readonly vertices: Map<string, { completed: boolean; cached: boolean }>;
  readonly watchers: Set<(event: BuildEvent | undefined) => void>;
  bytes: number;
}

export class BuildHistory {
  readonly #folder: string;
  readonly #table: RecordTable<BuildRecord>;
  readonly #records: Map<string, BuildRecord>;
  readonly #active = new Map<string, Active>();
  /** Builds whose last events are still being written. */
  readonly #ending = new Map<string, Promise<void>>();

  constructor(folder: string, table: RecordTable<BuildRecord>) {
    this.#folder = folder;
    this.#table = table;
    this.#records = table.load();
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    // builds that a dead daemon was at
    for (const record of this.#records.values())
      if (record.status === 'running')
        this.#put({ ...record, status: 'error', error: 'the daemon ended', completed: record.created });
    for (const file of readdirSync(folder))
      if (!this.#records.has(file.replace(/\.jsonl$/, ''))) rmSync(join(folder, file), { force: true });
  }

  begin(record: Omit<BuildRecord, 'created' | 'status' | 'steps' | 'cachedSteps' | 'images'>): Active {
    if (this.#active.has(record.id)) throw conflict(`build ${record.id} is running`);
    const full: BuildRecord = {
      ...record,
      created: rfc3339(),
      status: 'running',
      steps: 0,
      cachedSteps: 0,
      images: [],
    };
    const stream = createWriteStream(this.#file(record.id), { mode: 0o600 });
    stream.on('error', () => undefined);
    const active: Active = {
      record: full,
      stream,
      abort: new AbortController(),
      vertices: new Map(),
      watchers: new Set(),
      bytes: 0,
    };
    this.#active.set(record.id, active);
    this.#put(full);
    return active;
  }

  add(active: Active, event: BuildEvent): void {
    if (event.kind === 'vertex' && !event.vertex.name.startsWith('[internal]'))
      active.vertices.set(event.vertex.id, {
        completed: event.vertex.completed !== undefined,
        cached: event.vertex.cached ?? false,
      });
    const line = `${encodeEvent(event)}\n`;
    active.bytes += line.length;
    if (active.bytes < MAX_LOG_BYTES) active.stream.write(line);
    for (const watch of active.watchers) watch(event);
  }

  end(
    active: Active,
    outcome: { readonly images?: readonly string[]; readonly error?: unknown },
    cancelled: boolean,
  ): void {
    const all = [...active.vertices.values()];
    const { error } = outcome;
    const { id } = active.record;
    const whole = new Promise<void>((resolve) => active.stream.end(() => resolve()));
    this.#ending.set(id, whole);
    void whole.then(() => this.#ending.get(id) === whole && this.#ending.delete(id));
    this.#active.delete(id);
    const record: BuildRecord = {
      ...active.record,
      completed: rfc3339(),
      status: error === undefined ? 'completed' : cancelled ? 'cancelled' : 'error',
      ...(error === undefined ? {} : { error: messageOf(error) }),
      steps: all.length,
      cachedSteps: all.filter(({ cached }) => cached).length,
      images: outcome.images ?? [],
    };
    this.#records.set(record.id, record);
    for (const watch of active.watchers) watch(undefined);
    this.#put(record);
    const finished = this.list().filter(({ status }) => status !== 'running');
    for (const one of finished.slice(MAX_BUILDS)) this.#forget(one.id);
  }

  /** Newest first. */
  list(): BuildRecord[] {
    return [...this.#records.values()].sort((a, b) => (a.created < b.created ? 1 : -1));
  }

  /** By id or its beginning, or `^0` for the last build, `^1` for the one before. Throws notFound. */
  find(reference: string): BuildRecord {
    const back = /^\^(\d*)$/.exec(reference);
    const found =
      back || reference === ''
        ? this.list()[Number(back?.[1] ?? 0)]
        : (this.#records.get(reference) ?? this.list().find(({ id }) => id.startsWith(reference)));
    if (!found) throw notFound(`no build ${reference || 'yet'}`);
    return found;
  }

  /** What happened in the build of just this id; undefined while it runs, and when there was none. */
  past(id: string): AsyncGenerator<BuildEvent, void, void> | undefined {
    return this.#records.has(id) && !this.#active.has(id) ? this.events(id, false) : undefined;
  }

  cancel(id: string): boolean {
    const active = this.#active.get(id);
    active?.abort.abort();
    return active !== undefined;
  }

  /** What happened in a build, and what still does when it runs and `follow` is set. */
  async *events(id: string, follow: boolean): AsyncGenerator<BuildEvent, void, void> {
    const record = this.find(id);
    await this.#ending.get(record.id);
    const queue: (BuildEvent | undefined)[] = [];
    let wake = (): void => undefined;
    const active = follow ? this.#active.get(record.id) : undefined;
    const watch = (event: BuildEvent | undefined): void => {
      queue.push(event);
      wake();
    };
    active?.watchers.add(watch);
    try {
      const past = active ? await written(active.stream, this.#file(record.id)) : this.#file(record.id);
      if (existsSync(past)) {
        const lines = createInterface({ input: createReadStream(past, 'utf8'), crlfDelay: Number.POSITIVE_INFINITY });
        for await (const line of lines) {
          const event = decodeEvent(line);
          if (event) yield event;
        }
      }
      while (active) {
        for (let next = queue.shift(); queue.length > 0 || next; next = queue.shift()) if (next) yield next;
        if (!this.#active.has(record.id)) return;
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    } finally {
      active?.watchers.delete(watch);
    }
  }

  /** Throws conflict for one that runs. */
  remove(reference: string): string {
    const { id } = this.find(reference);
    if (this.#active.has(id)) throw conflict(`build ${id} is running`);
    this.#forget(id);
    return id;
  }

  #forget(id: string): void {
    this.#records.delete(id);
    this.#table.delete(id);
    rmSync(this.#file(id), { force: true });
  }

  #put(record: BuildRecord): void {
    this.#records.set(record.id, record);
    this.#table.put(record.id, record);
  }

  #file(id: string): string {
    return join(this.#folder, `${id}.jsonl`);
  }
}

/** Once what was written so far is in the file. */
async function written(stream: WriteStream, file: string): Promise<string> {
  await new Promise<void>((resolve) => stream.write('', () => resolve()));
  return file;
}

/** Times are texts of digits, bytes base64. */
export function encodeEvent(event: BuildEvent): string {
  return JSON.stringify(event, (_, value: unknown) => {
    if (typeof value === 'bigint') return { n: value.toString() };
    if (typeof value === 'object' && value !== null && 'type' in value && value.type === 'Buffer' && 'data' in value)
      return { b: Buffer.from(value.data as number[]).toString('base64') };
    return value instanceof Uint8Array ? { b: Buffer.from(value).toString('base64') } : value;
  });
}

function decodeEvent(line: string): BuildEvent | undefined {
  try {
    return JSON.parse(line, (_, value: unknown) => {
      if (typeof value !== 'object' || value === null) return value;
      if ('n' in value && typeof value.n === 'string') return BigInt(value.n);
      if ('b' in value && typeof value.b === 'string') return Buffer.from(value.b, 'base64');
      return value;
    }) as BuildEvent;
  } catch {
    return undefined;
  }
}
