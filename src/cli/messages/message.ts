// Pure. What an error that people meet is called, what it comes from and what helps, in each language.

export const LANGUAGES = ['en', 'ko'] as const;
export type Language = (typeof LANGUAGES)[number];

type Said = Readonly<Record<Language, string>>;

export interface Message {
  /** Stable: pages and people refer to it. */
  readonly code: `E${number}`;
  /** Pieces of the error's own words, small letters; `…` stands for anything between two of them. Any of the lines. */
  readonly words: readonly string[];
  readonly title: Said;
  readonly cause: Said;
  readonly cure: Said;
}

/** A row of a table: code, words, then title, cause and cure, English beside Korean. */
export function message(
  code: Message['code'],
  words: readonly string[],
  title: readonly [en: string, ko: string],
  cause: readonly [en: string, ko: string],
  cure: readonly [en: string, ko: string],
): Message {
  const said = ([en, ko]: readonly [string, string]): Said => ({ en, ko });
  return { code, words, title: said(title), cause: said(cause), cure: said(cure) };
}
