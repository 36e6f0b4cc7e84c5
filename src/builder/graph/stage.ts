// One stage: its instructions in turn become vertices, and what they say of the configuration is gathered. Pure.
import { posix } from 'node:path';
import { invalid } from '../../base/errors.ts';
import type { Digest } from '../../base/ids.ts';
import type { ImageConfig } from '../../spec/docker/index.ts';
import { formatPlatform, type Platform } from '../../spec/oci/index.ts';
import type { ArgDefinition } from '../dockerfile/syntax/instructions.ts';
import {
  expandInstruction,
  type ExpandedInstruction,
  type Instruction,
  parseTrigger,
  type Stage,
  stageArg,
} from '../dockerfile/index.ts';
import { createdBy, type HistoryOptions, noOperation } from './created-by.ts';
import { applyMeta, commandOf, startConfig, workingDirectory, workOf } from './config.ts';
import type { KnownImage, Planner } from './plan.ts';
import { execOf } from './run.ts';
import { type Arg, argsAfterEnv, namesOf, visible } from './scope.ts';
import { copyOf } from './transfer.ts';
import type { GraphHistory, GraphResult, GraphStep } from './vertex.ts';

/** Instructions that have a vertex, and are counted in its name. */
const COUNTED = new Set(['run', 'copy', 'add', 'workdir']);

interface Base {
  readonly vertex: number;
  readonly config: ImageConfig;
  readonly platform: Platform;
  readonly image: KnownImage | undefined;
  readonly history: readonly GraphHistory[];
  readonly args: readonly Arg[];
  readonly author: string;
  readonly triggers: readonly string[];
  /** FROM is a step that is counted: an image is fetched. */
  readonly counts: boolean;
}

export class StagePlan {
  readonly planner: Planner;
  readonly stage: Stage;
  readonly platform: Platform;
  readonly noCache: boolean;
  vertex: number;
  config: ImageConfig;
  args: Arg[];
  readonly steps: GraphStep[] = [];
  readonly #base: Base;
  readonly #history: GraphHistory[];
  readonly #total: number;
  #author: string;
  #count: number;
  #commandSet = false;
  /** Which of those that the base image asks for is being done. */
  #trigger: GraphStep['trigger'];

  private constructor(planner: Planner, stage: Stage, base: Base, instructions: readonly Instruction[]) {
    this.planner = planner;
    this.stage = stage;
    this.#base = base;
    this.platform = base.platform;
    this.vertex = base.vertex;
    this.config = base.config;
    this.args = [...base.args];
    this.#history = [...base.history];
    this.#author = base.author;
    this.#count = base.counts ? 1 : 0;
    this.#total = this.#count + instructions.filter(({ kind }) => COUNTED.has(kind)).length;
    const { noCache, noCacheFilter } = planner.input;
    this.noCache =
      noCache || noCacheFilter.some((name) => name.toLowerCase() === stage.name || name === String(stage.index));
  }

  /** undefined while an image below it is missing. */
  static make(planner: Planner, stage: Stage): StagePlan | undefined {
    const base = planner.at(stage.range, () => baseOf(planner, stage));
    if (!base) return undefined;
    // what a base image asks for has no line of its own: it is where the image is named
    const triggers = planner
      .at(stage.range, () => base.triggers.map(parseTrigger))
      .map((one) => ({ ...one, range: stage.range }));
    const instructions = [...triggers, ...stage.instructions];
    const plan = new StagePlan(planner, stage, base, instructions);
    plan.#step(stage.original, base.vertex, base.history.length === 0 ? base.image?.id : undefined);
    let complete = true;
    for (const [index, instruction] of instructions.entries()) {
      plan.#trigger = index < triggers.length ? { number: index + 1, of: triggers.length } : undefined;
      complete = planner.at(instruction.range, () => plan.#apply(instruction)) && complete;
    }
    return complete ? plan : undefined;
  }

  result(labels: ReadonlyMap<string, string>): GraphResult {
    const { image } = this.#base;
    const config =
      labels.size === 0
        ? this.config
        : { ...this.config, Labels: { ...this.config.Labels, ...Object.fromEntries(labels) } };
    return {
      vertex: this.vertex,
      config,
      author: this.#author,
      platform: this.platform,
      base: image && {
        id: image.id,
        history: image.file.history ?? [],
        chains: image.chains,
        ...(image.file['os.version'] ? { osVersion: image.file['os.version'] } : {}),
      },
      history: [...this.#history],
    };
  }

  /** Labels from outside as instructions at the end, as the classic builder has them. */
  labels(labels: ReadonlyMap<string, string>): void {
    this.#trigger = undefined;
    for (const [key, value] of [...labels].sort(([a], [b]) => (a < b ? -1 : 1))) {
      this.config = { ...this.config, Labels: { ...this.config.Labels, [key]: value } };
      const text = `LABEL ${key}=${value}`;
      this.#history.push({ createdBy: noOperation(text, this.config), vertex: undefined });
      this.#step(text, undefined);
    }
  }

  /** For a stage that begins with this one. */
  asBase(): Base {
    const { OnBuild: triggers, ...config } = this.config;
    return {
      vertex: this.vertex,
      config,
      platform: this.platform,
      image: this.#base.image,
      history: this.#history,
      // the image's variables are set anew
      args: argsAfterEnv(this.args, namesOf(this.config.Env ?? [])),
      author: this.#author,
      triggers: triggers ?? [],
      counts: false,
    };
  }

  /** False when an image that the instruction needs is missing. */
  #apply(instruction: Instruction): boolean {
    const { budget, input } = this.planner;
    const { escape } = input.dockerfile;
    budget.spend(workOf(this.config, this.args.length, instruction));
    const variables = visible(this.config.Env ?? [], this.args);
    const expanded = expandInstruction(instruction, variables, escape, budget);
    if (expanded.instruction.kind === 'expose') budget.spend(workOf(this.config, 0, expanded.instruction));
    switch (expanded.instruction.kind) {
      case 'arg': {
        const shown: ArgDefinition[] = [];
        for (const definition of expanded.instruction.definitions) {
          const { buildArgs } = input;
          const before = visible(this.config.Env ?? [], this.args);
          const { key, value } = stageArg(definition, before, buildArgs, this.planner.global, escape, budget);
          this.planner.declared.add(key);
          this.args.push({ key, value });
          // the classic builder does not tell what was given from outside
          const notified = this.planner.input.classic
            ? stageArg(definition, before, new Map(), new Map(), escape, budget).value
            : value;
          shown.push({ ...definition, value: notified });
        }
        this.#meta(instruction.original, { ...expanded.instruction, definitions: shown });
        return true;
      }
      case 'maintainer':
        this.#author = expanded.instruction.name;
        this.#meta(instruction.original, expanded.instruction);
        return true;
      case 'run':
      case 'copy':
      case 'add':
        return this.#effect(expanded);
      case 'workdir': {
        if (this.planner.input.classic && expanded.instruction.path === '') throw invalid('cannot normalize nothing');
        const path = workingDirectory(this.config, expanded.instruction.path);
        this.config = { ...this.config, WorkingDir: path };
        if (path === '/') {
          this.#count += 1;
          this.#meta(instruction.original, expanded.instruction);
          return true;
        }
        // with the classic builder they are root's
        const owner = this.planner.input.classic ? '' : (this.config.User ?? '');
        const line = this.#createdBy(expanded.instruction);
        this.#add(instruction.original, { kind: 'mkdir', path, owner }, [this.vertex], line);
        return true;
      }
      case 'cmd':
      case 'entrypoint':
      case 'env':
      case 'expose':
      case 'healthcheck':
      case 'label':
      case 'onbuild':
      case 'shell':
      case 'stopsignal':
      case 'user':
      case 'volume': {
        const { kind } = expanded.instruction;
        const { classic } = this.planner.input;
        this.config = applyMeta(this.config, expanded.instruction, { commandSet: this.#commandSet, classic });
        if (kind === 'cmd') this.#commandSet = true;
        if (expanded.instruction.kind === 'env')
          this.args = argsAfterEnv(
            this.args,
            expanded.instruction.pairs.map(({ key }) => key),
          );
        this.#meta(instruction.original, expanded.instruction);
        return true;
      }
    }
  }

  #effect({ instruction, mounts }: ExpandedInstruction): boolean {
    if (instruction.kind === 'run') {
      const made = execOf(this, instruction, mounts);
      if (!made) return false;
      const line = this.#createdBy(instruction, { args: made.args, command: made.op.args });
      this.#add(instruction.original, made.op, made.inputs, line);
      return true;
    }
    if (instruction.kind !== 'copy' && instruction.kind !== 'add') return true;
    const made = copyOf(this, instruction);
    if (!made) return false;
    this.#add(instruction.original, made.op, made.inputs, this.#createdBy(instruction));
    return true;
  }

  #createdBy(instruction: Instruction, more: Pick<HistoryOptions, 'args' | 'command'> = {}): string {
    return createdBy(instruction, { config: this.config, classic: this.planner.input.classic, ...more });
  }

  #add(original: string, op: GraphStepOp, inputs: readonly number[], line: string): void {
    this.#count += 1;
    const prefix = this.#prefix();
    this.vertex = this.planner.add({
      name: `${prefix} ${original}`,
      op,
      inputs,
      stage: this.stage.index,
      noCache: this.noCache,
    });
    this.#history.push({ createdBy: line, vertex: this.vertex });
    this.#step(original, this.vertex);
  }

  /** As BuildKit has it: a stage that builds for another platform, and knows that it does, says for which. */
  #platformText(): string {
    const { platform } = this.planner.input;
    const own = formatPlatform(this.platform);
    const knows = this.args.some(({ key }) => /^TARGET(PLATFORM|ARCH)$/.test(key));
    if (!knows || platform.architecture === this.platform.architecture) return own;
    return `${own}->${formatPlatform(platform).replace(/^[^/]*\//, '')}`;
  }

  #prefix(): string {
    const { multiPlatform, dockerfile } = this.planner.input;
    const stage = this.stage.name || (dockerfile.stages.length > 1 ? `stage-${this.stage.index}` : '');
    const words = [
      ...(multiPlatform ? [this.#platformText()] : []),
      ...(stage ? [stage] : []),
      `${String(this.#count).padStart(String(this.#total).length)}/${this.#total}`,
    ];
    return `[${words.join(' ')}]`;
  }

  #meta(text: string, instruction: Instruction): void {
    // BuildKit's history does not tell of what builds on the image will do
    if (instruction.kind !== 'onbuild' || this.planner.input.classic)
      this.#history.push({ createdBy: this.#createdBy(instruction), vertex: undefined });
    this.#step(text, undefined);
  }

  #step(text: string, vertex: number | undefined, base?: Digest): void {
    this.steps.push({
      text,
      stage: this.stage.index,
      vertex,
      result: this.result(new Map()),
      ...(base === undefined ? {} : { base }),
      ...(this.#trigger ? { trigger: this.#trigger } : {}),
    });
  }

  /** A path of the container as an instruction means it. */
  absolute(path: string): string {
    const full = posix.resolve('/', this.config.WorkingDir ?? '', path);
    return /(^|\/)\.?$/.test(path) && full !== '/' ? `${full}/` : full;
  }

  command(line: { readonly shell: boolean; readonly args: readonly string[] }): string[] {
    return commandOf(this.config, line, this.planner.input.classic);
  }
}

type GraphStepOp = Parameters<Planner['add']>[0]['op'];

function baseOf(planner: Planner, stage: Stage): Base | undefined {
  const name = planner.fromWord(stage.base);
  if (name === '') throw invalid(`base name (${stage.base}) should not be blank`);
  const platform = planner.platformOf(stage);
  const empty = { history: [], args: [], author: '', triggers: [], counts: false };
  const context = planner.input.contexts.get(name) ?? planner.input.contexts.get(name.toLowerCase());
  if (context && context.kind !== 'image') {
    if (context.kind === 'stage') {
      const other = planner.stageNamed(context.name);
      return other && planner.stage(other)?.asBase();
    }
    const files = planner.named(name, context, undefined);
    if (files === undefined) return undefined;
    const op = {
      kind: 'copy',
      sources: [{ input: 1, path: '/' }],
      destination: '/',
      chown: '',
      chmod: '',
      exclude: [],
      parents: false,
      unpack: false,
      keyword: 'COPY',
      link: false,
    } as const;
    const vertex = planner.add({
      name: `FROM ${name}`,
      op,
      inputs: [planner.scratch(), files],
      stage: stage.index,
      noCache: false,
    });
    return { vertex, config: startConfig(undefined), platform, image: undefined, ...empty };
  }
  const other = context ? undefined : planner.stageNamed(name, stage.index);
  if (other && planner.input.dockerfile.stages[other.index]?.name === name.toLowerCase())
    return planner.stage(other)?.asBase();
  if (name === 'scratch' && !context)
    return { vertex: planner.scratch(), config: startConfig(undefined), platform, image: undefined, ...empty };
  const reference = context?.kind === 'image' ? context.reference : name;
  const named = stage.name || (planner.input.dockerfile.stages.length > 1 ? `stage-${stage.index}` : '');
  const label = [...(planner.input.multiPlatform ? [formatPlatform(platform)] : []), named].filter(Boolean).join(' ');
  const found = planner.image(
    reference,
    platform,
    `[${label ? `${label} ` : ''}1/${stageTotal(stage, planner.triggersOf(reference, platform))}] FROM ${reference}`,
    stage.index,
  );
  if (!found) return undefined;
  const { config, author } = found.image.file;
  const { OnBuild, ...rest } = config ?? {};
  return {
    vertex: found.vertex,
    config: startConfig(rest),
    platform,
    image: found.image,
    ...empty,
    author: author ?? '',
    triggers: OnBuild ?? [],
    counts: true,
  };
}

function stageTotal(stage: Stage, triggers: readonly string[]): number {
  const all = [...triggers.map(parseTrigger), ...stage.instructions];
  return 1 + all.filter(({ kind }) => COUNTED.has(kind)).length;
}
