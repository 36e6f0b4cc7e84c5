// A parsed Dockerfile, what the build was asked for and the base images that are known -> the graph of what is to be done.
import { internal, invalid, messageOf } from '../../base/errors.ts';
import type { Digest } from '../../base/ids.ts';
import { type ImageFile, parsePlatform, type Platform } from '../../spec/oci/index.ts';
import {
  automaticArgs,
  type Dockerfile,
  expand,
  Failure,
  Budget,
  globalScope,
  type Range,
  type Stage,
  withGuess,
} from '../dockerfile/index.ts';
import type { NamedContext } from '../model/request.ts';
import { placed } from './place.ts';
import { unusedArgs } from './scope.ts';
import { StagePlan } from './stage.ts';
import type { Graph, GraphVertex, Op } from './vertex.ts';

export interface KnownImage {
  readonly id: Digest;
  readonly file: ImageFile;
  readonly chains: readonly Digest[];
}

export interface ImageNeed {
  readonly reference: string;
  readonly platform: Platform;
  /** The instruction that names it first. */
  readonly range?: Range;
}

export interface PlanInput {
  readonly dockerfile: Dockerfile;
  readonly buildArgs: ReadonlyMap<string, string>;
  readonly labels: ReadonlyMap<string, string>;
  /** Labels are steps at the end. */
  readonly classic: boolean;
  /** Name or number of a stage; '' for the last. */
  readonly target: string;
  readonly platform: Platform;
  readonly buildPlatform: Platform;
  /** Several platforms are built: names say which. */
  readonly multiPlatform: boolean;
  readonly contexts: ReadonlyMap<string, NamedContext>;
  /** Patterns of .dockerignore, for the main context. */
  readonly ignore: readonly string[];
  readonly noCache: boolean;
  readonly noCacheFilter: readonly string[];
  /** The network that RUN has when it names none. */
  readonly network: string;
  /** What the one who builds allows the Dockerfile to ask for: `security.insecure`, `network.host`. */
  readonly entitlements: readonly string[];
  /** By `imageKey`. */
  readonly images: ReadonlyMap<string, KnownImage>;
}

export type Planned =
  | { readonly kind: 'graph'; readonly graph: Graph }
  | { readonly kind: 'needs'; readonly images: readonly ImageNeed[] };

export function imageKey({ reference, platform }: Omit<ImageNeed, 'range'>): string {
  return `${reference} ${platform.os}/${platform.architecture}/${platform.variant ?? ''}`;
}

/** Throws invalid in Docker's words, with its place. With `needs`, the same call is made again with these images known. */
export function planBuild(input: PlanInput): Planned {
  try {
    return new Planner(input).run();
  } catch (error) {
    if (error instanceof Failure) throw invalid(error.message);
    throw error;
  }
}

/** The vertices so far, the stages that were asked for, and the images that are missing. */
export class Planner {
  readonly input: PlanInput;
  readonly global: Map<string, string>;
  readonly budget = new Budget();
  readonly #automatic: ReadonlyMap<string, string>;
  readonly #vertices: GraphVertex[] = [];
  readonly #stages = new Map<number, StagePlan | undefined>();
  readonly #needs = new Map<string, ImageNeed>();
  readonly #shared = new Map<string, number>();
  readonly #contextPaths = new Map<number, Set<string> | 'all'>();
  #range: Range | undefined;
  /** Arguments that some ARG names. */
  readonly declared = new Set<string>();

  constructor(input: PlanInput) {
    this.input = input;
    const { dockerfile, buildArgs, platform, buildPlatform, target } = input;
    const full = (one: Platform) => ({ ...one, variant: one.variant ?? '' });
    this.#automatic = automaticArgs(full(buildPlatform), full(platform), target);
    this.global = globalScope(this.#automatic, dockerfile.metaArgs, buildArgs, dockerfile.escape, this.budget);
    for (const { definitions } of dockerfile.metaArgs) for (const { key } of definitions) this.declared.add(key);
    for (const key of this.#automatic.keys()) this.declared.add(key);
  }

  run(): Planned {
    const { stages } = this.input.dockerfile;
    if (stages.length === 0) throw invalid('dockerfile contains no stages to build');
    const target = this.#targetStage();
    const plan = this.stage(target);
    if (this.#needs.size > 0 || !plan) return { kind: 'needs', images: [...this.#needs.values()] };
    const { labels, classic } = this.input;
    if (classic) plan.labels(labels);
    const steps = [...this.#stages].sort(([a], [b]) => a - b).flatMap(([, stage]) => stage?.steps ?? []);
    const vertices = this.#vertices.map((vertex): GraphVertex => {
      const paths = this.#contextPaths.get(vertex.id);
      if (vertex.op.kind !== 'context' || paths === undefined || paths === 'all') return vertex;
      return { ...vertex, op: { ...vertex.op, paths: [...paths].sort() } };
    });
    return {
      kind: 'graph',
      graph: {
        vertices,
        steps,
        result: plan.result(classic ? new Map() : labels),
        unusedArgs: unusedArgs(this.input.buildArgs, this.declared),
      },
    };
  }

  #targetStage(): Stage {
    const { dockerfile, target } = this.input;
    const last = dockerfile.stages.at(-1) as Stage;
    if (target === '') return last;
    const found = this.stageNamed(target);
    if (found) return found;
    const names = dockerfile.stages.map(({ name }) => name).filter(Boolean);
    throw invalid(withGuess(`target stage "${target}" could not be found`, target, names, false));
  }

  /** By name, the last one of that name, or by number; only those before `before`. */
  stageNamed(text: string, before = Number.POSITIVE_INFINITY): Stage | undefined {
    const stages = this.input.dockerfile.stages.filter(({ index }) => index < before);
    const named = stages.findLast(({ name }) => name !== '' && name === text.toLowerCase());
    if (named) return named;
    return /^\d+$/.test(text) ? stages.find(({ index }) => index === Number(text)) : undefined;
  }

  /** The stage's plan, made at its first use; undefined while an image below it is missing. */
  stage(stage: Stage): StagePlan | undefined {
    if (this.#stages.has(stage.index)) return this.#stages.get(stage.index);
    const plan = StagePlan.make(this, stage);
    this.#stages.set(stage.index, plan);
    return plan;
  }

  /** Does the work of one instruction: faults and missing images are told with its lines. */
  at<T>(range: Range, work: () => T): T {
    const before = this.#range;
    this.#range = range;
    try {
      return work();
    } catch (error) {
      throw placed(error, range);
    } finally {
      this.#range = before;
    }
  }

  /** Adds a vertex. */
  add(vertex: Omit<GraphVertex, 'id'>): number {
    const id = this.#vertices.length;
    this.#vertices.push({ ...vertex, id });
    return id;
  }

  /** A vertex that is there once, however often it is used. */
  #once(key: string, make: () => Omit<GraphVertex, 'id'>): number {
    const before = this.#shared.get(key);
    if (before !== undefined) return before;
    const id = this.add(make());
    this.#shared.set(key, id);
    return id;
  }

  scratch(): number {
    return this.#once('scratch', () => ({
      name: 'scratch',
      op: { kind: 'scratch' },
      inputs: [],
      stage: undefined,
      noCache: false,
    }));
  }

  /** Instructions that an image has for those who build on it. */
  triggersOf(reference: string, platform: Platform): readonly string[] {
    return this.input.images.get(imageKey({ reference, platform }))?.file.config?.OnBuild ?? [];
  }

  /** undefined while it is not known. */
  image(
    reference: string,
    platform: Platform,
    name: string,
    stage?: number,
  ): { vertex: number; image: KnownImage } | undefined {
    const need = { reference, platform };
    const image = this.input.images.get(imageKey(need));
    if (!image) {
      const { range } = this.#needs.get(imageKey(need)) ?? { range: this.#range };
      this.#needs.set(imageKey(need), range ? { ...need, range } : need);
      return undefined;
    }
    const vertex = this.#once(`image ${imageKey(need)}`, () => ({
      name,
      op: { kind: 'image', reference, platform, chains: image.chains },
      inputs: [],
      stage,
      noCache: false,
    }));
    return { vertex, image };
  }

  /** The build context (`''`) or a named one. `paths` is what is used of it; undefined for all. */
  context(name: string, paths: readonly string[] | undefined): number {
    const label = name === '' ? '[internal] load build context' : `[context ${name}] load from client`;
    const vertex = this.#once(`context ${name}`, () => ({
      name: label,
      op: { kind: 'context', name, paths: undefined, exclude: name === '' ? this.input.ignore : [] },
      inputs: [],
      stage: undefined,
      noCache: false,
    }));
    const known = this.#contextPaths.get(vertex);
    if (paths === undefined || known === 'all') this.#contextPaths.set(vertex, 'all');
    else this.#contextPaths.set(vertex, new Set([...(known ?? []), ...paths]));
    return vertex;
  }

  remote(op: Omit<Extract<Op, { kind: 'remote' }>, 'kind'>): number {
    return this.#once(`remote ${JSON.stringify(op)}`, () => ({
      name: op.url.replace(/\/\/[^/@]*@/, '//'),
      op: { kind: 'remote', ...op },
      inputs: [],
      stage: undefined,
      noCache: false,
    }));
  }

  /** What `COPY --from`, `RUN --mount from` name: a named context, a stage before this one, or an image. undefined while it is not known. */
  from(text: string, user: Stage, paths: readonly string[] | undefined): number | undefined {
    const context = this.input.contexts.get(text) ?? this.input.contexts.get(text.toLowerCase());
    if (context) return this.named(text, context, paths);
    if (text === 'scratch') return this.scratch();
    const stage = this.stageNamed(text, user.index);
    if (stage) return this.stage(stage)?.vertex;
    if (/^\d+$/.test(text)) throw invalid(`invalid stage index ${text}`);
    const later = this.input.dockerfile.stages.find(({ name }) => name !== '' && name === text.toLowerCase());
    if (later && later.index === user.index) throw invalid(`circular dependency detected on stage: ${later.name}`);
    return this.image(text, this.input.platform, `FROM ${text}`)?.vertex;
  }

  named(name: string, context: NamedContext, paths: readonly string[] | undefined): number | undefined {
    switch (context.kind) {
      case 'files':
        return this.context(name, paths);
      case 'image':
        return this.image(context.reference, this.input.platform, `[context ${name}] ${context.reference}`)?.vertex;
      case 'remote':
        return this.remote({ url: context.url, checksum: '', keepGitDir: false });
      case 'stage': {
        const stage = this.stageNamed(context.name);
        if (!stage) throw invalid(`target stage "${context.name}" could not be found`);
        return this.stage(stage)?.vertex;
      }
      case 'oci-layout':
      case 'oci-blobs':
        // they are images by now
        throw internal(`the context ${name} was not loaded`);
    }
  }

  /** The words of FROM. */
  fromWord(text: string): string {
    return expand(text, this.global, this.input.dockerfile.escape, { budget: this.budget }).text;
  }

  platformOf(stage: Stage): Platform {
    const text = this.fromWord(stage.platform);
    if (text === '') {
      if (stage.platform !== '') throw invalid(`empty platform value from expression ${stage.platform}`);
      return this.input.platform;
    }
    try {
      return parsePlatform(text);
    } catch (error) {
      throw invalid(`failed to parse platform ${text}: ${messageOf(error)}`);
    }
  }
}
