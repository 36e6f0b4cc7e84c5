// Matches texts against patterns with stars, in time that grows with the text and no power of the number of stars.

/**
 * A part of a pattern. `star` is any number of characters but separators, `deep` any number of any characters,
 * `parts` any number of whole parts with their separators (or nothing), `one` a character but a separator.
 */
export type GlobToken =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'class'; readonly has: (codePoint: number) => boolean }
  | { readonly kind: 'star' | 'deep' | 'parts' | 'one' };

/** A token for each single character. */
interface Unit {
  readonly kind: number;
  readonly codePoint: number;
  readonly has: ((codePoint: number) => boolean) | undefined;
}

/** Where a pattern was found. */
export interface Found {
  readonly start: number;
  readonly end: number;
}

const TEXT = 0;
const CLASS = 1;
const ONE = 2;
const STAR = 3;
const DEEP = 4;
const PARTS = 5;
const KINDS = { text: TEXT, class: CLASS, one: ONE, star: STAR, deep: DEEP, parts: PARTS } as const;

export class Glob {
  readonly #kinds: readonly number[];
  readonly #texts: readonly string[];
  readonly #classes: readonly (((codePoint: number) => boolean) | undefined)[];
  /** For a star: whether a separator may come before it, counted from the last `deep` or `parts`. */
  readonly #behindSeparator: readonly boolean[];
  readonly #separator: string;
  readonly #length: number;
  /** A `parts` may begin within a part, or a class stand for a separator: to try the last star again is not enough then. */
  readonly #needsStates: boolean;
  #units: readonly Unit[] | undefined;
  /** What every text that matches ends with; empty when that is not known. */
  readonly #suffix: string;
  /** The texts between the stars of a pattern that has nothing else: most have not. */
  readonly #pieces: readonly string[] | undefined;

  constructor(tokens: readonly GlobToken[], separator: string) {
    const joined = joinTexts(tokens);
    this.#separator = separator;
    this.#kinds = joined.map(({ kind }) => KINDS[kind]);
    this.#texts = joined.map((token) => (token.kind === 'text' ? token.text : ''));
    this.#classes = joined.map((token) => (token.kind === 'class' ? token.has : undefined));
    this.#length = joined.length;
    this.#suffix = this.#texts.at(-1) ?? '';
    this.#pieces = separator === '' ? undefined : piecesOf(joined);
    this.#needsStates = joined.some((token, at) => {
      const before = joined[at - 1];
      if (token.kind === 'class') return before !== undefined && token.has(separator.charCodeAt(0));
      if (token.kind !== 'parts' || before === undefined || before.kind === 'parts') return false;
      return before.kind !== 'text' || !before.text.endsWith(separator);
    });
    let behind = false;
    this.#behindSeparator = joined.map((token) => {
      if (token.kind === 'deep' || token.kind === 'parts') behind = false;
      if (token.kind === 'text' && token.text.includes(separator)) behind = true;
      return behind;
    });
  }

  /** Whether the whole text matches. */
  matches(text: string): boolean {
    if (this.#pieces) return this.#matchesPieces(text, this.#pieces);
    if (!text.endsWith(this.#suffix)) return false;
    return this.#needsStates ? this.#matchesByStates(text) : this.#run(text, 0, false, true) !== undefined;
  }

  /** Each piece is taken where it comes first: what a later place could reach, the star behind it reaches from there. */
  #matchesPieces(text: string, pieces: readonly string[]): boolean {
    const last = pieces.length - 1;
    const head = pieces[0] as string;
    if (last === 0) return text === head;
    const tail = pieces[last] as string;
    const end = text.length - tail.length;
    let at = head.length;
    if (at > end || !text.startsWith(head) || !text.endsWith(tail)) return false;
    for (let index = 1; index < last; index += 1) {
      const piece = pieces[index] as string;
      const found = text.indexOf(piece, at);
      if (found < 0 || found + piece.length > end || this.#hasSeparator(text, at, found)) return false;
      at = found + piece.length;
    }
    return !this.#hasSeparator(text, at, end);
  }

  #hasSeparator(text: string, from: number, to: number): boolean {
    const separator = this.#separator.charCodeAt(0);
    for (let at = from; at < to; at += 1) if (text.charCodeAt(at) === separator) return true;
    return false;
  }

  /** The end of the longest or shortest match that begins at the beginning of the text. */
  prefix(text: string, longest: boolean): number | undefined {
    const found = this.#run(text, 0, false, false);
    return found && longest ? this.#longestEnd(text, found) : found?.end;
  }

  /** The first place in the text from `from` on where the pattern matches, as long as it can be there. */
  find(text: string, from: number): Found | undefined {
    const found = this.#run(text, from, true, false);
    return found && { start: found.start, end: this.#longestEnd(text, found) };
  }

  /**
   * Walks pattern and text side by side. After a mismatch the last star takes one character more; where it meets a separator,
   * the last `**` does. Earlier ones need not be tried: what they could still reach, the last one reaches too.
   */
  #run(
    text: string,
    from: number,
    anywhere: boolean,
    toEnd: boolean,
  ): { start: number; end: number; star: number; starAt: number } | undefined {
    const kinds = this.#kinds;
    const texts = this.#texts;
    const length = this.#length;
    const separator = this.#separator.charCodeAt(0);
    let token = 0;
    let at = from;
    let start = from;
    let star = -1;
    let starAt = 0;
    // a search is a pattern with `**` before it
    let deep = anywhere ? -1 : -2;
    let deepAt = from;
    for (;;) {
      let next = -1;
      if (token === length) {
        if (!toEnd || at === text.length) return { start, end: at, star, starAt };
      } else {
        const kind = kinds[token] as number;
        if (kind === TEXT) {
          const wanted = texts[token] as string;
          if (text.charCodeAt(at) === wanted.charCodeAt(0) && text.startsWith(wanted, at)) next = at + wanted.length;
        } else if (kind === ONE) {
          if (at < text.length && text.charCodeAt(at) !== separator) next = at + step(text, at);
        } else if (kind >= STAR) {
          if (kind === STAR) {
            star = token;
            starAt = at;
          } else {
            deep = token;
            deepAt = at;
            star = -1;
          }
          next = at;
        } else if (at < text.length) {
          const codePoint = text.codePointAt(at) as number;
          if (this.#classes[token]?.(codePoint) === true) next = at + (codePoint > 0xffff ? 2 : 1);
        }
      }
      if (next >= 0) {
        at = next;
        token += 1;
        continue;
      }
      if (star >= 0 && starAt < text.length && text.charCodeAt(starAt) !== separator) {
        starAt += step(text, starAt);
        if (kinds[star + 1] === TEXT) starAt = this.#skip(text, starAt, texts[star + 1] as string);
        at = starAt;
        token = star + 1;
        continue;
      }
      if (deep === -2) return undefined;
      // no later beginning before the separator does better, unless one before the star has to be found first
      if (star >= 0 && !this.#behindSeparator[star]) deepAt = Math.max(deepAt, starAt);
      if (deep >= 0 && kinds[deep] === PARTS) {
        const slash = text.indexOf(this.#separator, deepAt);
        if (slash < 0) return undefined;
        deepAt = slash + 1;
      } else {
        if (deepAt >= text.length) return undefined;
        deepAt += step(text, deepAt);
      }
      if (deep === -1) start = deepAt;
      at = deepAt;
      token = deep + 1;
      star = -1;
    }
  }

  /** Where a star may end at the earliest, since its text comes there; the end of what it can take when that comes nowhere. */
  #skip(text: string, from: number, wanted: string): number {
    const first = wanted.charCodeAt(0);
    const separator = this.#separator.charCodeAt(0);
    let at = from;
    for (let code = text.charCodeAt(at); at < text.length && code !== first && code !== separator; ) {
      at += 1;
      code = text.charCodeAt(at);
    }
    return at;
  }

  /** Keeps the set of all places in the pattern where the text may be. */
  #matchesByStates(text: string): boolean {
    const units = (this.#units ??= this.#flatten());
    const within = units.length + 1;
    const seen = new Int32Array(2 * within).fill(-1);
    let states: number[] = [];
    const enter = (into: number[], state: number, at: number): void => {
      for (let now = state; seen[now] !== at; now += 1) {
        seen[now] = at;
        into.push(now);
        if (now >= units.length || (units[now] as Unit).kind < STAR) return;
      }
    };
    enter(states, 0, 0);
    for (let at = 0, stamp = 1; at < text.length && states.length > 0; stamp += 1) {
      const codePoint = text.codePointAt(at) as number;
      const isSeparator = text[at] === this.#separator;
      const next: number[] = [];
      for (const state of states) {
        const place = state % within;
        const unit = units[place];
        if (!unit) continue;
        const { kind } = unit;
        if (
          kind === TEXT
            ? unit.codePoint === codePoint
            : kind === CLASS
              ? unit.has?.(codePoint)
              : kind === ONE && !isSeparator
        )
          enter(next, place + 1, stamp);
        else if (kind === DEEP || (kind === STAR && !isSeparator)) enter(next, place, stamp);
        else if (kind === PARTS) {
          // within a part the only way on is its end
          if (seen[place + within] !== stamp) next.push(place + within);
          seen[place + within] = stamp;
          if (isSeparator) enter(next, place + 1, stamp);
        }
      }
      states = next;
      at += codePoint > 0xffff ? 2 : 1;
    }
    return states.includes(units.length);
  }

  #flatten(): Unit[] {
    return this.#kinds.flatMap((kind, at): Unit[] =>
      kind === TEXT
        ? Array.from(this.#texts[at] as string, (one) => ({
            kind,
            codePoint: one.codePointAt(0) as number,
            has: undefined,
          }))
        : [{ kind, codePoint: -1, has: this.#classes[at] }],
    );
  }

  /** The last star takes all that it can, from the end of its line on backwards. */
  #longestEnd(text: string, found: { end: number; star: number; starAt: number }): number {
    if (found.star < 0) return found.end;
    const stop = text.indexOf(this.#separator, found.starAt);
    for (let at = stop < 0 ? text.length : stop; at > found.starAt; at -= 1) {
      if (isLowHalf(text, at)) continue;
      const end = this.#fixed(text, at, found.star + 1);
      if (end !== undefined) return end;
    }
    return found.end;
  }

  /** The end of the tokens from `token` on, none of them a star, at this place of the text. */
  #fixed(text: string, from: number, token: number): number | undefined {
    let at = from;
    for (let next = token; next < this.#length; next += 1) {
      const wanted = this.#texts[next] as string;
      if (this.#kinds[next] === TEXT) {
        if (!text.startsWith(wanted, at)) return undefined;
        at += wanted.length;
        continue;
      }
      if (at >= text.length) return undefined;
      const codePoint = text.codePointAt(at) as number;
      const fits = this.#kinds[next] === ONE ? text[at] !== this.#separator : this.#classes[next]?.(codePoint) === true;
      if (!fits) return undefined;
      at += codePoint > 0xffff ? 2 : 1;
    }
    return at;
  }
}

function piecesOf(tokens: readonly GlobToken[]): readonly string[] | undefined {
  const pieces = [''];
  for (const token of tokens) {
    if (token.kind === 'star') pieces.push('');
    else if (token.kind === 'text') pieces[pieces.length - 1] = token.text;
    else return undefined;
  }
  return pieces;
}

function step(text: string, at: number): number {
  const unit = text.charCodeAt(at);
  return unit >= 0xd800 && unit <= 0xdbff && (text.codePointAt(at) as number) > 0xffff ? 2 : 1;
}

function isLowHalf(text: string, at: number): boolean {
  const unit = text.charCodeAt(at);
  return unit >= 0xdc00 && unit <= 0xdfff && (text.codePointAt(at - 1) ?? 0) > 0xffff;
}

/** Neighbouring texts become one, and stars beside each other one star. */
function joinTexts(tokens: readonly GlobToken[]): GlobToken[] {
  const joined: GlobToken[] = [];
  for (const token of tokens) {
    const last = joined.at(-1);
    if (token.kind === 'text' && token.text === '') continue;
    if (token.kind === 'text' && last?.kind === 'text')
      joined[joined.length - 1] = { kind: 'text', text: last.text + token.text };
    else if (token.kind !== 'star' || last?.kind !== 'star') joined.push(token);
  }
  return joined;
}
