// The instructions of a Dockerfile as values. Words are unexpanded: expand-instruction.ts replaces variables in them.
import type { Heredoc, Range } from './ast.ts';

interface Common {
  /** The keyword as written, for example `Run`. */
  readonly keyword: string;
  /** The whole instruction on one line, trimmed, as histories show it. */
  readonly original: string;
  readonly range: Range;
  readonly comments: readonly string[];
}

export interface KeyValue {
  readonly key: string;
  readonly value: string;
  /** `ENV key value` with a space in place of `=`. */
  readonly legacy: boolean;
}

/** A command line of RUN, CMD or ENTRYPOINT. */
export interface CommandLine {
  /** True for the shell form: `args` is one text, and the stage's shell comes before it. */
  readonly shell: boolean;
  readonly args: readonly string[];
}

/** Sources and destination of COPY and ADD. */
export interface Transfer {
  readonly sources: readonly string[];
  readonly files: readonly InlineFile[];
  readonly destination: string;
  readonly chown: string;
  readonly chmod: string;
  readonly link: boolean;
  readonly exclude: readonly string[];
}

/** A file whose content stands in the Dockerfile; tabs are already taken away where asked for. */
export interface InlineFile {
  readonly name: string;
  readonly content: string;
  readonly expand: boolean;
}

export type MountType = 'bind' | 'cache' | 'tmpfs' | 'secret' | 'ssh';
export type CacheSharing = 'shared' | 'private' | 'locked';
export type RunNetwork = 'default' | 'none' | 'host';
export type RunSecurity = 'sandbox' | 'insecure';

/** One `RUN --mount=…`, understood. Empty text means "not given". */
export interface Mount {
  readonly type: MountType;
  /** Stage, image or named context. */
  readonly from: string;
  readonly source: string;
  readonly target: string;
  readonly readOnly: boolean;
  /** Bytes of a tmpfs; 0 is no limit. */
  readonly size: number;
  readonly id: string;
  readonly sharing: CacheSharing | undefined;
  readonly required: boolean;
  /** Of a secret: the variable that gets it; empty text means its id. */
  readonly env: string | undefined;
  readonly mode: number | undefined;
  readonly uid: number | undefined;
  readonly gid: number | undefined;
}

export interface Device {
  readonly name: string;
  readonly required: boolean;
}

export interface Healthcheck {
  /** `['NONE']`, `['CMD', …]` or `['CMD-SHELL', text]`. */
  readonly test: readonly string[];
  /** Nanoseconds; 0 is "inherit". */
  readonly interval: number;
  readonly timeout: number;
  readonly startPeriod: number;
  readonly startInterval: number;
  readonly retries: number;
}

export interface ArgDefinition {
  readonly key: string;
  readonly value: string | undefined;
  /** Of a comment `# KEY text` above. */
  readonly description: string;
}

export interface Kinds {
  run: CommandLine & {
    readonly heredocs: readonly Heredoc[];
    /** The texts of `--mount`, which may hold variables; `readMount` understands them. */
    readonly mounts: readonly string[];
    readonly network: RunNetwork;
    readonly security: RunSecurity;
    readonly devices: readonly Device[];
  };
  cmd: CommandLine;
  entrypoint: CommandLine;
  label: { readonly pairs: readonly KeyValue[] };
  env: { readonly pairs: readonly KeyValue[] };
  arg: { readonly definitions: readonly ArgDefinition[] };
  maintainer: { readonly name: string };
  expose: { readonly ports: readonly string[] };
  add: Transfer & {
    readonly keepGitDir: boolean | undefined;
    readonly checksum: string;
    readonly unpack: boolean | undefined;
  };
  copy: Transfer & {
    /** Stage name or number, image, or named context; empty for the build context. */
    readonly from: string;
    readonly parents: boolean;
  };
  volume: { readonly paths: readonly string[] };
  user: { readonly user: string };
  workdir: { readonly path: string };
  onbuild: {
    /** The trigger as stored in an image: heredocs follow it on lines of their own. */
    readonly expression: string;
  };
  stopsignal: { readonly signal: string };
  healthcheck: { readonly check: Healthcheck };
  shell: { readonly shell: readonly string[] };
}

export type Kind = keyof Kinds;
export type Instruction<K extends Kind = Kind> = { [P in K]: Common & { readonly kind: P } & Kinds[P] }[K];

/** FROM and all that follows it. */
export interface Stage {
  readonly index: number;
  /** Lower case; empty when the stage has no name. */
  readonly name: string;
  /** The name as written. */
  readonly givenName: string;
  /** Image, `scratch` or an earlier stage, unexpanded. */
  readonly base: string;
  /** The text of `--platform`, unexpanded; empty when not given. */
  readonly platform: string;
  /** FROM as written, and the `AS` after it. */
  readonly keyword: string;
  readonly asKeyword: string;
  readonly original: string;
  readonly description: string;
  readonly comments: readonly string[];
  readonly range: Range;
  readonly instructions: readonly Instruction[];
}
