// Limits of processes as flags and settings write them. Pure.

const NAMES = 'core cpu data fsize locks memlock msgqueue nice nofile nproc rss rtprio rttime sigpending stack'.split(
  ' ',
);

/** `name=soft[:hard]`. Throws Error with Docker's text. */
export function parseUlimit(text: string): { Name: string; Soft: number; Hard: number } {
  const [, name = '', limits = ''] = /^([^=]*)=(.*)$/s.exec(text) ?? [];
  if (!text.includes('=')) throw new Error(`invalid ulimit argument: ${text}`);
  if (!NAMES.includes(name)) throw new Error(`invalid ulimit type: ${name}`);
  const parts = limits.split(':');
  if (parts.length > 2) {
    throw new Error(`too many limit value arguments - ${limits}, can only have up to two, \`soft[:hard]\``);
  }
  const number = (digits: string): number => {
    if (!/^[+-]?\d+$/.test(digits))
      throw new Error(`strconv.ParseInt: parsing ${JSON.stringify(digits)}: invalid syntax`);
    return Number(digits);
  };
  const hard = parts[1] === undefined ? undefined : number(parts[1]);
  const soft = number(parts[0] ?? '');
  const top = hard ?? soft;
  if (top !== -1) {
    if (soft === -1) {
      throw new Error(`ulimit soft limit must be less than or equal to hard limit: soft: -1 (unlimited), hard: ${top}`);
    }
    if (soft > top) throw new Error(`ulimit soft limit must be less than or equal to hard limit: ${soft} > ${top}`);
  }
  return { Name: name, Soft: soft, Hard: top };
}
