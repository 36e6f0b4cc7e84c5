// Completion of command lines: what may come next, and the scripts by which shells ask.
export type { ObjectKind } from './arguments.ts';
export { type Candidate, type Completion, completionOf } from './plan.ts';
export { FILES, NO_FILES, SCRIPTS } from './scripts.ts';
