// Reads -v: what is a bind (it has a source) and what is an anonymous volume, with the checks that the client makes.
import { resolve } from 'node:path';

/**
 * The entry of HostConfig.Binds; undefined when `text` is an anonymous volume. A source that begins with a dot is taken from
 * `directory`. Throws Error with Docker's text.
 */
export function parseVolume(text: string, directory: string): string | undefined {
  if (text === '') throw new Error('invalid empty volume spec');
  if (text.length <= 2) return undefined;
  const sections = split(text);
  const bad = (what: string): Error => new Error(`invalid spec: ${text}: ${what}`);
  for (const [i, section] of sections.entries()) {
    if (section === '') throw bad('empty section between colons');
    if (i > 2) throw bad('too many colons');
  }
  if (sections.length === 1) return undefined;
  const [source = '', ...rest] = sections;
  return `${source.startsWith('.') ? resolve(directory, source) : source}:${rest.join(':')}`;
}

/** At colons, except one behind a single letter, which is a Windows drive. */
function split(text: string): string[] {
  const sections = [''];
  for (const char of text) {
    const last = sections.at(-1) ?? '';
    if (char === ':' && !/^[A-Za-z]$/.test(last)) sections.push('');
    else sections[sections.length - 1] = last + char;
  }
  return sections;
}
