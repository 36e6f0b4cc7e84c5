// A Dockerfile as text that a person can compare: one line for each instruction, its values as JSON.
import type { Parsed } from './syntax/ast.ts';
import type { Instruction, Stage } from './syntax/instructions.ts';
import type { Dockerfile } from './parse.ts';

/** Values that are not there are not shown, so that a golden text says only what the instruction says. */
function shown(value: object): string {
  const parts = Object.entries(value)
    .filter(
      ([, item]) => item !== undefined && item !== '' && item !== false && !(Array.isArray(item) && item.length === 0),
    )
    .map(([name, item]) => `${name}=${JSON.stringify(item)}`);
  return parts.join(' ');
}

/** Said by the kind and the place. */
const IMPLIED = new Set(['kind', 'keyword', 'original', 'range', 'comments']);

function instructionText(instruction: Instruction): string {
  const { kind, range } = instruction;
  const values = Object.fromEntries(Object.entries(instruction).filter(([name]) => !IMPLIED.has(name)));
  return `${range.start.line}-${range.end.line} ${kind} ${shown(values)}`.trimEnd();
}

function stageText(stage: Stage): string {
  const { index, name, base, platform, description, range } = stage;
  const head = `${range.start.line}-${range.end.line} stage ${index} ${shown({ name, base, platform, description })}`;
  return [head, ...stage.instructions.map((instruction) => `  ${instructionText(instruction)}`)].join('\n');
}

export function dump({ value, problems }: Parsed<Dockerfile>): string {
  return [
    ...value.directives.map(({ name, value: text, range }) => `${range.start.line} directive ${name}=${text}`),
    ...value.metaArgs.map(instructionText),
    ...value.stages.map(stageText),
    ...problems.map(({ severity, message, range: { start, end } }) => {
      return `${severity} ${start.line}:${start.column}-${end.line}:${end.column} ${message}`;
    }),
    '',
  ].join('\n');
}
