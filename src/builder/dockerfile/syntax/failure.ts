// A sentence about an instruction that can't be understood, with a guess at what was meant.

/** Thrown while one instruction is read; the parser turns it into a problem with its place. */
export class Failure extends Error {
  /** The message stands alone, without `dockerfile parse error on line N`. */
  readonly bare: boolean;
  constructor(message: string, bare = false) {
    super(message);
    this.name = 'Failure';
    this.bare = bare;
  }
}

/** Changes that make one text of the other, counted in characters. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(change, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}

/** Longer words are no slips of the hand. */
const MAX_GUESSED = 256;

/** The option that `text` was probably meant to be, at most two changes away. */
export function guess(text: string, options: readonly string[], caseSensitive = true): string | undefined {
  const wanted = caseSensitive ? text : text.toLowerCase();
  let best: string | undefined;
  let least = 3;
  for (const option of wanted.length > MAX_GUESSED ? [] : options) {
    if (Math.abs(option.length - wanted.length) >= least) continue;
    const candidate = caseSensitive ? option : option.toLowerCase();
    if (candidate === wanted) return undefined;
    const changes = distance(wanted, candidate);
    if (changes < least) {
      least = changes;
      best = caseSensitive ? option : inCaseOf(text, candidate);
    }
  }
  return best;
}

function inCaseOf(text: string, option: string): string {
  if (text === text.toLowerCase()) return option.toLowerCase();
  return text === text.toUpperCase() ? option.toUpperCase() : option;
}

/** The message with ` (did you mean X?)` behind it where a guess is possible. */
export function withGuess(message: string, text: string, options: readonly string[], caseSensitive = true): string {
  const best = guess(text, options, caseSensitive);
  return best === undefined ? message : `${message} (did you mean ${best}?)`;
}
