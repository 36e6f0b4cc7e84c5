// What happens in a build, typed: the classic stream, BuildKit's status messages and rawjson are folds over these.

export interface Vertex {
  /** `sha256:` and 64 hex digits; the same for the whole build. */
  readonly id: string;
  /** `[stage 2/4] RUN make`, as BuildKit names it. */
  readonly name: string;
  readonly inputs: readonly string[];
  /** Nanoseconds since 1970. */
  readonly started?: bigint;
  readonly completed?: bigint;
  readonly cached?: boolean;
  /** Set for one that failed; `cancelled` when another's failure ended it. */
  readonly error?: string;
  /** Why it was not reused, as `--explain` says it. */
  readonly cause?: string;
}

/** An instruction of the Dockerfile, in its order: what the classic stream counts as steps. */
export interface StepEvent {
  readonly kind: 'step';
  readonly phase: 'started' | 'completed';
  /** From 1. */
  readonly number: number;
  readonly total: number;
  /** The instruction as written, continuation lines joined. */
  readonly text: string;
  readonly vertex?: string;
  readonly cached?: boolean;
  /** Set when completed: the image so far. */
  readonly image?: string;
  /** One of those that the image of a FROM asks for; its number is that of the FROM. */
  readonly trigger?: { readonly number: number; readonly of: number };
  /** Of a FROM: such ones follow. */
  readonly hasTriggers?: boolean;
}

export type BuildEvent =
  /** Each time something about it changes, with all of it. */
  | { readonly kind: 'vertex'; readonly vertex: Vertex }
  | {
      readonly kind: 'status';
      readonly vertex: string;
      readonly id: string;
      readonly name: string;
      readonly current: number;
      readonly total: number;
      readonly at: bigint;
      readonly started?: bigint;
      readonly completed?: bigint;
    }
  | {
      readonly kind: 'log';
      readonly vertex: string;
      readonly stream: 1 | 2;
      readonly data: Uint8Array;
      readonly at: bigint;
    }
  | {
      readonly kind: 'warning';
      readonly vertex: string;
      /** The rule: `JSONArgsRecommended`. */
      readonly rule: string;
      readonly short: string;
      readonly detail: readonly string[];
      readonly url: string;
      readonly file: string;
      readonly source: Uint8Array;
      readonly ranges: readonly { readonly startLine: number; readonly endLine: number }[];
    }
  /** A RUN of the classic builder: its container is there, or gone again. */
  | {
      readonly kind: 'container';
      readonly phase: 'running' | 'removed';
      readonly vertex: string;
      readonly id: string;
    }
  | StepEvent;
