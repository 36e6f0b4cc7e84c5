// The graph of a build: operations on file systems, each with what it stands on. Data only; `show` in show.ts prints it.
import type { Digest } from '../../base/ids.ts';
import type { ImageConfig } from '../../spec/docker/index.ts';
import type { HistoryEntry, Platform } from '../../spec/oci/index.ts';

/** One source of a copy: a path or pattern in what a vertex gives. */
export interface CopySource {
  /** Index into the vertex's inputs. */
  readonly input: number;
  readonly path: string;
}

export interface ExecMount {
  /** `volume`: the step's own files at that path, and nothing of what it writes there is kept. */
  readonly type: 'bind' | 'cache' | 'tmpfs' | 'secret' | 'ssh' | 'volume';
  /** Index into the vertex's inputs; undefined where nothing is below: an empty directory. */
  readonly input: number | undefined;
  /** Path in what the input gives. */
  readonly source: string;
  /** Absolute. Empty for a secret that is only a variable. */
  readonly target: string;
  readonly readOnly: boolean;
  readonly size: number;
  readonly id: string;
  readonly sharing: 'shared' | 'private' | 'locked';
  readonly required: boolean;
  /** Of a secret: the variable that gets it. */
  readonly env: string | undefined;
  readonly mode: number | undefined;
  readonly uid: number;
  readonly gid: number;
}

export interface Ops {
  /** An image that is there: layers. */
  image: { readonly reference: string; readonly platform: Platform; readonly chains: readonly Digest[] };
  /** Nothing at all. */
  scratch: object;
  /** Files of the client; `paths` is what of it is used, undefined for all. */
  context: {
    readonly name: string;
    readonly paths: readonly string[] | undefined;
    readonly exclude: readonly string[];
  };
  /** A file or archive by http, or a git repository. */
  remote: { readonly url: string; readonly checksum: string; readonly keepGitDir: boolean };
  /** Files that stand in the Dockerfile. */
  inline: { readonly files: readonly { readonly name: string; readonly content: string }[] };
  /** inputs[0] is the file system that the process sees. */
  exec: {
    readonly args: readonly string[];
    readonly env: readonly string[];
    /** Variables that are no reason to run again: proxies. */
    readonly hiddenEnv: readonly string[];
    readonly cwd: string;
    readonly user: string;
    readonly mounts: readonly ExecMount[];
    readonly network: 'default' | 'none' | 'host';
    readonly insecure: boolean;
    /** Where another than the usual one is asked for. */
    readonly hostname?: string;
    readonly platform: Platform;
    /** The command as the user wrote it, for messages. */
    readonly command: string;
    /** A script that is put on the process's way as a file: a RUN heredoc with its own interpreter. */
    readonly scripts: readonly { readonly path: string; readonly content: string }[];
  };
  /** inputs[0] is the file system that files are put into. */
  copy: {
    readonly sources: readonly CopySource[];
    /** Absolute; with a slash at the end for a directory. */
    readonly destination: string;
    readonly chown: string;
    readonly chmod: string;
    readonly exclude: readonly string[];
    readonly parents: boolean;
    /** Archives are unpacked: ADD. */
    readonly unpack: boolean | undefined;
    readonly keyword: 'COPY' | 'ADD';
    readonly link: boolean;
  };
  /** inputs[0] is the file system in which the directory is to be. */
  mkdir: { readonly path: string /** As of `--chown`; empty for root. */; readonly owner: string };
}

export type OpKind = keyof Ops;
export type Op<K extends OpKind = OpKind> = { [P in K]: { readonly kind: P } & Ops[P] }[K];

export interface GraphVertex {
  /** Its index in the graph. */
  readonly id: number;
  /** `[build 2/4] RUN make` */
  readonly name: string;
  readonly op: Op;
  /** Ids, all smaller than its own. */
  readonly inputs: readonly number[];
  /** Index of the stage; undefined for contexts and images that no stage begins with. */
  readonly stage: number | undefined;
  /** Runs in any case. */
  readonly noCache: boolean;
}

/** An instruction of a stage that is built. */
export interface GraphStep {
  readonly text: string;
  readonly stage: number;
  /** What it made the vertex of; undefined when it only changed the configuration. */
  readonly vertex: number | undefined;
  /** The image so far. */
  readonly result: GraphResult;
  /** Of a FROM: the image that it names. */
  readonly base?: Digest;
  /** One of those that the image of a FROM asks for. */
  readonly trigger?: { readonly number: number; readonly of: number } | undefined;
}

/** A line of an image's history; one with a vertex has a layer if that changed anything. */
export interface GraphHistory {
  readonly createdBy: string;
  readonly vertex: number | undefined;
}

/** What the target is: a file system and its configuration. */
export interface GraphResult {
  readonly vertex: number;
  readonly config: ImageConfig;
  readonly author: string;
  readonly platform: Platform;
  /** The image that the first stage of the chain began with; undefined for scratch. */
  readonly base:
    | {
        readonly id: Digest;
        readonly history: readonly HistoryEntry[];
        readonly chains: readonly Digest[];
        readonly osVersion?: string;
      }
    | undefined;
  readonly history: readonly GraphHistory[];
}

export interface Graph {
  readonly vertices: readonly GraphVertex[];
  readonly steps: readonly GraphStep[];
  readonly result: GraphResult;
  /** Build arguments that no instruction asked for. */
  readonly unusedArgs: readonly string[];
}
