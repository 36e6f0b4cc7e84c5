// A whole Dockerfile: bytes -> arguments before the first stage, and stages of typed instructions.
import type { Directive, Node, Parsed, Problem } from './syntax/ast.ts';
import { directiveOf, syntaxOf } from './directives.ts';
import { Failure } from './syntax/failure.ts';
import type { Instruction, Stage } from './syntax/instructions.ts';
import { readLines } from './lines.ts';
import { opensStage, readInstruction, readStage } from './read/index.ts';

export interface Dockerfile {
  readonly directives: readonly Directive[];
  /** The frontend asked for by `# syntax=`, without what is behind a space. */
  readonly syntax: string | undefined;
  /** Options of the checks, by `# check=`. */
  readonly check: string | undefined;
  /** `\` or a backquote; `expand` needs it. */
  readonly escape: string;
  /** ARG instructions before the first FROM. */
  readonly metaArgs: readonly Instruction<'arg'>[];
  readonly stages: readonly Stage[];
  readonly nodes: readonly Node[];
}

/** Far more than any file has; each stage is looked for among all others. */
export const MAX_STAGES = 500;

/**
 * Parses a Dockerfile. Problems that Docker would find first come first, so `problems[0]` of severity `error` is its message;
 * unlike Docker the parser goes on to the next instruction, so the others are there too.
 */
export function parseDockerfile(source: Uint8Array | string): Parsed<Dockerfile> {
  const text = typeof source === 'string' ? source : new TextDecoder('utf-8', { ignoreBOM: true }).decode(source);
  const lines = readLines(text);
  const { directives, escape, nodes } = lines.value;
  const metaArgs: Instruction<'arg'>[] = [];
  const stages: (Omit<Stage, 'instructions'> & { readonly instructions: Instruction[] })[] = [];
  const early: Problem[] = [...lines.problems];
  const late: Problem[] = [];
  for (const node of nodes) {
    try {
      if (opensStage(node)) {
        if (stages.length === MAX_STAGES) throw new Failure(`more than ${MAX_STAGES} stages`, true);
        stages.push({ ...readStage(node, stages.length), instructions: [] });
        continue;
      }
      const instruction = readInstruction(node, escape);
      const stage = stages.at(-1);
      if (stage) stage.instructions.push(instruction);
      else if (instruction.kind === 'arg') metaArgs.push(instruction);
      else late.push({ severity: 'error', message: 'no build stage in current context', range: node.range });
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      const { message, bare } = error;
      const shown = bare ? message : `dockerfile parse error on line ${node.range.start.line}: ${message}`;
      (bare ? early : late).push({ severity: 'error', message: shown, range: node.range });
      if (stages.length === MAX_STAGES) break;
    }
  }
  const check = directiveOf(text, 'check');
  const value = {
    directives,
    syntax: syntaxOf(text),
    check,
    escape,
    metaArgs,
    stages,
    nodes,
  };
  return { value, problems: [...early, ...late] };
}

/** One trigger of an image's `OnBuild`. Throws a Failure in Docker's words. */
export function parseTrigger(expression: string): Instruction {
  const { value, problems } = readLines(expression);
  const node = value.nodes[0];
  if (problems[0] || !node) throw new Failure(problems[0]?.message ?? 'file with no instructions', true);
  if (value.nodes.length !== 1) throw new Failure('onbuild trigger should be a single expression', true);
  const trigger = node.keyword.toUpperCase();
  if (trigger === 'ONBUILD') throw new Failure("Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed", true);
  if (trigger === 'MAINTAINER' || trigger === 'FROM') {
    throw new Failure(`${trigger} isn't allowed as an ONBUILD trigger`, true);
  }
  return readInstruction(node, value.escape);
}
