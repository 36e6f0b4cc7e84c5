// Pure. From an error's own words to what it means in the user's language.
import { CONNECTION } from './connection.ts';
import { LANGUAGES, type Language, type Message } from './message.ts';
import { OBJECTS } from './objects.ts';
import { WORK } from './work.ts';

/** Those of the work at hand first: they name more than the words of a connection, which may stand in them. */
export const MESSAGES: readonly Message[] = [...WORK, ...OBJECTS, ...CONNECTION];

type Environment = Readonly<Record<string, string | undefined>>;

/** BERTH_LANG, else what the system's programs speak; English for what we do not. */
export function languageOf(env: Environment): Language {
  const name = env['BERTH_LANG'] || env['LC_ALL'] || env['LC_MESSAGES'] || env['LANG'] || '';
  return LANGUAGES.find((one) => name.toLowerCase().startsWith(one)) ?? 'en';
}

/**
 * What is printed beside an error, which stays as it is, since scripts read it: nothing into files and pipes unless BERTH_LANG
 * is set, and no English unless it is asked for, since the error is English itself.
 */
export function noteFor(error: string, env: Environment, isTerminal: boolean): string {
  const language = languageOf(env);
  const isAsked = Boolean(env['BERTH_LANG']);
  if (!isAsked && !(isTerminal && language !== 'en')) return '';
  const found = findMessage(error);
  if (!found) return '';
  const more = { en: 'more', ko: '자세히' }[language];
  return `${found.code} ${found.title[language]}. ${found.cause[language]} ${found.cure[language]} (${more}: berth help ${found.code})\n`;
}

export function findMessage(error: string): Message | undefined {
  const text = error.toLowerCase();
  return MESSAGES.find(({ words }) => words.some((line) => isIn(text, line)));
}

/** The pieces of the line one after the other, on one line of the text or several. */
function isIn(text: string, line: string): boolean {
  let at = 0;
  for (const piece of line.split(' … ')) {
    const found = text.indexOf(piece, at);
    if (found < 0) return false;
    at = found + piece.length;
  }
  return true;
}

/** The page of a code, in both languages, the user's first; undefined for a code that there is not. */
export function pageOf(code: string, env: Environment): string | undefined {
  const found = MESSAGES.find((one) => one.code === code.toUpperCase());
  if (!found) return undefined;
  const own = languageOf(env);
  const order = [own, ...LANGUAGES.filter((one) => one !== own)];
  const parts = order.map(
    (one) =>
      `${found.code}  ${found.title[one]}\n\n${LABELS.cause[one]}: ${found.cause[one]}\n${LABELS.cure[one]}: ${found.cure[one]}\n`,
  );
  return parts.join('\n');
}

/** All codes with their titles. */
export function codesPage(env: Environment): string {
  const language = languageOf(env);
  return MESSAGES.toSorted((a, b) => (a.code < b.code ? -1 : 1))
    .map(({ code, title }) => `${code}  ${title[language]}\n`)
    .join('');
}

const LABELS = { cause: { en: 'Cause', ko: '원인' }, cure: { en: 'Cure', ko: '해결' } } as const;
