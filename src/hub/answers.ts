// How errors go out: in the form of the distribution protocol, with its codes.
import { BerthError, messageOf } from '../base/errors.ts';
import { type Exchange, statusOf } from '../http/index.ts';
import { type ErrorCode, RegistryError } from './model/index.ts';

const CODE_OF_STATUS: Readonly<Record<number, ErrorCode>> = {
  400: 'UNSUPPORTED',
  401: 'UNAUTHORIZED',
  403: 'DENIED',
  404: 'NAME_UNKNOWN',
  413: 'SIZE_INVALID',
  429: 'TOOMANYREQUESTS',
  503: 'UNAVAILABLE',
};

export function sendError(exchange: Exchange, error: unknown): void {
  if (error instanceof RegistryError) {
    exchange.json(error.status, { errors: error.entries }, error.headers);
    return;
  }
  const status = statusOf(error);
  // what went wrong inside is for the log only
  const message = error instanceof BerthError ? messageOf(error) : 'internal error';
  exchange.json(status, { errors: [{ code: CODE_OF_STATUS[status] ?? 'UNKNOWN', message }] });
}
