// Lists of CPUs and memory nodes such as `0-3,7`.

/** Kernel's usual bound; larger numbers are refused before anything is counted up. */
const MAX = 8192;

/** Numbers of a list; an Error with Go's wording when the text is none. */
export function parseCpuset(text: string, max = MAX): Set<number> {
  const found = new Set<number>();
  if (text === '') return found;
  const bad = new Error(`invalid format: ${text}`);
  const number = (part: string): number => {
    if (!/^\d+$/.test(part)) throw bad;
    return Number(part);
  };
  for (const part of text.split(',')) {
    const [first = '', last, rest] = part.split('-');
    if (rest !== undefined) throw bad;
    const low = number(first);
    const high = last === undefined ? low : number(last);
    if (high < low) throw bad;
    if (high > max) throw new Error(`value of out range, maximum is ${max}`);
    for (let one = low; one <= high; one += 1) found.add(one);
  }
  return found;
}

/** Whether every number of `wanted` is in `available`. Throws as parseCpuset. */
export function isWithinCpuset(wanted: string, available: string): boolean {
  const there = parseCpuset(available.trim(), Number.MAX_SAFE_INTEGER);
  const max = Math.max(MAX, ...there);
  return [...parseCpuset(wanted, max)].every((one) => there.has(one));
}
