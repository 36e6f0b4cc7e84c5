// What a build fetched from elsewhere.

export type Material =
  /** `reference` as written; the digest of its manifest, or of its configuration for one that came from no registry. */
  | { readonly kind: 'image'; readonly reference: string; readonly digest: string; readonly platform: string }
  | { readonly kind: 'git'; readonly remote: string; readonly ref: string; readonly commit: string }
  | { readonly kind: 'http'; readonly url: string; readonly sha256: string };
