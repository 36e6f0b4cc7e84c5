// The two ways in which a registry gives nothing: it cannot be asked, or it says no. Pure.
import { BerthError, type ErrorKind } from '../../base/errors.ts';

/** A request that did not come to an answer, or broke in the middle of one. */
export class NetworkError extends BerthError {
  /** Whether another try may help; a certificate does not get better. */
  readonly again: boolean;
  readonly code: string;

  constructor(message: string, code: string, again: boolean, cause?: unknown) {
    super('unavailable', message, { cause });
    this.name = 'NetworkError';
    this.code = code;
    this.again = again;
  }
}

/** An answer that is a refusal. */
export class RefusedError extends BerthError {
  readonly status: number;
  /** Of the registry's own error list: `MANIFEST_UNKNOWN`, `DENIED` … */
  readonly code: string;
  /** Milliseconds that the registry asks to wait. */
  readonly retryAfter: number | undefined;

  constructor(kind: ErrorKind, message: string, status: number, code: string, retryAfter?: number, hint?: string) {
    super(kind, message, hint === undefined ? {} : { hint });
    this.name = 'RefusedError';
    this.status = status;
    this.code = code;
    this.retryAfter = retryAfter;
  }
}
