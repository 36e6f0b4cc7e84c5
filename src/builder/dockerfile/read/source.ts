// What a reader of one instruction gets, and what it gives.
import type { Node } from '../syntax/ast.ts';
import type { Kind, Kinds } from '../syntax/instructions.ts';

export interface Source {
  readonly node: Node;
  readonly escape: string;
}

/** Throws a Failure when the instruction can't be understood. */
export type Reader<K extends Kind> = (source: Source) => Kinds[K];
