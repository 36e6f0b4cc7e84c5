// Does what a graph says: each vertex once, those that do not stand on each other at once, and what is in the cache not at all.
import { cpus } from 'node:os';
import { cancelled, conflict, invalid, messageOf, notImplemented } from '../../base/errors.ts';
import { randomId, sha256, type Digest } from '../../base/ids.ts';
import type { CacheRecord } from '../cache/index.ts';
import type { Imported, Imports } from '../cache/remote/imports.ts';
import type { Known } from '../cache/remote/write.ts';
import type { BuilderContext } from '../services/context.ts';
import type { BuildEvent, Vertex } from '../model/event.ts';
import {
  copyContentInputs,
  copyInputs,
  execCauses,
  execInputs,
  type Inputs,
  keyOf,
  mkdirInputs,
  type ShownFiles,
} from '../graph/keys.ts';
import type { Selected } from '../graph/select.ts';
import type { Graph, GraphVertex, Op } from '../graph/vertex.ts';
import type { Readable } from '../ops/exec.ts';
import { lowerDirsOf, Workspace } from '../ops/workspace.ts';
import type { BuildRequest, ContextTree } from '../model/request.ts';
import type { Lease } from '../../store/index.ts';
import { formatPlatform } from '../../spec/oci/index.ts';
import { explain } from '../history/explain.ts';
import { type StepNames, stepNames } from '../history/steps.ts';
import { MissingSource } from '../model/failure.ts';
import { Limit } from '../model/limit.ts';
import type { Sources } from './sources.ts';
import { StepRun } from './step-run.ts';
import { Telling } from './telling.ts';

/** A file system with layers, or files of a client. */
export type Value =
  | {
      readonly kind: 'layers';
      readonly id: string;
      readonly chain: Digest | undefined;
      readonly created: string | undefined;
      /** Told by a cache of others: `real` brings it here, or does it. */
      readonly imported?: Imported;
    }
  | { readonly kind: 'tree'; readonly id: string; readonly tree: ContextTree };

/** What one vertex came to: for the history of the build, and for its explanation. */
export interface Outcome {
  readonly vertex: GraphVertex;
  readonly cached: boolean;
  readonly key: string;
  readonly inputs?: Inputs;
  /** All keys that lead to it. */
  readonly keys: readonly string[];
  readonly value: LayersValue;
}

type LayersValue = Extract<Value, { kind: 'layers' }>;

/** Steps that run at once in one build: programs of RUN wait for disk and network as much as for processors. */
const AT_ONCE = Math.max(4, cpus().length * 2);

export class Solver {
  readonly outcomes = new Map<number, Outcome>();
  /** Programs that ran in containers of the classic builder and are to be kept, by vertex. */
  readonly runs = new Map<number, StepRun>();
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
  readonly #imports: Imports;
  readonly #lease: Lease;
  readonly #real = new Map<number, Promise<Value>>();
  /** Steps that are done although a cache of others tells of them. */
  readonly #doing = new Set<number>();

  constructor(input: {
    readonly context: BuilderContext;
    readonly request: BuildRequest;
    readonly buildId: string;
    readonly graph: Graph;
    readonly emit: (event: BuildEvent) => void;
    readonly sources: Sources;
    readonly imports: Imports;
    readonly signal: AbortSignal;
  }) {
    this.#context = input.context;
    this.#request = input.request;
    this.#graph = input.graph;
    this.#emit = input.emit;
    this.#signal = input.signal;
    this.#sources = input.sources;
    this.#imports = input.imports;
    this.#lease = input.context.store.leases.take();
    this.#names = stepNames(input.graph);
    this.#salt = `${input.buildId} ${formatPlatform(input.graph.result.platform)}`;
  }

  value(id: number): Promise<Value> {
    const before = this.#values.get(id);
    if (before) return before;
    const value = this.#solve(this.#graph.vertices[id] as GraphVertex);
    value.catch(() => undefined);
    this.#values.set(id, value);
    return value;
  }

  /** The value with its files in the store: brought here from the cache that told of it, or else made. Throws ImportFailure. */
  real(id: number): Promise<Value> {
    const before = this.#real.get(id);
    if (before) return before;
    const value = this.value(id).then((one) => (one.kind === 'layers' && one.imported ? this.#bring(id, one) : one));
    value.catch(() => undefined);
    this.#real.set(id, value);
    return value;
  }

  /** The value with its layers known, if not here. */
  async known(id: number): Promise<Value> {
    const value = await this.value(id);
    return value.kind === 'layers' && value.imported && !value.imported.result ? this.real(id) : value;
  }

  async #bring(id: number, value: LayersValue): Promise<Value> {
    const vertex = this.#graph.vertices[id] as GraphVertex;
    const { imported } = value;
    if (!imported?.result) {
      this.#doing.add(id);
      return this.#solve(vertex);
    }
    await this.#imports.bring(this.#context, imported, this.#lease, this.#signal);
    this.#keep(vertex, value);
    const { imported: _, ...real } = value;
    return real;
  }

  /** What a cache of others had of a step is in that of this daemon from now on, when its layers are here. */
  #keep(vertex: GraphVertex, { imported, chain }: LayersValue): void {
    const { cache, store } = this.#context;
    const outcome = this.outcomes.get(vertex.id);
    const layer = chain === undefined ? undefined : store.layers.get(chain);
    if (!imported?.result || !outcome || !layer || cache.find(outcome.key)) return;
    const record = cache.add(
      {
        id: imported.id,
        keys: outcome.keys,
        chain: layer.chain,
        ...(imported.created === undefined ? {} : { created: imported.created }),
        size: layer.size,
        type: 'regular',
        description: vertex.name,
      },
      false,
    );
    cache.hold(record.id);
    this.#held.push(record.id);
  }

  /** The layers of all that a cache of others has told of; what it told of without layers is left. */
  async bringAll(): Promise<void> {
    const lacking = [...this.outcomes].filter(([, { value }]) => value.imported?.result);
    await Promise.all(lacking.map(([id]) => this.real(id)));
  }

  /** Every step that was asked about, as a cache for others tells of it. */
  steps(): Known[] {
    return [...this.outcomes.values()].map(({ keys, value: { id, chain, created } }) => ({ id, keys, chain, created }));
  }

  /** Resolves when a vertex that was begun has ended, well or badly. */
  async settled(id: number): Promise<void> {
    await this.#values.get(id)?.catch(() => undefined);
    await this.#real.get(id)?.catch(() => undefined);
  }

  /** The time that files are given, as a part of keys. */
  #epoch(): string {
    return String(this.#request.sourceDateEpoch ?? '');
  }

  /** What it held of the cache may be pruned again. */
  close(): void {
    for (const id of this.#held) this.#context.cache.release(id);
    this.#held.length = 0;
    for (const run of this.runs.values()) run[Symbol.dispose]();
    this.#lease[Symbol.dispose]();
  }

  vertexId(id: number): string {
    return sha256(`${this.#salt} ${id}`);
  }

  async #solve(vertex: GraphVertex): Promise<Value> {
    const values = await Promise.all(vertex.inputs.map((input) => this.value(input)));
    if (this.#signal.aborted) throw cancelled('context canceled');
    const notified = this.#telling(vertex);
    try {
      return await this.#perform(vertex, values, notified);
    } catch (error) {
      notified.end({ error: this.#signal.aborted ? 'context canceled' : messageOf(error) });
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

  async #perform(vertex: GraphVertex, values: readonly Value[], notified: Telling): Promise<Value> {
    const { op } = vertex;
    switch (op.kind) {
      case 'scratch':
        return { kind: 'layers', id: 'scratch', chain: undefined, created: undefined };
      case 'image': {
        notified.start();
        notified.end({ cached: true });
        return { kind: 'layers', id: `image ${op.chains.at(-1) ?? ''}`, chain: op.chains.at(-1), created: undefined };
      }
      case 'context': {
        notified.start();
        const tree = await this.#sources.context(op, notified.report, this.#signal);
        notified.end({});
        return { kind: 'tree', id: '', tree };
      }
      case 'inline': {
        const tree = await this.#sources.inline(op);
        return { kind: 'tree', id: '', tree };
      }
      case 'remote': {
        notified.start();
        const tree = await this.#sources.remote(
          op,
          notified.report,
          (line) => notified.log(2, Buffer.from(`${line}\n`)),
          this.#signal,
        );
        notified.end({});
        return { kind: 'tree', id: '', tree };
      }
      case 'exec':
        return this.#exec(vertex, op, values, notified);
      case 'copy':
        return this.#copy(vertex, op, values, notified);
      case 'mkdir': {
        const inputs = mkdirInputs(
          op,
          values.map(({ id }) => id),
          this.#epoch(),
        );
        const key = keyOf(inputs);
        const { runMkdir } = await import('../ops/copy.ts');
        return this.#cached(vertex, notified, { keys: [key], inputs }, async (workspace, _, signal) =>
          runMkdir(workspace, op, { isClassic: this.#request.classic === true, signal }),
        );
      }
    }
  }

  async #exec(vertex: GraphVertex, op: Op<'exec'>, values: readonly Value[], notified: Telling): Promise<Value> {
    const request = this.#request;
    const hosts = (request.extraHosts ?? []).map(({ host, ip }) => `${host}:${ip}`);
    const shown = await Promise.all(values.map((value, index) => this.#shown(op, index, value)));
    const ids = shown.map(({ id }) => id);
    const extra = { hosts: hosts.join(' '), limits: limitsText(request), epoch: this.#epoch() };
    const key = keyOf(execInputs(op, ids, extra));
    const inputs = execCauses(op, shown, extra);
    const { runExec } = await import('../ops/exec.ts');
    return this.#cached(vertex, notified, { keys: [key], inputs }, async (workspace, ready, signal) => {
      const run = request.containers && new StepRun(request.containers.keep, workspace, notified);
      const work = runExec(this.#context, {
        op,
        workspace,
        inputs: ready.map((value) => this.#readable(value)),
        inputIds: ids,
        network: request.network === undefined || request.network === '' ? 'default' : request.network,
        extraHosts: hosts,
        limits: request.limits ?? {},
        secrets: request.secrets,
        ssh: request.ssh,
        onOutput: run?.log ?? notified.log,
        onFailure: request.onFailure,
        isClassic: request.classic === true,
        keepsFiles: run?.keepsFailed ?? false,
        signal,
      });
      if (run === undefined) return work;
      try {
        await run.ended(work, this.#context.store.paths.newLayer());
      } finally {
        if (run.isKept) this.runs.set(vertex.id, run);
      }
    });
  }

  /** What a mount shows: by its files when they are a client's. */
  async #shown(op: Op<'exec'>, index: number, value: Value): Promise<ShownFiles> {
    if (index === 0 || value.kind === 'layers') return { id: value.id, files: undefined };
    const { select } = await import('../graph/select.ts');
    const files = op.mounts
      .filter(({ input }) => input === index)
      .flatMap(({ source }) => select(value.tree.manifest, source, { exclude: [], parents: false }))
      .flatMap(({ entries }) => entries);
    const rows = files.map(({ to, entry }) => `${to}|${entry.type}|${entry.mode}|${entry.sha256}|${entry.linkname}`);
    return { id: sha256(rows.join('\n')), files };
  }

  async #copy(vertex: GraphVertex, op: Op<'copy'>, values: readonly Value[], notified: Telling): Promise<Value> {
    const ids = values.map(({ id }) => id);
    const fast = op.sources.every(({ input }) => values[input]?.kind === 'layers')
      ? keyOf(copyInputs(op, ids, this.#epoch()))
      : undefined;
    if (fast !== undefined && !vertex.noCache) {
      const found = this.#context.cache.find(fast);
      if (found) return this.#hit(vertex, found, notified, fast);
      const imported = this.#imported(vertex, [fast]);
      if (imported) return this.#hitImported(vertex, imported, notified, [fast]);
    }
    const { select } = await import('../graph/select.ts');
    const options = { exclude: op.exclude, parents: op.parents };
    const selected: Selected[][] = [];
    for (const { input, path } of op.sources) {
      const value = await this.real(vertex.inputs[input] as number);
      const manifest =
        value.kind === 'tree'
          ? value.tree.manifest
          : await this.#sources.scan(this.#readable(value), path, this.#signal);
      try {
        selected.push(select(manifest, path, options));
      } catch (error) {
        if (!this.#request.classic || !(error instanceof MissingSource)) throw error;
        throw invalid(`${op.keyword} failed: ${missingWords(error.source, value.kind === 'tree')}`, { cause: error });
      }
    }
    if (this.#request.classic === true && selected.every((groups) => groups.length === 0))
      throw invalid(`${op.keyword} failed: no source files were specified`);
    const inputs = copyContentInputs(op, ids, selected, this.#epoch());
    const keys = [...(fast === undefined ? [] : [fast]), keyOf(inputs)];
    const { runCopy } = await import('../ops/copy.ts');
    return this.#cached(vertex, notified, { keys, inputs }, (workspace, ready, signal) =>
      runCopy(
        workspace,
        op,
        op.sources.map(({ input }, index) => {
          const value = ready[input] as Value;
          const local = this.#graph.vertices[vertex.inputs[input] ?? -1]?.op.kind !== 'remote' && value.kind === 'tree';
          return { readable: this.#readable(value), selected: selected[index] ?? [], local };
        }),
        { isClassic: this.#request.classic === true, signal },
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
  #hit(vertex: GraphVertex, record: CacheRecord, notified: Telling, key: string, inputs?: Inputs): Value {
    const { cache } = this.#context;
    cache.hold(record.id);
    this.#held.push(record.id);
    cache.touch(record.id);
    const value = valueOf(record);
    const keys = cache.get(record.id)?.keys ?? record.keys;
    this.outcomes.set(vertex.id, { vertex, cached: true, key, keys, value, ...(inputs ? { inputs } : {}) });
    notified.start();
    notified.end({ cached: true });
    return value;
  }

  #imported(vertex: GraphVertex, keys: readonly string[]): Imported | undefined {
    return this.#doing.has(vertex.id) ? undefined : this.#imports.find(keys);
  }

  /** Nothing of it is brought here before somebody needs its files. */
  #hitImported(
    vertex: GraphVertex,
    imported: Imported,
    notified: Telling,
    keys: readonly string[],
    inputs?: Inputs,
  ): Value {
    const { id, created, result } = imported;
    const value: LayersValue = { kind: 'layers', id, chain: result?.chain, created, imported };
    const all = [...new Set([...imported.keys, ...keys])];
    const key = keys.at(-1) ?? '';
    this.outcomes.set(vertex.id, { vertex, cached: true, key, keys: all, value, ...(inputs ? { inputs } : {}) });
    notified.start();
    notified.end({ cached: true });
    return value;
  }

  #why(vertex: GraphVertex, inputs: Inputs): string {
    const names = this.#names.get(vertex.id);
    return explain(inputs, names && this.#context.steps.before(names), vertex.noCache);
  }

  /** What the steps depended on, for the next build to compare with. */
  remember(): void {
    for (const [id, { key, inputs, vertex, value }] of this.outcomes) {
      if (value.imported) this.#keep(vertex, value);
      const names = this.#names.get(id);
      if (names && inputs) this.#context.steps.remember(names, key, inputs);
    }
  }

  /** The result from the cache, or made by `work` on a workspace. The last key names it. */
  async #cached(
    vertex: GraphVertex,
    notified: Telling,
    step: { readonly keys: readonly string[]; readonly inputs: Inputs },
    work: (workspace: Workspace, ready: readonly Value[], signal: AbortSignal) => Promise<void>,
  ): Promise<Value> {
    const { cache } = this.#context;
    const { keys, inputs } = step;
    const last = keys.at(-1) ?? '';
    if (!vertex.noCache) {
      const found = keys.map((key) => cache.find(key)).find((record) => record !== undefined);
      if (found) {
        for (const key of keys) cache.link(found.id, key);
        return this.#hit(vertex, found, notified, last, inputs);
      }
      const imported = this.#imported(vertex, keys);
      if (imported) return this.#hitImported(vertex, imported, notified, keys, inputs);
      if (this.#request.requireCached === true)
        throw conflict(`${vertex.name} would have to be done: ${this.#why(vertex, inputs)} (--require-cached)`);
    }
    notified.cause(this.#why(vertex, inputs));
    const ready = await Promise.all(vertex.inputs.map((input) => this.real(input)));
    const [base] = ready;
    if (base?.kind !== 'layers') throw notImplemented('a step on files that are no file system');
    const workKey = vertex.noCache ? randomId() : last;
    const { value: record, joined } = await this.#context.work.run(workKey, this.#signal, (signal) =>
      this.#limit.run(async () => {
        notified.start();
        using lease = this.#context.store.leases.take();
        await using workspace = new Workspace(this.#context, base.chain);
        await work(workspace, ready, signal);
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
    if (joined) return this.#hit(vertex, record, notified, last, inputs);
    cache.hold(record.id);
    this.#held.push(record.id);
    const value = valueOf(record);
    this.outcomes.set(vertex.id, { vertex, cached: false, key: last, inputs, keys, value });
    notified.end({});
    return value;
  }
}

function valueOf({ id, chain, created }: CacheRecord): LayersValue {
  return { kind: 'layers', id, chain, created };
}

function limitsText(request: BuildRequest): string {
  const { shmSize } = request.limits ?? {};
  return shmSize ? `shm ${shmSize}` : '';
}

/** As the classic builder says that a source is not in the context, or not in the stage or image it is copied from. */
function missingWords(source: string, isContext: boolean): string {
  const stat = `stat ${source.replace(/^\//, '')}: file does not exist`;
  return isContext ? `file not found in build context or excluded by .dockerignore: ${stat}` : stat;
}
