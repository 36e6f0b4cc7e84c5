// Content addresses of the algorithms that OCI registers. Pure.

const HEX = { sha256: 64, sha512: 128 } as const;

export type Algorithm = keyof typeof HEX;

export const ALGORITHMS = Object.keys(HEX) as readonly Algorithm[];

export interface BlobDigest {
  readonly algorithm: Algorithm;
  readonly hex: string;
  /** `sha256:` and the digits. */
  readonly text: string;
}

/** undefined for what is no digest, or one of an algorithm that is not known here. */
export function parseDigest(text: string): BlobDigest | undefined {
  const colon = text.indexOf(':');
  const algorithm = text.slice(0, Math.max(colon, 0));
  const hex = text.slice(colon + 1);
  if (algorithm !== 'sha256' && algorithm !== 'sha512') return undefined;
  return hex.length === HEX[algorithm] && /^[a-f0-9]+$/.test(hex) ? { algorithm, hex, text } : undefined;
}
