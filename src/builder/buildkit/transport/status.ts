// How a call ended: gRPC's codes, the status with its details, and what an error of the daemon becomes there and back.
import { BerthError, type ErrorKind, messageOf } from '../../../base/errors.ts';
import { bytes, listOf, message, number, text } from '../protocol/codec.ts';

export const Code = {
  ok: 0,
  cancelled: 1,
  unknown: 2,
  invalidArgument: 3,
  deadlineExceeded: 4,
  notFound: 5,
  alreadyExists: 6,
  permissionDenied: 7,
  resourceExhausted: 8,
  failedPrecondition: 9,
  unimplemented: 12,
  internal: 13,
  unavailable: 14,
  unauthenticated: 16,
} as const;

/** google.protobuf.Any and google.rpc.Status. */
const Any = message({ typeUrl: text(1), value: bytes(2) });
export const Status = message({ code: number(1), message: text(2), details: listOf(3, Any) });

/** A detail as BuildKit's clients read one: the name of its type, and JSON. */
export interface Detail {
  readonly typeUrl: string;
  readonly value: unknown;
}

export class CallError extends Error {
  readonly code: number;
  readonly details: readonly Detail[];
  constructor(code: number, text: string, details: readonly Detail[] = []) {
    super(text);
    this.name = 'CallError';
    this.code = code;
    this.details = details;
  }
}

const CODES: Readonly<Partial<Record<ErrorKind, number>>> = {
  invalid: Code.unknown,
  notFound: Code.notFound,
  conflict: Code.alreadyExists,
  forbidden: Code.permissionDenied,
  unauthorized: Code.unauthenticated,
  unavailable: Code.unknown,
  notImplemented: Code.unimplemented,
  exhausted: Code.resourceExhausted,
  cancelled: Code.cancelled,
  timeout: Code.deadlineExceeded,
};

/** What a client is told of anything thrown. A code that is not `unknown` is shown by clients before the text. */
export function callErrorOf(error: unknown): CallError {
  if (error instanceof CallError) return error;
  const code = error instanceof BerthError ? (CODES[error.kind] ?? Code.unknown) : Code.unknown;
  return new CallError(code, messageOf(error));
}

export function encodeStatus(error: CallError): Buffer {
  return Status.encode({
    code: error.code,
    message: error.message,
    details: error.details.map(({ typeUrl, value }) => ({ typeUrl, value: Buffer.from(JSON.stringify(value)) })),
  });
}

/** Trailers of a call. */
export function trailersOf(error: CallError | undefined): Record<string, string> {
  if (!error) return { 'grpc-status': '0' };
  return {
    'grpc-status': String(error.code),
    'grpc-message': encodeText(error.message),
    ...(error.details.length > 0 ? { 'grpc-status-details-bin': encodeStatus(error).toString('base64') } : {}),
  };
}

/** gRPC's percent encoding: all but printable ASCII, and `%` itself. */
function encodeText(value: string): string {
  let result = '';
  for (const byte of Buffer.from(value, 'utf8'))
    result +=
      byte >= 0x20 && byte <= 0x7e && byte !== 0x25
        ? String.fromCharCode(byte)
        : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  return result;
}

export function decodeText(value: string): string {
  if (!value.includes('%')) return value;
  const parts = value.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return Buffer.from(parts, 'latin1').toString('utf8');
}
