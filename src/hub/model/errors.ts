// The error codes of the distribution protocol: their status and their standard wording. Pure.

const CODES = {
  UNKNOWN: { status: 500, message: 'unknown error' },
  UNSUPPORTED: { status: 405, message: 'The operation is unsupported.' },
  UNAUTHORIZED: { status: 401, message: 'authentication required' },
  DENIED: { status: 403, message: 'requested access to the resource is denied' },
  UNAVAILABLE: { status: 503, message: 'service unavailable' },
  TOOMANYREQUESTS: { status: 429, message: 'too many requests' },
  DIGEST_INVALID: { status: 400, message: 'provided digest did not match uploaded content' },
  SIZE_INVALID: { status: 400, message: 'provided length did not match content length' },
  RANGE_INVALID: { status: 416, message: 'invalid content range' },
  NAME_INVALID: { status: 400, message: 'invalid repository name' },
  TAG_INVALID: { status: 400, message: 'manifest tag did not match URI' },
  NAME_UNKNOWN: { status: 404, message: 'repository name not known to registry' },
  MANIFEST_UNKNOWN: { status: 404, message: 'manifest unknown' },
  MANIFEST_INVALID: { status: 400, message: 'manifest invalid' },
  MANIFEST_BLOB_UNKNOWN: { status: 400, message: 'blob unknown to registry' },
  BLOB_UNKNOWN: { status: 404, message: 'blob unknown to registry' },
  BLOB_UPLOAD_UNKNOWN: { status: 404, message: 'blob upload unknown to registry' },
  BLOB_UPLOAD_INVALID: { status: 404, message: 'blob upload invalid' },
  PAGINATION_NUMBER_INVALID: { status: 400, message: 'invalid number of results requested' },
} as const;

export type ErrorCode = keyof typeof CODES;

export interface ErrorEntry {
  readonly code: ErrorCode;
  readonly message: string;
  readonly detail?: unknown;
}

export class RegistryError extends Error {
  readonly status: number;
  readonly entries: readonly ErrorEntry[];
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    code: ErrorCode,
    options: {
      readonly message?: string;
      readonly detail?: unknown;
      readonly status?: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly entries?: readonly ErrorEntry[];
    } = {},
  ) {
    const message = options.message ?? CODES[code].message;
    super(message);
    this.name = 'RegistryError';
    this.status = options.status ?? CODES[code].status;
    this.headers = options.headers ?? {};
    this.entries = options.entries ?? [
      { code, message, ...(options.detail === undefined ? {} : { detail: options.detail }) },
    ];
  }
}

/** The entry of one blob that a manifest names and that is not there. */
export function blobMissing(digest: string): ErrorEntry {
  return { code: 'MANIFEST_BLOB_UNKNOWN', message: CODES.MANIFEST_BLOB_UNKNOWN.message, detail: digest };
}
