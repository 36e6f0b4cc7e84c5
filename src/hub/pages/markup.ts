// HTML by templates that escape whatever is put into them; nothing else makes HTML here.
import { html as template, raw } from 'hono/html';

/** Text that is HTML already. */
export interface Markup {
  readonly isEscaped: true;
  toString(): string;
}

type Part = string | number | false | undefined | Markup | readonly Part[];

/** Values may stand between tags and inside quoted attributes; `hono` escapes both. No promises, so the result is no promise. */
export function html(strings: TemplateStringsArray, ...values: readonly Part[]): Markup {
  return template(strings, ...values) as unknown as Markup;
}

/** For what another library has made safe, of which there is one: the readme. */
export const trusted = (text: string): Markup => raw(text);
