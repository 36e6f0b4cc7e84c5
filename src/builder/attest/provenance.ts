// How an image came to be: what was asked for, from what, when. A SLSA v1 predicate in the shape of BuildKit's. Pure.

import type { Material } from '../model/material.ts';

export interface ProvenanceInput {
  /** `min` leaves out what may hold secrets: build arguments and the Dockerfile itself. */
  readonly mode: 'min' | 'max';
  readonly buildId: string;
  readonly builder: string;
  /** RFC 3339. */
  readonly started: string;
  readonly finished: string;
  /** `linux/amd64` */
  readonly platform: string;
  readonly dockerfile: { readonly path: string; readonly text?: string };
  /** A context that came from git; local ones are only named. */
  readonly context?: { readonly uri: string; readonly commit: string };
  readonly locals: readonly string[];
  /** `target`, `build-arg:X`, `label:Y` … as BuildKit's frontend has them. */
  readonly args: Readonly<Record<string, string>>;
  /** Names only, never the values. */
  readonly secrets: readonly string[];
  readonly ssh: readonly string[];
  readonly materials: readonly Material[];
  readonly reproducible: boolean;
}

export const PROVENANCE_TYPE = 'https://slsa.dev/provenance/v1';
const BUILD_TYPE = 'https://github.com/moby/buildkit/blob/master/docs/attestations/slsa-definitions.md';

export function provenanceOf(input: ProvenanceInput): Readonly<Record<string, unknown>> {
  const { mode, context, dockerfile } = input;
  const max = mode === 'max';
  const args = Object.entries(input.args)
    .filter(([key]) => max || !/^(?:build-arg|label):/.test(key))
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return {
    buildDefinition: {
      buildType: BUILD_TYPE,
      externalParameters: {
        configSource: {
          ...(context === undefined ? {} : { uri: context.uri, digest: { sha1: context.commit } }),
          path: dockerfile.path,
        },
        request: {
          frontend: 'dockerfile.v0',
          args: Object.fromEntries(args),
          ...(input.locals.length === 0 ? {} : { locals: input.locals.map((name) => ({ name })) }),
          ...(input.secrets.length === 0 ? {} : { secrets: input.secrets.map((id) => ({ id })) }),
          ...(input.ssh.length === 0 ? {} : { ssh: input.ssh.map((id) => ({ id })) }),
        },
      },
      internalParameters: {
        builderPlatform: input.platform,
        ...(max && dockerfile.text !== undefined
          ? {
              buildConfig: {},
              source: {
                infos: [
                  {
                    filename: dockerfile.path,
                    language: 'Dockerfile',
                    data: Buffer.from(dockerfile.text).toString('base64'),
                  },
                ],
              },
            }
          : {}),
      },
      resolvedDependencies: resolved(input.materials),
    },
    runDetails: {
      builder: { id: input.builder },
      metadata: {
        invocationId: input.buildId,
        startedOn: input.started,
        finishedOn: input.finished,
        buildkit_completeness: { request: max, resolvedDependencies: true },
        ...(input.reproducible ? { buildkit_reproducible: true } : {}),
      },
    },
  };
}

/** Each once, sorted, so that what ran first in a parallel build does not show. */
function resolved(materials: readonly Material[]): readonly unknown[] {
  const rows = new Map(
    materials.map((one) => {
      const row = dependency(one);
      return [row.uri, row] as const;
    }),
  );
  return [...rows].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row);
}

function dependency(one: Material): { readonly uri: string; readonly digest: Readonly<Record<string, string>> } {
  if (one.kind === 'git')
    return { uri: one.ref === '' ? one.remote : `${one.remote}#${one.ref}`, digest: { sha1: one.commit } };
  if (one.kind === 'http') return { uri: one.url, digest: { sha256: one.sha256 } };
  return { uri: imagePurl(one.reference, one.platform), digest: { sha256: one.digest.replace(/^sha256:/, '') } };
}

/** `pkg:docker/debian@bookworm?platform=linux%2Famd64` */
export function imagePurl(reference: string, platform: string): string {
  const [name = '', digest] = reference.split('@');
  const colon = name.lastIndexOf(':');
  const hasTag = colon > name.lastIndexOf('/');
  const [path, tag] = hasTag ? [name.slice(0, colon), name.slice(colon + 1)] : [name, undefined];
  const version = tag ?? (digest === undefined ? 'latest' : undefined);
  const rest = new URLSearchParams({ ...(digest === undefined ? {} : { digest }), platform }).toString();
  const encoded = path.split('/').map(encodeURIComponent).join('/');
  return `pkg:docker/${encoded}${version === undefined ? '' : `@${version}`}?${rest}`;
}
