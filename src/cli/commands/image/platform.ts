// `os[/arch[/variant]]` as the JSON that newer routes want.
import { Failure } from '../../grammar/index.ts';

/** The query parameter; nothing when `text` is ''. */
export function platformQuery(text: string): { platform?: string } {
  if (text === '') return {};
  const [os = '', architecture = '', variant] = text.split('/');
  if (text.split('/').length > 3)
    throw new Failure(`${JSON.stringify(text)}: cannot parse platform specifier: invalid argument`);
  return { platform: JSON.stringify({ architecture, os, ...(variant === undefined ? {} : { variant }) }) };
}
