// Which manifest of an index fits a platform best. Pure.
import { notFound } from '../../base/errors.ts';
import { type Descriptor, formatPlatform, type Platform, platformMatches } from '../../spec/oci/index.ts';

/** `level` is that of the processor. Throws notFound in Docker's words when none fits. */
export function chooseManifest(manifests: readonly Descriptor[], wanted: Platform, level = 1): Descriptor {
  const best = bestManifest(manifests, wanted, level);
  if (!best) throw notFound(`no matching manifest for ${formatPlatform(wanted)} in the manifest list entries`);
  return best;
}

/** The same, undefined when none fits. */
export function bestManifest<T extends Descriptor>(
  manifests: readonly T[],
  wanted: Platform,
  level = 1,
): T | undefined {
  const [best] = manifests
    .filter((one) => !isAttestation(one))
    .filter((one) => one.platform === undefined || platformMatches(wanted, platformOf(one), level))
    .map((one, at) => ({ one, at, score: score(one, wanted) }))
    .sort((a, b) => b.score - a.score || a.at - b.at);
  return best?.one;
}

export function isAttestation({ annotations, platform }: Descriptor): boolean {
  return (
    annotations?.['vnd.docker.reference.type'] === 'attestation-manifest' ||
    (platform?.os === 'unknown' && platform.architecture === 'unknown')
  );
}

export function platformOf({ platform }: Descriptor): Platform {
  const { os = '', architecture = '', variant } = platform ?? {};
  return variant ? { os, architecture, variant } : { os, architecture };
}

/** The own architecture before one that it can run too, the same variant before an older one. */
function score(one: Descriptor, wanted: Platform): number {
  const own = platformOf(one);
  if (one.platform === undefined) return 0;
  const level = Number(/^v(\d+)/.exec(own.variant ?? '')?.[1] ?? 0);
  return (
    (own.architecture === wanted.architecture ? 1000 : 1) +
    ((own.variant ?? '') === (wanted.variant ?? '') ? 500 : level)
  );
}
