// The HTTP status of each kind of error. Pure.
import { BerthError, type ErrorKind } from '../base/errors.ts';

const STATUS: Readonly<Record<ErrorKind, number>> = {
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
