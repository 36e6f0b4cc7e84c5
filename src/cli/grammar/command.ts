// What a command is: its place in the tree, its flags and arguments, and the function that runs it.
import type { Flags, Values } from './flag.ts';

/** How many positional arguments a command takes. */
export type ArgsRule =
  | { readonly kind: 'none' }
  | { readonly kind: 'exactly'; readonly count: number }
  | { readonly kind: 'atLeast'; readonly count: number }
  | { readonly kind: 'atMost'; readonly count: number }
  | { readonly kind: 'range'; readonly min: number; readonly max: number }
  | { readonly kind: 'any' };

export const none: ArgsRule = { kind: 'none' };
export const any: ArgsRule = { kind: 'any' };
export const exactly = (count: number): ArgsRule => ({ kind: 'exactly', count });
export const atLeast = (count: number): ArgsRule => ({ kind: 'atLeast', count });
export const atMost = (count: number): ArgsRule => ({ kind: 'atMost', count });
export const range = (min: number, max: number): ArgsRule => ({ kind: 'range', min, max });

export interface Invocation<F extends Flags> {
  readonly flags: Values<F>;
  /** true when the flag stood on the command line under this very name */
  readonly given: (name: keyof F & string) => boolean;
  /** true when the flag, or an older name of it, stood on the command line */
  readonly changed: (name: keyof F & string) => boolean;
  readonly args: readonly string[];
  /** `docker container run`, as the user reached it */
  readonly path: string;
}

export interface Command<F extends Flags, Context> {
  /** after the path on the Usage line: `[OPTIONS] IMAGE [COMMAND] [ARG...]`; further lines are whole */
  readonly use: string;
  readonly description: string;
  readonly aliases?: string;
  readonly flags: F;
  readonly args: ArgsRule;
  /** true when flags end at the first positional argument */
  readonly flagsFirst?: boolean;
  readonly examples?: string;
  /** the exit code, 0 when nothing is returned */
  readonly run: (context: Context, invocation: Invocation<F>) => Promise<number | undefined> | number;
}

/** A command whose flags are its own business; the tree holds these. */
export interface AnyCommand<Context> extends Omit<Command<Flags, Context>, 'run'> {
  readonly run: (context: Context, invocation: Invocation<never>) => Promise<number | undefined> | number;
}

/** A node of the tree: a group with children, or a command that is loaded when it is called. */
export interface Node<Context> {
  readonly name: string;
  readonly aliases?: readonly string[];
  readonly short: string;
  /** on the root page: place under "Common Commands" */
  readonly top?: number;
  readonly hidden?: boolean;
  readonly swarm?: boolean;
  readonly children?: readonly Node<Context>[];
  readonly load?: () => Promise<AnyCommand<Context>>;
  /** a program with flags and commands of its own, which takes all words after its name */
  readonly program?: () => Promise<(context: Context, argv: readonly string[]) => Promise<number>>;
}
