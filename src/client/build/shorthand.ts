// What a build is asked for in the words that people write: texts of flags, or of a Compose file.

/** Each text as the flag of `docker build` of its name takes it. */
export interface BuildShorthand {
  /** Where the Dockerfile is: `` for the context's own, `-` for stdin. */
  readonly file: string;
  /** The Dockerfile itself, in place of a file. */
  readonly dockerfile?: string;
  /** `NAME=WHERE` */
  readonly buildContexts: readonly string[];
  /** `KEY=VALUE`, or a KEY whose value is the environment's. */
  readonly buildArgs: readonly string[];
  readonly labels: readonly string[];
  readonly tags: readonly string[];
  readonly target: string;
  readonly platforms: readonly string[];
  readonly noCache: boolean;
  readonly noCacheFilter: readonly string[];
  readonly pull: boolean;
  readonly network: string;
  /** Entitlements. */
  readonly allow: readonly string[];
  readonly extraHosts: readonly string[];
  readonly limits: Readonly<Record<string, unknown>>;
  readonly cacheFrom: readonly string[];
  readonly cacheTo: readonly string[];
  readonly outputs: readonly string[];
  readonly annotations: readonly string[];
  readonly load: boolean;
  readonly secrets: readonly string[];
  readonly ssh: readonly string[];
  readonly attest: readonly string[];
  readonly provenance: string;
  readonly sbom: string;
  readonly requireCached: boolean;
  readonly squash: boolean;
  readonly onError: string;
  /** `build`, `check`, `targets`, `outline`, with `,format=json`. */
  readonly call: string;
  readonly check: boolean;
}

/** A build of one image with nothing asked for besides. */
export const PLAIN_BUILD: BuildShorthand = {
  file: '',
  buildContexts: [],
  buildArgs: [],
  labels: [],
  tags: [],
  target: '',
  platforms: [],
  noCache: false,
  noCacheFilter: [],
  pull: false,
  network: 'default',
  allow: [],
  extraHosts: [],
  limits: {},
  cacheFrom: [],
  cacheTo: [],
  outputs: [],
  annotations: [],
  load: false,
  secrets: [],
  ssh: [],
  attest: [],
  provenance: '',
  sbom: '',
  requireCached: false,
  squash: false,
  onError: 'fail',
  call: 'build',
  check: false,
};
