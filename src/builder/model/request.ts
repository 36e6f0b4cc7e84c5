// What a build is asked for, and what it answers: the face of the builder for the classic endpoint, BuildKit's protocol and the client.
import type { Digest } from '../../base/ids.ts';
import type { Manifest } from '../../host/sandbox/index.ts';
import type { EndedStep } from '../../spec/berth/index.ts';
import type { ImageConfig, Ulimit } from '../../spec/docker/index.ts';
import type { Platform } from '../../spec/oci/index.ts';
import type { BuildEvent } from './event.ts';
import type { CacheRemote } from './ports.ts';

/** Files of a context on this machine, complete and quiet until they are given back. */
export interface ContextTree extends AsyncDisposable {
  /** An absolute path below which nobody writes while the tree is held; read only by confined workers. */
  readonly directory: string;
  readonly manifest: Manifest;
}

export interface SyncRequest {
  /** Patterns of .dockerignore, `!` and all; empty for everything. */
  readonly exclude: readonly string[];
  /**
   * Only these paths and patterns, what they lead to through symbolic links, and what is below that; everything when absent.
   * A hint: more may be sent.
   */
  readonly followPaths?: readonly string[];
}

/** Tells how a long step goes on; the builder makes status events of it. */
export type Report = (status: {
  readonly id: string;
  readonly name?: string;
  readonly current: number;
  readonly total?: number;
  readonly done?: boolean;
}) => void;

/** Where files of a build come from: the tar of the classic endpoint, BuildKit's filesync, Berth's own sync. */
export interface ContextSource {
  /** How it is told: `build context`. */
  readonly label: string;
  /** Of a git repository whose files are here: where they are from. */
  readonly origin?: { readonly uri: string; readonly commit: string } | undefined;
  /** One small file, before anything else is sent: the Dockerfile, .dockerignore. undefined when there is none. Bytes above `limit` throw invalid. */
  readFile(path: string, limit: number, signal: AbortSignal): Promise<Uint8Array | undefined>;
  /** Brings the files here. Called once for each wish; a source may keep what it has for the next build. */
  sync(options: SyncRequest, report: Report, signal: AbortSignal): Promise<ContextTree>;
}

/** Where a stage, `COPY --from` or a mount takes its files when its name is one of `contexts`. */
export type NamedContext =
  | { readonly kind: 'files'; readonly source: ContextSource }
  /** `docker-image://x`: a reference. */
  | { readonly kind: 'image'; readonly reference: string }
  /** A git or http address; the builder fetches it. */
  | { readonly kind: 'remote'; readonly url: string }
  /** `target:x`: another stage of this Dockerfile. */
  | { readonly kind: 'stage'; readonly name: string }
  /** An image in OCI layout, given as a directory of files. */
  | { readonly kind: 'oci-layout'; readonly source: ContextSource; readonly reference: string }
  /** An image whose documents and layers the client gives one by one. */
  | { readonly kind: 'oci-blobs'; readonly read: ReadBlob; readonly digest: string };

/** Throws when the client has no such thing. What comes is checked by who loads it. */
export type ReadBlob = (digest: string, signal: AbortSignal) => AsyncIterable<Uint8Array>;

export type DockerfileSource =
  | { readonly kind: 'text'; readonly name: string; readonly text: Uint8Array; readonly ignore?: Uint8Array }
  /** A path in the main context, `Dockerfile` for ''. */
  | { readonly kind: 'file'; readonly path: string; readonly source?: ContextSource };

/** Asked at the moment of use, never kept. */
export interface SecretSource {
  /** undefined when the client has no such secret. */
  secret(id: string, signal: AbortSignal): Promise<Uint8Array | undefined>;
}

export interface SshAgents {
  /** Path of a unix socket on this machine that speaks the agent's protocol; undefined when the client forwards none of that id. */
  agent(id: string, signal: AbortSignal): Promise<(AsyncDisposable & { readonly socket: string }) | undefined>;
}

export interface RegistryCredentials {
  /** For a registry's host name; undefined for none. */
  credentials(
    host: string,
  ): Promise<{ readonly username: string; readonly password: string; readonly identityToken?: string } | undefined>;
}

/** A cache of others: `registry` has its `ref`. */
export interface CacheImport {
  readonly type: string;
  readonly attributes: Readonly<Record<string, string>>;
  /** Of `local`: the client's directory. */
  readonly store?: CacheRemote;
}

export interface CacheExport {
  readonly type: string;
  readonly mode: 'min' | 'max';
  readonly attributes: Readonly<Record<string, string>>;
  readonly store?: CacheRemote;
}

/** What a client takes that wants files instead of an image. */
export type OutputTarget =
  /** One archive. */
  | { readonly kind: 'archive'; write(chunks: AsyncIterable<Uint8Array>, signal: AbortSignal): Promise<void> }
  /** A directory of the client: a plain tar of what it is to hold. */
  | { readonly kind: 'directory'; write(tar: AsyncIterable<Uint8Array>, signal: AbortSignal): Promise<void> };

export type BuildOutput =
  /** Into the image store, under the request's tags and `names`. */
  | {
      readonly type: 'image';
      readonly names?: readonly string[];
      readonly push?: boolean;
      readonly attributes?: Readonly<Record<string, string>>;
    }
  | {
      readonly type: 'docker' | 'oci' | 'tar' | 'local';
      readonly target: OutputTarget;
      readonly names?: readonly string[];
      readonly attributes?: Readonly<Record<string, string>>;
    }
  /** Only into the build cache. */
  | { readonly type: 'cacheonly' };

/** Limits of RUN steps, as the classic endpoint has them. */
export interface StepLimits {
  readonly memory?: number;
  readonly memorySwap?: number;
  readonly cpuShares?: number;
  readonly cpuPeriod?: number;
  readonly cpuQuota?: number;
  readonly cpusetCpus?: string;
  readonly cpusetMems?: string;
  readonly cgroupParent?: string;
  readonly shmSize?: number;
  readonly ulimits?: readonly Ulimit[];
}

/** The terminal of a person who looks at a failed step. */
export interface ShellTerminal {
  /** Height and width; zeros where they are not known. */
  readonly size: readonly [number, number];
  /** What kind of terminal it is: `TERM`. */
  readonly term: string;
  /** What is typed, and sizes as they change; ends when the person is gone. */
  readonly input: AsyncIterable<Uint8Array | readonly [number, number]>;
  write(data: Uint8Array): Promise<void>;
}

/** A RUN step that failed. */
export interface FailedStep {
  readonly command: string;
  readonly reason: string;
  /** A shell in the step's root with its variables, mounts and network; comes back when it ends. Throws when there is none. */
  shell(terminal: ShellTerminal): Promise<void>;
}

/** What becomes of such containers. */
export interface StepContainers {
  readonly keep: 'all' | 'failed' | 'none';
  add(step: EndedStep): Promise<void>;
}

export interface BuildRequest {
  /** Unique among builds; also the name in the history. Made by the builder when absent. */
  readonly id?: string;
  /** How the history calls it; the Dockerfile's name when absent. */
  readonly name?: string;
  readonly dockerfile: DockerfileSource;
  readonly context: ContextSource;
  readonly contexts?: ReadonlyMap<string, NamedContext>;
  readonly buildArgs?: ReadonlyMap<string, string>;
  readonly labels?: ReadonlyMap<string, string>;
  readonly target?: string;
  /** The host's when empty. */
  readonly platforms?: readonly Platform[];
  readonly noCache?: boolean;
  /** Stages that are built without cache. */
  readonly noCacheFilter?: readonly string[];
  /** Ask registries for newer base images. */
  readonly pull?: boolean;
  readonly secrets?: SecretSource;
  readonly ssh?: SshAgents;
  readonly credentials?: RegistryCredentials;
  /** `default`, `none`, `host`, or the name of a network. */
  readonly network?: string;
  /** `security.insecure`, `network.host`: what RUN may ask for. */
  readonly entitlements?: readonly string[];
  readonly extraHosts?: readonly { readonly host: string; readonly ip: string }[];
  readonly limits?: StepLimits;
  readonly cacheImports?: readonly CacheImport[];
  readonly cacheExports?: readonly CacheExport[];
  /** An image under `tags` when empty. */
  readonly outputs?: readonly BuildOutput[];
  readonly tags?: readonly string[];
  /** Time of everything that the build makes, seconds since 1970; also the build argument SOURCE_DATE_EPOCH. */
  readonly sourceDateEpoch?: number;
  /** As the classic builder has it: each step is an image of its own, labels are steps. */
  readonly classic?: boolean;
  readonly containers?: StepContainers;
  /** What the build puts on its base is one layer. */
  readonly squash?: boolean;
  /** Fails when a step would run. */
  readonly requireCached?: boolean;
  /** Called while what a failed step left is still there; the build fails when it comes back. */
  readonly onFailure?: (step: FailedStep, signal: AbortSignal) => Promise<void>;
  /** Attestations: `provenance` and `sbom` with their attributes. */
  readonly attestations?: ReadonlyMap<string, string>;
}

export interface BuiltImage {
  readonly platform: Platform;
  /** Digest of its configuration; of its manifest for an output that has one. */
  readonly id: Digest;
  readonly config: ImageConfig;
}

export interface BuildResult {
  readonly id: string;
  /** One a platform, in the order asked for; empty for outputs without an image. */
  readonly images: readonly BuiltImage[];
  /** `containerimage.digest`, `containerimage.config.digest`, `image.name` … as --metadata-file shows them. */
  readonly metadata: Readonly<Record<string, unknown>>;
  /** Build arguments that no instruction asked for. */
  readonly unusedArgs: readonly string[];
}

export type BuildSink = (event: BuildEvent) => void;

/** Throws the failure of the step that failed, in Docker's words; nothing is left of it then. */
export type Build = (request: BuildRequest, sink: BuildSink, signal: AbortSignal) => Promise<BuildResult>;
