// A step of a build that has ended, as the builder gives it away and the engine makes a container of it.
import type { Digest } from '../../base/ids.ts';

/** The container that a RUN of the classic builder was in, when its program has ended. */
export interface EndedStep {
  /** 64 hex digits: what it ran under. */
  readonly id: string;
  /** The image that it ran on. */
  readonly image: Digest;
  readonly args: readonly string[];
  readonly env: readonly string[];
  readonly cwd: string;
  readonly user: string;
  readonly network: string;
  readonly exitCode: number;
  /** RFC 3339. */
  readonly started: string;
  readonly finished: string;
  /** Its output in order, each piece with its time. */
  readonly output: readonly { readonly at: string; readonly stream: 1 | 2; readonly data: Uint8Array }[];
  /** The upper directory of its overlay, which stays where it is; undefined when it changed nothing. */
  readonly files: string | undefined;
}
