// What the solver has made of a build, for those that write its outputs.
import type { Digest } from '../../base/ids.ts';
import type { Platform } from '../../spec/oci/index.ts';
import type { Graph } from '../graph/vertex.ts';
import type { StepEvent } from '../model/event.ts';
import type { Material } from '../model/material.ts';
import type { BuildRequest, BuildSink } from '../model/request.ts';
import type { BuilderContext } from '../services/context.ts';
import type { Solver } from './solver.ts';

export interface Solved {
  readonly graph: Graph;
  readonly solver: Solver;
  readonly platform: Platform;
  /** The image that the last step was made on, where steps are images. */
  below?: Digest;
  /** The end of the last step, which is not told yet. */
  last?: StepEvent | undefined;
}

/** What is known of a build when its steps are done. */
export interface BuildEnd {
  readonly context: BuilderContext;
  readonly request: BuildRequest;
  readonly id: string;
  /** RFC 3339. */
  readonly started: string;
  readonly dockerfile: { readonly name: string; readonly text: Uint8Array };
  /** What was fetched from elsewhere. */
  readonly materials: readonly Material[];
  readonly sink: BuildSink;
  readonly signal: AbortSignal;
}
