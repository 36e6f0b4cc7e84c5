// What a plain (unquoted) word of YAML means, by the rules of Go's reader: YAML 1.2 with the octal, underscores and dates of 1.1.
import { Float, isDecimal, Timestamp, type Value } from '../value/value.ts';

const WORDS: ReadonlyMap<string, () => Value> = new Map<string, () => Value>([
  ...['', '~', 'null', 'Null', 'NULL'].map((word): [string, () => Value] => [word, () => null]),
  ...['true', 'True', 'TRUE'].map((word): [string, () => Value] => [word, () => true]),
  ...['false', 'False', 'FALSE'].map((word): [string, () => Value] => [word, () => false]),
  ...['.nan', '.NaN', '.NAN'].map((word): [string, () => Value] => [word, () => new Float(Number.NaN)]),
  ...['.inf', '.Inf', '.INF', '+.inf', '+.Inf', '+.INF'].map((word): [string, () => Value] => [
    word,
    () => new Float(Number.POSITIVE_INFINITY),
  ]),
  ...['-.inf', '-.Inf', '-.INF'].map((word): [string, () => Value] => [
    word,
    () => new Float(Number.NEGATIVE_INFINITY),
  ]),
]);

const DATES: readonly RegExp[] = [
  /^\d{4}-\d{1,2}-\d{1,2}$/,
  /^\d{4}-\d{1,2}-\d{1,2}(?:[Tt]|[ ])\d{1,2}:\d{1,2}:\d{1,2}(?:\.\d+)?(?:Z|[-+]\d{2}:\d{2})?$/,
];

/** The value of a plain scalar. */
export function resolvePlain(text: string): Value {
  const first = text.charCodeAt(0);
  if (text === '' || !mayMeanMore(first)) return text;
  const word = WORDS.get(text);
  if (word !== undefined) return word();
  if (!isDigit(first) && first !== 0x2b && first !== 0x2d && first !== 0x2e) return text;
  return readDate(text) ?? readNumber(text) ?? text;
}

/** Only words that begin with one of these are anything but text. */
function mayMeanMore(first: number): boolean {
  return isDigit(first) || '+-.~nNtTfF'.includes(String.fromCharCode(first));
}

const isDigit = (code: number): boolean => code >= 0x30 && code <= 0x39;

function readDate(text: string): Timestamp | undefined {
  if (!/^\d{4}-/.test(text) || !DATES.some((pattern) => pattern.test(text))) return undefined;
  const [, month = 0, day = 0] = (/^\d+-(\d+)-(\d+)/.exec(text) ?? []).map(Number);
  return month >= 1 && month <= 12 && day >= 1 && day <= 31 ? new Timestamp(text) : undefined;
}

function readNumber(text: string): Value | undefined {
  const plain = text.replaceAll('_', '');
  const whole = readInteger(plain);
  if (whole !== undefined) return whole;
  if (isDecimal(plain)) {
    const value = Number(plain);
    if (Number.isFinite(value)) return new Float(value);
  }
  return undefined;
}

/** With Go's prefixes: 0x, 0b, 0o, and a bare 0 for octal. */
function readInteger(plain: string): number | bigint | undefined {
  const match = /^([-+]?)(?:0[xX]([0-9a-fA-F]+)|0[bB]([01]+)|0[oO]([0-7]+)|0([0-7]+)|(0|[1-9][0-9]*))$/.exec(plain);
  if (match === null) return undefined;
  const [, sign, hex, binary, octal, old, decimal] = match;
  const digits =
    hex !== undefined
      ? `0x${hex}`
      : binary !== undefined
        ? `0b${binary}`
        : octal !== undefined || old !== undefined
          ? `0o${octal ?? old}`
          : (decimal ?? '');
  const size = Number(digits);
  if (Number.isSafeInteger(size)) return sign === '-' ? 0 - size : size;
  const exact = sign === '-' ? -BigInt(digits) : BigInt(digits);
  const fits = exact >= -(2n ** 63n) && (sign === '' ? exact < 2n ** 64n : exact < 2n ** 63n);
  return fits ? exact : undefined;
}

/** True for text that a reader of some YAML takes for something else when it stands there without quotes. */
export function needsQuotes(text: string): boolean {
  return (
    typeof resolvePlain(text) !== 'string' ||
    text === '' ||
    /^[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?$/.test(text) ||
    /^(y|Y|yes|Yes|YES|on|On|ON|n|N|no|No|NO|off|Off|OFF)$/.test(text)
  );
}
