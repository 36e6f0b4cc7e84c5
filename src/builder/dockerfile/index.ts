// The Dockerfile language: bytes -> stages of typed instructions with their places, and the expansion of variables.
export type { Directive, Heredoc, Node, Parsed, Position, Problem, Range } from './ast.ts';
export { heredocText } from './ast.ts';
export { syntaxOf } from './directives.ts';
export { Budget, expand, type Expanded, type ExpandOptions, type Variables } from './expand.ts';
export { type ExpandedInstruction, expandInstruction } from './expand-instruction.ts';
export { Failure, guess, withGuess } from './failure.ts';
export type * from './instructions.ts';
export { type Dockerfile, parseDockerfile, parseTrigger } from './parse.ts';
export {
  type ArgValue,
  automaticArgs,
  BUILTIN_ARGS,
  globalScope,
  type Platform,
  platformText,
  PROXY_ARGS,
  stageArg,
} from './scope.ts';
