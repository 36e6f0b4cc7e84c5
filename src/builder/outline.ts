// What the target of a Dockerfile takes: the build arguments that reach it, secrets and ssh agents, each with its line. Pure.
import { invalid } from '../base/errors.ts';
import {
  type Dockerfile,
  expand,
  Budget,
  expandInstruction,
  globalScope,
  type Instruction,
  type Stage,
  stageArg,
} from './dockerfile/index.ts';

export interface OutlineArg {
  readonly name: string;
  readonly description: string;
  readonly value: string | undefined;
  readonly line: number;
}

export interface OutlineMount {
  readonly name: string;
  readonly required: boolean;
  readonly line: number;
}

export interface Outline {
  /** As written; empty for a stage without a name. */
  readonly name: string;
  readonly description: string;
  readonly args: readonly OutlineArg[];
  readonly secrets: readonly OutlineMount[];
  readonly ssh: readonly OutlineMount[];
}

export interface OutlineInput {
  readonly dockerfile: Dockerfile;
  readonly given: ReadonlyMap<string, string>;
  /** What the builder sets by itself; no argument of the user's. */
  readonly automatic: ReadonlyMap<string, string>;
  readonly target: string;
}

/** Throws invalid for a target that is not there. */
export function outlineOf(input: OutlineInput): Outline {
  const outliner = new Outliner(input);
  const { stages } = input.dockerfile;
  const stage = input.target === '' ? stages.at(-1) : outliner.stageNamed(input.target, stages.length);
  if (!stage) throw invalid(`target stage "${input.target}" could not be found`);
  outliner.stage(stage);
  const byLine = <T extends { readonly line: number }>(rows: ReadonlyMap<string, T>): T[] =>
    [...rows.values()].sort((a, b) => a.line - b.line);
  return {
    name: stage.givenName,
    description: stage.description,
    args: byLine(outliner.args),
    secrets: byLine(outliner.secrets),
    ssh: byLine(outliner.ssh),
  };
}

class Outliner {
  readonly args = new Map<string, OutlineArg>();
  readonly secrets = new Map<string, OutlineMount>();
  readonly ssh = new Map<string, OutlineMount>();
  readonly #input: OutlineInput;
  readonly #budget = new Budget();
  readonly #global: ReadonlyMap<string, string>;
  /** Arguments before the first FROM. */
  readonly #meta = new Map<string, OutlineArg>();
  /** What each stage that was looked at leaves to those that begin with it. */
  readonly #scopes = new Map<number, ReadonlyMap<string, string>>();

  constructor(input: OutlineInput) {
    const { dockerfile, automatic, given } = input;
    this.#input = input;
    this.#global = globalScope(automatic, dockerfile.metaArgs, given, dockerfile.escape, this.#budget);
    for (const { definitions, range } of dockerfile.metaArgs)
      for (const { key: name, description } of definitions)
        this.#meta.set(name, { name, description, value: this.#global.get(name), line: range.start.line });
  }

  stageNamed(text: string, before: number): Stage | undefined {
    const stages = this.#input.dockerfile.stages.slice(0, before);
    const named = stages.findLast(({ name }) => name !== '' && name === text.toLowerCase());
    return named ?? (/^\d+$/.test(text) ? stages[Number(text)] : undefined);
  }

  /** Once for each stage that the target needs. */
  stage(stage: Stage): ReadonlyMap<string, string> {
    const before = this.#scopes.get(stage.index);
    if (before) return before;
    const { escape } = this.#input.dockerfile;
    const base = expand(stage.base, this.#global, escape, { budget: this.#budget });
    const platform = expand(stage.platform, this.#global, escape, { budget: this.#budget });
    for (const name of [...base.used, ...platform.used]) {
      const meta = this.#meta.get(name);
      if (meta) this.args.set(name, meta);
    }
    const below = this.stageNamed(base.text, stage.index);
    const scope = new Map(below ? this.stage(below) : []);
    for (const instruction of stage.instructions) this.#instruction(instruction, stage, scope);
    this.#scopes.set(stage.index, scope);
    return scope;
  }

  #instruction(instruction: Instruction, stage: Stage, scope: Map<string, string>): void {
    if (instruction.kind === 'arg') return this.#arg(instruction, scope);
    const expanded = expandInstruction(instruction, scope, this.#input.dockerfile.escape, this.#budget);
    const { instruction: full, mounts } = expanded;
    if (full.kind === 'env') for (const { key, value } of full.pairs) scope.set(key, value);
    const from = full.kind === 'copy' ? [full.from] : mounts.map((mount) => mount.from);
    for (const name of from) {
      const other = name === '' ? undefined : this.stageNamed(name, stage.index);
      if (other) this.stage(other);
    }
    const line = instruction.range.start.line;
    for (const { type, id, required, source, target } of mounts) {
      const rows = type === 'secret' ? this.secrets : type === 'ssh' ? this.ssh : undefined;
      const name = id || (type === 'ssh' ? 'default' : (source || target).replace(/^.*\//, ''));
      const one = rows?.get(name);
      rows?.set(name, { name, required: required || (one?.required ?? false), line: one?.line ?? line });
    }
  }

  #arg({ definitions, range }: Instruction<'arg'>, scope: Map<string, string>): void {
    const { given, automatic, dockerfile } = this.#input;
    for (const definition of definitions) {
      const { key: name, description } = definition;
      const { value } = stageArg(definition, scope, given, this.#global, dockerfile.escape, this.#budget);
      if (value !== undefined) scope.set(name, value);
      if (automatic.has(name)) continue;
      // one that only asks for what was set before the first FROM is shown where that was
      const meta = definition.value === undefined && !given.has(name) ? this.#meta.get(name) : undefined;
      this.args.set(name, meta ?? { name, description, value, line: range.start.line });
    }
  }
}

/** As BuildKit shows it to a person. */
export function outlineText({ name, description, args, secrets, ssh }: Outline): string {
  const head = [
    ['TARGET:', name === '' ? '(default)' : name],
    ...(description === '' ? [] : [['DESCRIPTION:', description]]),
  ];
  const yes = (rows: readonly OutlineMount[]): string[][] => rows.map((row) => [row.name, row.required ? 'true' : '']);
  const parts = [
    ...(name === '' && description === '' ? [] : [table(head)]),
    ...(args.length === 0
      ? []
      : [
          table(
            [['BUILD ARG', 'VALUE', 'DESCRIPTION'], ...args.map((arg) => [arg.name, arg.value ?? '', arg.description])],
            3,
          ),
        ]),
    ...(secrets.length === 0 ? [] : [table([['SECRET', 'REQUIRED'], ...yes(secrets)], 3)]),
    ...(ssh.length === 0 ? [] : [table([['SSH', 'REQUIRED'], ...yes(ssh)], 3)]),
  ];
  return parts.map((part) => `${part}\n`).join('');
}

/** Columns as wide as their widest cell and a gap, the last without an end. */
export function table(rows: readonly (readonly string[])[], gap = 1): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
  const line = (row: readonly string[]): string =>
    row.map((cell, at) => (at === row.length - 1 ? cell : cell.padEnd((widths[at] ?? 0) + gap))).join('');
  return rows.map((row) => `${line(row)}\n`).join('');
}
