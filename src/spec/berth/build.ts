// The connection of a build between Berth's client and daemon: frames on channels, and what they say. Both sides use this file.
//
//   frame   length u32 | kind u8 | channel u32 | payload
//
// Channel 0 carries the options, what happens, and the end. The daemon opens another channel for each thing that it asks for: a file, the files of
// a context, a secret, credentials, where an output goes.

export const FRAME = { json: 1, data: 2, end: 3, error: 4 } as const;
export type FrameKind = (typeof FRAME)[keyof typeof FRAME];

export interface Frame {
  readonly kind: FrameKind;
  readonly channel: number;
  readonly payload: Buffer;
}

const HEAD = 9;
/** One frame's payload; more is refused. */
export const MAX_FRAME = 8 * 1024 * 1024;

export function frame(kind: FrameKind, channel: number, payload: Uint8Array | string = ''): Buffer {
  const body = typeof payload === 'string' ? Buffer.from(payload) : payload;
  const bytes = Buffer.allocUnsafe(HEAD + body.length);
  bytes.writeUInt32BE(body.length, 0);
  bytes.writeUInt8(kind, 4);
  bytes.writeUInt32BE(channel, 5);
  bytes.set(body, HEAD);
  return bytes;
}

/** Cuts what arrives into frames. Throws for one that is too long. */
export class FrameReader {
  #parts: Buffer[] = [];
  #size = 0;

  *add(chunk: Buffer): Generator<Frame, void, undefined> {
    this.#parts.push(chunk);
    this.#size += chunk.length;
    while (this.#size >= HEAD) {
      const first = this.#joined(HEAD);
      const length = first.readUInt32BE(0);
      if (length > MAX_FRAME) throw new Error(`a frame of ${length} bytes is too long`);
      if (this.#size < HEAD + length) return;
      const bytes = this.#joined(HEAD + length);
      const kind = bytes.readUInt8(4) as FrameKind;
      const whole = { kind, channel: bytes.readUInt32BE(5), payload: bytes.subarray(HEAD, HEAD + length) };
      this.#parts = bytes.length > HEAD + length ? [bytes.subarray(HEAD + length)] : this.#parts.slice(1);
      this.#size -= HEAD + length;
      yield whole;
    }
  }

  /** The first part, made long enough. */
  #joined(length: number): Buffer {
    const [first] = this.#parts;
    if (first && first.length >= length) return first;
    let count = 0;
    let size = 0;
    while (size < length) size += this.#parts[count++]?.length ?? length;
    const bytes = Buffer.concat(this.#parts.slice(0, count));
    this.#parts.splice(0, count, bytes);
    return bytes;
  }
}

/** Where files of a build are: a directory of the client by its name, an archive that it sends, or an address. */
export type ContextOptions =
  | { readonly kind: 'files'; readonly source: string }
  | { readonly kind: 'archive' }
  | { readonly kind: 'remote'; readonly url: string }
  | { readonly kind: 'empty' };

export type NamedContextOptions =
  | { readonly kind: 'files'; readonly source: string }
  | { readonly kind: 'image'; readonly reference: string }
  /** An image in OCI layout: its digest, its tag, or empty text. */
  | { readonly kind: 'oci-layout'; readonly source: string; readonly reference: string }
  | { readonly kind: 'remote'; readonly url: string }
  | { readonly kind: 'stage'; readonly name: string };

export interface OutputOptions {
  readonly type: string;
  readonly attributes: Readonly<Record<string, string>>;
  /** What the client does with it; absent for what stays with the daemon. */
  readonly takes?: 'archive' | 'directory';
}

/** What a client asks for. Names of build arguments and the like are as on its command line. */
export interface BuildOptions {
  readonly call: 'build' | 'check' | 'targets' | 'outline';
  readonly context: ContextOptions;
  /** In the context, or in the client's directory `dockerfile`, or right here. */
  readonly dockerfile:
    | { readonly kind: 'context' | 'directory'; readonly path: string }
    | { readonly kind: 'text'; readonly text: string };
  /** Names the checkout, so that its files are kept from build to build. */
  readonly sharedKey: string;
  readonly contexts: Readonly<Record<string, NamedContextOptions>>;
  readonly buildArgs: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
  readonly tags: readonly string[];
  readonly target: string;
  readonly platforms: readonly string[];
  readonly noCache: boolean;
  readonly noCacheFilter: readonly string[];
  readonly pull: boolean;
  readonly network: string;
  readonly entitlements: readonly string[];
  readonly extraHosts: readonly string[];
  readonly limits: Readonly<Record<string, unknown>>;
  readonly cacheFrom: readonly Readonly<Record<string, string>>[];
  readonly cacheTo: readonly Readonly<Record<string, string>>[];
  readonly outputs: readonly OutputOptions[];
  readonly requireCached: boolean;
  readonly squash: boolean;
  /** What a person is offered when a step fails. */
  readonly onError: 'fail' | 'shell';
  readonly attestations: Readonly<Record<string, string>>;
  readonly agents: readonly string[];
}

/** What the daemon asks the client for, on a channel of its own. */
export type Ask =
  | { readonly kind: 'read'; readonly source: string; readonly path: string; readonly limit: number }
  | { readonly kind: 'sync'; readonly source: string; readonly exclude: readonly string[] }
  | { readonly kind: 'archive' }
  | { readonly kind: 'secret'; readonly id: string }
  | { readonly kind: 'agent'; readonly id: string }
  | { readonly kind: 'credentials'; readonly host: string }
  | { readonly kind: 'output'; readonly index: number }
  /** Of a directory with a build cache, by its name in the options; without a digest the manifest that it stands for. */
  | { readonly kind: 'cache-read'; readonly cache: string; readonly digest: string }
  | { readonly kind: 'cache-has'; readonly cache: string; readonly digest: string }
  | { readonly kind: 'cache-put'; readonly cache: string; readonly digest: string; readonly size: number }
  | { readonly kind: 'cache-publish'; readonly cache: string; readonly descriptor: object }
  /** A step failed: is there a terminal? The answer is a `ShellAnswer`; then what is typed as data and sizes as `ShellSize`, and what is shown as data. */
  | { readonly kind: 'shell'; readonly command: string; readonly reason: string };

/** Without `term` nobody is there. */
export interface ShellAnswer {
  readonly term?: string;
  readonly size: readonly [number, number];
}
export interface ShellSize {
  readonly size: readonly [number, number];
}

/** Type, path in latin1, mode, size, time of change in nanoseconds, target of a symbolic link or the first name of a file that has several. */
export type SentEntry = readonly ['f' | 'd' | 'l' | 'p' | 'c' | 'b', string, number, number, string, string];

/** What the daemon sends on channel 0. Times are nanoseconds as text, output of steps is base64. */
export type DaemonMessage =
  | { readonly notify: 'ask'; readonly channel: number; readonly ask: Ask }
  | { readonly notify: 'event'; readonly event: ShownEvent }
  | { readonly notify: 'result'; readonly result: ShownResult }
  | { readonly notify: 'failure'; readonly message: string; readonly hint?: string; readonly place?: ShownPlace };

/** Lines of a file, `source` being all of it in base64. */
export interface ShownPlace {
  readonly file: string;
  readonly source: string;
  readonly ranges: readonly { readonly startLine: number; readonly endLine: number }[];
}

export interface ShownVertex {
  readonly id: string;
  readonly name: string;
  readonly inputs: readonly string[];
  readonly started?: string;
  readonly completed?: string;
  readonly cached?: boolean;
  readonly error?: string;
  readonly cause?: string;
}

export type ShownEvent =
  | { readonly kind: 'vertex'; readonly vertex: ShownVertex }
  | {
      readonly kind: 'status';
      readonly vertex: string;
      readonly id: string;
      readonly name: string;
      readonly current: number;
      readonly total: number;
      readonly at: string;
      readonly started?: string;
      readonly completed?: string;
    }
  | {
      readonly kind: 'log';
      readonly vertex: string;
      readonly stream: 1 | 2;
      readonly data: string;
      readonly at: string;
    }
  | ({ readonly kind: 'warning'; readonly vertex: string } & ShownFinding);

export interface ShownFinding extends ShownPlace {
  readonly rule: string;
  readonly short: string;
  readonly detail: readonly string[];
  readonly url: string;
}

export interface ShownTarget {
  readonly name: string;
  readonly description: string;
  readonly base: string;
  readonly platform: string;
  readonly isDefault: boolean;
}

export interface ShownResult {
  readonly id: string;
  readonly images: readonly string[];
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly findings?: readonly ShownFinding[];
  readonly failure?: string;
  /** Why it can't be built at all; without ranges where no line is to blame. */
  readonly fault?: ShownPlace & { readonly message: string };
  /** What is asked besides a build, as programs read it. */
  readonly json?: string;
  readonly targets?: readonly ShownTarget[];
  /** Of `outline`, ready to be shown. */
  readonly outline?: string;
}
