// A request's JSON body, bounded in size.
import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { invalid } from '../base/errors.ts';
import { jsonError } from '../base/json.ts';
import { readBody } from '../http/index.ts';

/** A create body with seccomp profile and thousands of labels stays far below. */
export const MAX_JSON_BYTES = 8 * 1024 * 1024;

/** undefined for an empty body. Throws Docker's refusals for another content type and for broken JSON. */
export async function readJson(request: IncomingMessage, body: Readable): Promise<unknown> {
  const text = (await readBody(request, MAX_JSON_BYTES, body)).toString('utf8');
  const type = request.headers['content-type'];
  if (text.trim() === '') return undefined;
  // strict as dockerd is: a page in a browser can send a body without a type to anywhere
  if (type === undefined || type === '') throw invalid('malformed Content-Type header (): mime: no media type');
  if (!/^application\/json\b/i.test(type))
    throw invalid(`unsupported Content-Type header (${type}): must be 'application/json'`);
  try {
    return /\d{16}/.test(text) ? parseExactly(text, exactly) : (JSON.parse(text) as unknown);
  } catch {
    throw invalid(complaint(text));
  }
}

/** The type library does not know the third argument yet. */
const parseExactly = JSON.parse as (text: string, reviver: typeof exactly) => unknown;

/** Whole numbers that no double holds are kept digit by digit, so that their range is judged by what the client wrote. */
function exactly(_: string, value: unknown, context: { readonly source?: string }): unknown {
  return typeof value === 'number' && !Number.isSafeInteger(value) && /^-?\d+$/.test(context.source ?? '')
    ? BigInt(context.source ?? 0)
    : value;
}

/** As dockerd says it, which reads a value of a stream. */
function complaint(text: string): string {
  const { fault, message } = jsonError(text);
  if (fault === 'after') return 'unexpected content after JSON';
  return `invalid JSON: ${fault === 'end' ? 'unexpected EOF' : message}`;
}
