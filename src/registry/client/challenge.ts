// WWW-Authenticate headers, read strictly within bounds.
import { invalid } from '../../base/errors.ts';

export interface Challenge {
  readonly scheme: string;
  readonly parameters: Readonly<Record<string, string>>;
}

const MAX_HEADER = 8192;
const MAX_PARAMETERS = 64;
const TOKEN = /[A-Za-z0-9!#$%&'*+.^_`|~-]+/y;

/** All challenges of a header, in order. What cannot be read any more is left out. */
export function parseChallenges(header: string): Challenge[] {
  if (header.length > MAX_HEADER) throw invalid('malformed auth challenge header: too long');
  const found: { scheme: string; parameters: Record<string, string> }[] = [];
  let at = 0;
  let count = 0;
  const skip = (characters: RegExp): void => {
    while (at < header.length && characters.test(header.charAt(at))) at += 1;
  };
  const token = (): string => {
    TOKEN.lastIndex = at;
    const text = TOKEN.exec(header)?.[0] ?? '';
    at += text.length;
    return text;
  };
  while (at < header.length && count < MAX_PARAMETERS) {
    skip(/[\s,]/);
    const name = token();
    if (name === '') break;
    skip(/\s/);
    if (header.charAt(at) !== '=') {
      found.push({ scheme: name.toLowerCase(), parameters: Object.create(null) as Record<string, string> });
      continue;
    }
    at += 1;
    skip(/\s/);
    const value = header.charAt(at) === '"' ? quoted() : token();
    if (value === undefined) break;
    count += 1;
    const last = found.at(-1);
    if (last) last.parameters[name.toLowerCase()] = value;
  }
  return found;

  function quoted(): string | undefined {
    let text = '';
    for (at += 1; at < header.length; at += 1) {
      const character = header.charAt(at);
      if (character === '"') {
        at += 1;
        return text;
      }
      if (character === '\\') at += 1;
      text += header.charAt(at);
    }
    return undefined;
  }
}

/** Bearer where it is offered, else Basic. Throws invalid when neither is. */
export function chooseChallenge(header: string, where: string): Challenge {
  const all = parseChallenges(header);
  const best = all.find(({ scheme }) => scheme === 'bearer') ?? all.find(({ scheme }) => scheme === 'basic');
  if (!best) throw invalid(`malformed auth challenge of ${where}`);
  return best;
}
