// Modes in chmod's letters, `u=rwX,go-w`: read, and done to the mode of a file. Pure.

/** One change, of the kind `go+rX`. */
export interface ModeChange {
  /** The bits of those it is about: user, group, others. */
  readonly who: number;
  readonly operator: '+' | '-' | '=';
  /** Of `rwxXst`, or one of `ugo`, whose bits are copied. */
  readonly what: string;
}

const USER = 0o4700;
const GROUP = 0o2070;
const OTHERS = 0o0007;
const WHO: Readonly<Record<string, number>> = { u: USER, g: GROUP, o: OTHERS, a: 0o7777 };

/** undefined for what is no such text. Nobody named is everybody, whatever the umask. */
export function parseMode(text: string): ModeChange[] | undefined {
  const changes: ModeChange[] = [];
  for (const clause of text.split(',')) {
    const [, who = '', actions = ''] = /^([ugoa]*)((?:[-+=](?:[ugo]|[rwxXst]*))+)$/.exec(clause) ?? [];
    if (actions === '') return undefined;
    const bits = who === '' ? 0o7777 : who.split('').reduce((all, one) => all | (WHO[one] ?? 0), 0);
    for (const [, operator, what = ''] of actions.matchAll(/([-+=])([ugo]|[rwxXst]*)/g))
      changes.push({ who: bits, operator: operator as ModeChange['operator'], what });
  }
  return changes;
}

export function changedMode(changes: readonly ModeChange[], mode: number, isDirectory: boolean): number {
  return changes.reduce((now, change) => changed(change, now, isDirectory), mode & 0o7777);
}

function changed({ who, operator, what }: ModeChange, mode: number, isDirectory: boolean): number {
  const bits = bitsOf(what, mode, isDirectory) & who;
  if (operator === '+') return mode | bits;
  if (operator === '-') return mode & ~bits;
  // of a directory `=` leaves the special bits that it does not name
  const cleared = isDirectory ? who & 0o777 : who;
  return (mode & ~cleared) | bits;
}

function bitsOf(what: string, mode: number, isDirectory: boolean): number {
  const shift = { u: 6, g: 3, o: 0 }[what];
  if (shift !== undefined) return ((mode >> shift) & 7) * 0o111;
  const runs = isDirectory || (mode & 0o111) !== 0;
  const all: Readonly<Record<string, number>> = {
    r: 0o444,
    w: 0o222,
    x: 0o111,
    X: runs ? 0o111 : 0,
    s: 0o6000,
    t: 0o1000,
  };
  return what.split('').reduce((bits, one) => bits | (all[one] ?? 0), 0);
}
