// Texts of others on a terminal: control characters are shown instead of obeyed; line ends, tabs and colours pass. Pure.

// C0 without \t and \n, DEL, C1: a terminal may take each for the beginning of a command
// oxlint-disable-next-line no-control-regex
const CONTROL = /[\0-\x08\x0b-\x1f\x7f-\x9f]/;
// oxlint-disable-next-line no-control-regex
const PARTS = /\x1b\[[0-9;:]{0,64}m|\r\n|[\0-\x08\x0b-\x1f\x7f-\x9f]/g;

/** The escapes are JSON's, so that a document stays one. `returns`: a carriage return is obeyed, for what programs wrote. */
export function printable(text: string, { returns = false }: { readonly returns?: boolean } = {}): string {
  if (!CONTROL.test(text)) return text;
  return text.replace(PARTS, (part) => {
    if (part.length > 1 || (returns && part === '\r')) return part;
    return `\\u${part.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}

/** What a terminal shows of a line that went back to its beginning: what was written last. */
export function lastWritten(line: string): string {
  const whole = line.endsWith('\r') ? line.slice(0, -1) : line;
  return whole.slice(whole.lastIndexOf('\r') + 1);
}
