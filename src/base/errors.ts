// One error model for the whole engine: a dozen kinds, each with one HTTP status; the wording is Docker's where it has one.

export type ErrorKind =
  | 'invalid'
  | 'unauthorized'
  | 'forbidden'
  | 'notFound'
  | 'conflict'
  | 'notModified'
  | 'tooLarge'
  | 'unavailable'
  | 'notImplemented'
  | 'exhausted'
  | 'cancelled'
  | 'timeout'
  | 'internal';

/**
 * The client is several bundles, each of which has these classes of its own, and an error that one throws is looked at in another:
 * so an error is known by this mark on its prototype, and not by the very class. `name` is the class's.
 */
const CLASS = Symbol.for('berth.error class');

export function markClass(type: { readonly prototype: object }, name: string): void {
  Object.defineProperty(type.prototype, CLASS, { value: name });
}

function isOfClass(type: { readonly prototype: object }, value: unknown): boolean {
  const wanted = Object.getOwnPropertyDescriptor(type.prototype, CLASS)?.value as string | undefined;
  for (let one = value; typeof one === 'object' && one !== null; one = Object.getPrototypeOf(one) as unknown)
    if (
      one === type.prototype ||
      (wanted !== undefined && Object.getOwnPropertyDescriptor(one, CLASS)?.value === wanted)
    )
      return true;
  return false;
}

export class BerthError extends Error {
  static override [Symbol.hasInstance](value: unknown): boolean {
    return isOfClass(this, value);
  }

  readonly kind: ErrorKind;
  /** A sentence for the person who reads the message; shown by the CLI, never needed by a program. */
  readonly hint: string | undefined;

  constructor(kind: ErrorKind, message: string, options: { hint?: string; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'BerthError';
    this.kind = kind;
    this.hint = options.hint;
  }
}

markClass(BerthError, 'BerthError');

type Make = (message: string, options?: { hint?: string; cause?: unknown }) => BerthError;
const of =
  (kind: ErrorKind): Make =>
  (message, options) =>
    new BerthError(kind, message, options);

export const invalid = of('invalid');
export const unauthorized = of('unauthorized');
export const forbidden = of('forbidden');
export const notFound = of('notFound');
export const conflict = of('conflict');
export const notModified = of('notModified');
export const tooLarge = of('tooLarge');
export const unavailable = of('unavailable');
export const notImplemented = of('notImplemented');
export const cancelled = of('cancelled');
export const internal = of('internal');

/** The text of anything thrown; of a failed system call as Go's programs say it: `open /x: no such file or directory`. */
export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const [, words, call, path, to] =
    /^E[A-Z0-9]+: (.*), (\w+)(?: '([^]*?)')?(?: -> '([^]*)')?$/.exec(error.message) ?? [];
  if (words === undefined || !('syscall' in error)) return error.message;
  return [call, path, to]
    .filter((one) => one !== undefined)
    .join(' ')
    .concat(`: ${words}`);
}

/** True for a system error with one of these codes, for example `isErrno(e, 'ENOENT')`. */
export function isErrno(error: unknown, ...codes: string[]): boolean {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' && codes.includes(error.code);
}
