// Attestations as an index carries them: in-toto statements about a manifest, in a manifest of their own. Pure.
import { type Digest, sha256 } from '../../base/digest.ts';
import { type Descriptor, MEDIA } from '../../spec/oci/index.ts';

const STATEMENT_TYPE = 'https://in-toto.io/Statement/v0.1';
const IN_TOTO = 'application/vnd.in-toto+json';

export interface Attestation {
  readonly predicateType: string;
  readonly predicate: Readonly<Record<string, unknown>>;
}

export interface AttestationManifest {
  /** To be put into the index beside that of the image. */
  readonly descriptor: Descriptor;
  /** Everything it names, itself included. */
  readonly blobs: ReadonlyMap<Digest, Uint8Array>;
}

/** What is said of some things, each by its name and digest. */
export function statementOf(
  { predicateType, predicate }: Attestation,
  subject: readonly { readonly name: string; readonly digest: Readonly<Record<string, string>> }[],
): Readonly<Record<string, unknown>> {
  return { _type: STATEMENT_TYPE, predicateType, subject, predicate };
}

/** About the manifest `subject` of an image with these names (package URLs). */
export function attestationManifest(
  subject: Digest,
  names: readonly string[],
  attestations: readonly Attestation[],
): AttestationManifest {
  const blobs = new Map<Digest, Uint8Array>();
  const put = (value: unknown): { readonly digest: Digest; readonly size: number } => {
    const bytes = Buffer.from(JSON.stringify(value));
    const digest = sha256(bytes);
    blobs.set(digest, bytes);
    return { digest, size: bytes.length };
  };
  const digests = { sha256: subject.replace(/^sha256:/, '') };
  const layers = attestations.map(({ predicateType, predicate }) => ({
    mediaType: IN_TOTO,
    ...put(
      statementOf(
        { predicateType, predicate },
        (names.length === 0 ? ['_'] : names).map((name) => ({ name, digest: digests })),
      ),
    ),
    annotations: { 'in-toto.io/predicate-type': predicateType },
  }));
  const config = {
    mediaType: MEDIA.config,
    ...put({
      architecture: 'unknown',
      os: 'unknown',
      config: {},
      rootfs: { type: 'layers', diff_ids: layers.map(({ digest }) => digest) },
    }),
  };
  const manifest = put({ schemaVersion: 2, mediaType: MEDIA.manifest, config, layers });
  return {
    descriptor: {
      mediaType: MEDIA.manifest,
      ...manifest,
      annotations: {
        'vnd.docker.reference.digest': subject,
        'vnd.docker.reference.type': 'attestation-manifest',
      },
      platform: { architecture: 'unknown', os: 'unknown' },
    },
    blobs,
  };
}
