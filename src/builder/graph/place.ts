// Where in the Dockerfile a fault of the plan was made: an error takes the lines of the instruction that it came out of. Pure.
import { invalid } from '../../base/errors.ts';
import { Failure, type Range } from '../dockerfile/index.ts';

/** The error as the one who builds sees it, with its lines unless it has them. */
export function placed(error: unknown, range: Range): unknown {
  const notified = error instanceof Failure ? invalid(error.message) : error;
  return notified instanceof Error && !('range' in notified) ? Object.assign(notified, { range }) : notified;
}

export function placeOf(error: unknown): Range | undefined {
  return error instanceof Error && 'range' in error ? (error.range as Range) : undefined;
}
