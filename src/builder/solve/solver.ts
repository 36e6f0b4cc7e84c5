// Does what a graph says: each vertex once, those that do not stand on each other at once, and what is in the cache not at all.
import { cpus } from 'node:os';
import { cancelled, conflict, messageOf, notImplemented } from '../../base/errors.ts';
import { nowNanos } from '../../base/clock.ts';
import { randomId, sha256, type Digest } from '../../base/ids.ts';
import type { CacheRecord } from '../cache/index.ts';
import type { BuilderContext } from '../context.ts';
import type { BuildEvent, Vertex } from '../event.ts';
import { copyContentInputs, copyInputs, execInputs, type Inputs, keyOf, mkdirInputs } from '../graph/keys.ts';
import type { Selected } from '../graph/select.ts';
import type { Graph, GraphVertex, Op } from '../graph/vertex.ts';
import type { Readable } from '../ops/exec.ts';
import { lowerDirsOf, Workspace } from '../ops/workspace.ts';
import type { BuildRequest, ContextTree } from '../request.ts';
import { explain } from '../history/explain.ts';
import { type StepNames, stepNames } from '../history/steps.ts';
import { Limit } from './limit.ts';
import type { Sources } from './sources.ts';

/** A file system with layers, or files of a client. */
export type Value =
  | {
      readonly kind: 'layers';
      readonly id: string;
      readonly chain: Digest | undefined;
      readonly created: string | undefined;
    }
  | { readonly kind: 'tree'; readonly id: string; readonly tree: ContextTree };

/** What one vertex came to: for the history of the build, and for its explanation. */
export interface Outcome {
  readonly vertex: GraphVertex;
  readonly cached: boolean;
  readonly key: string;
  readonly inputs?: Inputs;
}

/** Steps that run at once in one build: programs of RUN wait for disk and network as much as for processors. */
const AT_ONCE = Math.max(4, cpus().length * 2);

export class Solver {
  readonly outcomes = new Map<number, Outcome>();
  readonly #context: BuilderContext;
  readonly #request: BuildRequest;
  readonly #graph: Graph;
  readonly #emit: (event: BuildEvent) => void;
  readonly #signal: AbortSignal;
  readonly #values = new Map<number, Promise<Value>>();
  readonly #held: string[] = [];
  readonly #limit = new Limit(AT_ONCE);
  readonly #sources: Sources;
  readonly #salt: string;
  readonly #names: Map<number, StepNames>;

  constructor(input: {
    readonly context: BuilderContext;
    readonly request: BuildRequest;
    readonly buildId: string;
    readonly graph: Graph;
    readonly emit: (event: BuildEvent) => void;
    readonly sources: Sources;
    readonly signal: AbortSignal;
  }) {
    this.#context = input.context;
    this.#request = input.request;
    this.#graph = input.graph;
    this.#emit = input.emit;
    this.#signal = input.signal;
    this.#sources = input.sources;
    this.#names = stepNames(input.graph);
    this.#salt = `${input.buildId} ${input.graph.result.platform.architecture}`;
  }

  value(id: number): Promise<Value> {
    const before = this.#values.get(id);
    if (before) return before;
    const value = this.#solve(this.#graph.vertices[id] as GraphVertex);
    value.catch(() => undefined);
    this.#values.set(id, value);
    return value;
  }

  /** Resolves when a vertex that was begun has ended, well or badly. */
  async settled(id: number): Promise<void> {
    await this.#values.get(id)?.catch(() => undefined);
  }

  /** The time that files are given, as a part of keys. */
  #epoch(): string {
    return String(this.#request.sourceDateEpoch ?? '');
  }

  /** What it held of the cache may be pruned again. */
  close(): void {
    for (const id of this.#held) this.#context.cache.release(id);
    this.#held.length = 0;
  }

  vertexId(id: number): string {
    return sha256(`${this.#salt} ${id}`);
  }

  async #solve(vertex: GraphVertex): Promise<Value> {
    const values = await Promise.all(vertex.inputs.map((input) => this.value(input)));
    if (this.#signal.aborted) throw cancelled('context canceled');
    const told = this.#telling(vertex);
    try {
      return await this.#perform(vertex, values, told);
    } catch (error) {
      told.end({ error: this.#signal.aborted ? 'context canceled' : messageOf(error) });
      throw error;
    }
  }

  #telling(vertex: GraphVertex): Telling {
    const shown: Vertex = {
      id: this.vertexId(vertex.id),
      name: vertex.name,
      inputs: vertex.inputs.map((input) => this.vertexId(input)),
    };
    return new Telling(shown, this.#emit);
  }

  async #perform(vertex: GraphVertex, values: readonly Value[], told: Telling): Promise<Value> {
    const { op } = vertex;
    switch (op.kind) {
      case 'scratch':
        return { kind: 'layers', id: 'scratch', chain: undefined, created: undefined };
      case 'image': {
        told.start();
        told.end({ cached: true });
        return { kind: 'layers', id: `image ${op.chains.at(-1) ?? ''}`, chain: op.chains.at(-1), created: undefined };
      }
      case 'context': {
        told.start();
        const tree = await this.#sources.context(op, told.report, this.#signal);
        told.end({});
        return { kind: 'tree', id: '', tree };
      }
      case 'inline': {
        const tree = await this.#sources.inline(op);
        return { kind: 'tree', id: '', tree };
      }
      case 'remote': {
        told.start();
        const tree = await this.#sources.remote(
          op,
          told.report,
          (line) => told.log(2, Buffer.from(`${line}\n`)),
          this.#signal,
        );
        told.end({});
        return { kind: 'tree', id: '', tree };
      }
      case 'exec':
        return this.#exec(vertex, op, values, told);
      case 'copy':
        return this.#copy(vertex, op, values, told);
      case 'mkdir': {
        const inputs = mkdirInputs(
          op,
          values.map(({ id }) => id),
          this.#epoch(),
        );
        const key = keyOf(inputs);
        const { runMkdir } = await import('../ops/copy.ts');
        return this.#cached(vertex, told, { keys: [key], inputs, base: values[0] }, async (workspace, signal) =>
          runMkdir(workspace, op.path, signal),
        );
      }
    }
  }

  async #exec(vertex: GraphVertex, op: Op<'exec'>, values: readonly Value[], told: Telling): Promise<Value> {
    const request = this.#request;
    const hosts = (request.extraHosts ?? []).map(({ host, ip }) => `${host}:${ip}`);
    const ids = await Promise.all(values.map((value, index) => this.#contentId(op, index, value)));
    const inputs = execInputs(op, ids, { hosts: hosts.join(' '), limits: limitsText(request), epoch: this.#epoch() });
    const key = keyOf(inputs);
    const { runExec } = await import('../ops/exec.ts');
    return this.#cached(vertex, told, { keys: [key], inputs, base: values[0] }, (workspace, signal) =>
      runExec(this.#context, {
        op,
        workspace,
        inputs: values.map((value) => this.#readable(value)),
        inputIds: ids,
        network: request.network === undefined || request.network === '' ? 'default' : request.network,
        extraHosts: hosts,
        limits: request.limits ?? {},
        secrets: request.secrets,
        ssh: request.ssh,
        onOutput: told.log,
        onFailure: request.onFailure,
        signal,
      }),
    );
  }

  /** What a mount shows: by its files when they are a client's. */
  async #contentId(op: Op<'exec'>, index: number, value: Value): Promise<string> {
    if (index === 0 || value.kind === 'layers') return value.id;
    const { select } = await import('../graph/select.ts');
    const rows = op.mounts
      .filter(({ input }) => input === index)
      .flatMap(({ source }) => select(value.tree.manifest, source, { exclude: [], parents: false }))
      .flatMap(({ entries }) => entries)
      .map(({ to, entry }) => `${to}|${entry.type}|${entry.mode}|${entry.sha256}|${entry.linkname}`);
    return sha256(rows.join('\n'));
  }

  async #copy(vertex: GraphVertex, op: Op<'copy'>, values: readonly Value[], told: Telling): Promise<Value> {
    const ids = values.map(({ id }) => id);
    const fast = op.sources.every(({ input }) => values[input]?.kind === 'layers')
      ? keyOf(copyInputs(op, ids, this.#epoch()))
      : undefined;
    if (fast !== undefined && !vertex.noCache) {
      const found = this.#context.cache.find(fast);
      if (found) return this.#hit(vertex, found, told, fast);
    }
    const { select } = await import('../graph/select.ts');
    const options = { exclude: op.exclude, parents: op.parents };
    const selected: Selected[][] = [];
    for (const { input, path } of op.sources) {
      const value = values[input] as Value;
      const manifest =
        value.kind === 'tree'
          ? value.tree.manifest
          : await this.#sources.scan(this.#readable(value), path, this.#signal);
      selected.push(select(manifest, path, options));
    }
    const inputs = copyContentInputs(op, ids, selected, this.#epoch());
    const keys = [...(fast === undefined ? [] : [fast]), keyOf(inputs)];
    const { runCopy } = await import('../ops/copy.ts');
    return this.#cached(vertex, told, { keys, inputs, base: values[0] }, (workspace, signal) =>
      runCopy(
        workspace,
        op,
        op.sources.map(({ input }, index) => {
          const value = values[input] as Value;
          const local = this.#graph.vertices[vertex.inputs[input] ?? -1]?.op.kind !== 'remote' && value.kind === 'tree';
          return { readable: this.#readable(value), selected: selected[index] ?? [], local };
        }),
        signal,
      ),
    );
  }

  /** One array for one value, so that places can be told apart by it. */
  readonly #readables = new Map<Value, Readable>();
  #readable(value: Value): Readable {
    let found = this.#readables.get(value);
    if (!found) {
      found = value.kind === 'tree' ? [value.tree.directory] : lowerDirsOf(this.#context, value.chain);
      this.#readables.set(value, found);
    }
    return found;
  }

  /** `inputs` are absent when they were not looked at: then they are what they were. */
  #hit(vertex: GraphVertex, record: CacheRecord, told: Telling, key: string, inputs?: Inputs): Value {
    const { cache } = this.#context;
    cache.hold(record.id);
    this.#held.push(record.id);
    cache.touch(record.id);
    this.outcomes.set(vertex.id, { vertex, cached: true, key, ...(inputs ? { inputs } : {}) });
    told.start();
    told.end({ cached: true });
    return { kind: 'layers', id: record.id, chain: record.chain, created: record.created };
  }

  #why(vertex: GraphVertex, inputs: Inputs): string {
    const names = this.#names.get(vertex.id);
    return explain(inputs, names && this.#context.steps.before(names), vertex.noCache);
  }

  /** What the steps depended on, for the next build to compare with. */
  remember(): void {
    for (const [id, { key, inputs }] of this.outcomes) {
      const names = this.#names.get(id);
      if (names && inputs) this.#context.steps.remember(names, key, inputs);
    }
  }

  /** The result from the cache, or made by `work` on a workspace. The last key names it. */
  async #cached(
    vertex: GraphVertex,
    told: Telling,
    step: { readonly keys: readonly string[]; readonly inputs: Inputs; readonly base: Value | undefined },
    work: (workspace: Workspace, signal: AbortSignal) => Promise<void>,
  ): Promise<Value> {
    const { cache } = this.#context;
    const { keys, inputs, base } = step;
    if (base?.kind !== 'layers') throw notImplemented('a step on files that are no file system');
    const last = keys.at(-1) ?? '';
    if (!vertex.noCache) {
      const found = keys.map((key) => cache.find(key)).find((record) => record !== undefined);
      if (found) {
        for (const key of keys) cache.link(found.id, key);
        return this.#hit(vertex, found, told, last, inputs);
      }
      if (this.#request.requireCached === true)
        throw conflict(`${vertex.name} would have to be done: ${this.#why(vertex, inputs)} (--require-cached)`);
    }
    told.cause(this.#why(vertex, inputs));
    const workKey = vertex.noCache ? randomId() : last;
    const { value: record, joined } = await this.#context.work.run(workKey, this.#signal, (signal) =>
      this.#limit.run(async () => {
        told.start();
        using lease = this.#context.store.leases.take();
        await using workspace = new Workspace(this.#context, base.chain);
        await work(workspace, signal);
        const made = await workspace.commit(base.chain, lease, signal, this.#request.sourceDateEpoch);
        const parent = cache.get(base.id)?.id;
        return cache.add(
          {
            keys,
            ...(parent === undefined ? {} : { parent }),
            ...(made.chain === undefined ? {} : { chain: made.chain }),
            size: made.size,
            type: 'regular',
            description: vertex.name,
          },
          vertex.noCache,
        );
      }, signal),
    );
    if (joined) return this.#hit(vertex, record, told, last, inputs);
    cache.hold(record.id);
    this.#held.push(record.id);
    this.outcomes.set(vertex.id, { vertex, cached: false, key: last, inputs });
    told.end({});
    return { kind: 'layers', id: record.id, chain: record.chain, created: record.created };
  }
}

function limitsText(request: BuildRequest): string {
  const { shmSize } = request.limits ?? {};
  return shmSize ? `shm ${shmSize}` : '';
}

/** One vertex as it is told to whoever watches. */
class Telling {
  #vertex: Vertex;
  readonly #emit: (event: BuildEvent) => void;

  constructor(vertex: Vertex, emit: (event: BuildEvent) => void) {
    this.#vertex = vertex;
    this.#emit = emit;
  }

  cause(text: string): void {
    this.#vertex = { ...this.#vertex, cause: text };
  }

  start(): void {
    if (this.#vertex.started !== undefined) return;
    this.#tell({ started: nowNanos() });
  }

  end(end: { readonly cached?: boolean; readonly error?: string }): void {
    if (this.#vertex.completed !== undefined) return;
    this.start();
    this.#tell({ completed: nowNanos(), ...end });
  }

  #tell(change: Partial<Vertex>): void {
    this.#vertex = { ...this.#vertex, ...change };
    this.#emit({ kind: 'vertex', vertex: this.#vertex });
  }

  readonly log = (stream: 1 | 2, data: Uint8Array): void =>
    this.#emit({ kind: 'log', vertex: this.#vertex.id, stream, data, at: nowNanos() });

  readonly report = (status: {
    readonly id: string;
    readonly name?: string;
    readonly current: number;
    readonly total?: number;
    readonly done?: boolean;
  }): void => {
    const at = nowNanos();
    this.#emit({
      kind: 'status',
      vertex: this.#vertex.id,
      id: status.id,
      name: status.name ?? status.id,
      current: status.current,
      total: status.total ?? 0,
      at,
      ...(this.#vertex.started === undefined ? {} : { started: this.#vertex.started }),
      ...(status.done === true ? { completed: at } : {}),
    });
  };
}
