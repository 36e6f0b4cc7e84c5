// Container names: which are allowed.
import { invalid } from '../../base/errors.ts';

const ALLOWED = /^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/;

/** `name` may have Docker's leading slash. */
export function validateName(name: string): void {
  if (!ALLOWED.test(name.replace(/^\//, ''))) {
    throw invalid(`Invalid container name (${name}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed`);
  }
}
