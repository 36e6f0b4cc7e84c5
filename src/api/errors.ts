// One place where kinds of errors become HTTP statuses.
import { BerthError, type ErrorKind, messageOf } from '../base/errors.ts';

const STATUS: Record<ErrorKind, number> = {
  invalid: 400,
  unauthorized: 401,
  forbidden: 403,
  notFound: 404,
  conflict: 409,
  notModified: 304,
  tooLarge: 413,
  unavailable: 503,
  notImplemented: 501,
  exhausted: 500,
  cancelled: 499,
  timeout: 504,
  internal: 500,
};

export function statusOf(error: unknown): number {
  return error instanceof BerthError ? STATUS[error.kind] : 500;
}

/** Message and hint for the person at the other end. */
export function textOf(error: unknown): string {
  if (error instanceof BerthError && error.hint !== undefined) return `${error.message} (${error.hint})`;
  return messageOf(error);
}
