// The Dockerfile language: bytes -> stages of typed instructions with their places, and the expansion of variables.
export type { Directive, Heredoc, Node, Parsed, Position, Problem, Range } from './syntax/ast.ts';
export { heredocText } from './syntax/ast.ts';
export { syntaxOf } from './directives.ts';
export { Budget, expand, type Expanded, type ExpandOptions, type Variables } from './syntax/expand.ts';
export { type ExpandedInstruction, expandInstruction } from './expand-instruction.ts';
export { Failure, guess, withGuess } from './syntax/failure.ts';
export type * from './syntax/instructions.ts';
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
