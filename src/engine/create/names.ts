// Container names: which are allowed, and one made up.
import { invalid } from '../../base/errors.ts';
import { ADJECTIVES, SURNAMES } from './refusal.ts';

const ALLOWED = /^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/;

/** `name` may have Docker's leading slash. */
export function validateName(name: string): void {
  if (!ALLOWED.test(name.replace(/^\//, ''))) {
    throw invalid(`Invalid container name (${name}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed`);
  }
}

/**
 * adjective_surname. `random` gives numbers from 0 up to 1. From the second attempt on a digit is added, since a taken
 * name says that many are.
 */
export function randomName(attempt: number, random: () => number = Math.random): string {
  const pick = (words: readonly string[]): string => words[Math.floor(random() * words.length)] ?? '';
  const name = `${pick(ADJECTIVES)}_${pick(SURNAMES)}`;
  return attempt === 0 ? name : `${name}${Math.floor(random() * 10)}`;
}
