// Which keys the tasks of a service may read and write. Pure.

/** What a service's tasks may do with keys that begin so. */
export interface KeyRight {
  readonly prefix: string;
  readonly write: boolean;
}

/** `app/:rw,config/:r`; undefined for what is none. */
export function readRights(text: string): readonly KeyRight[] | undefined {
  const rights: KeyRight[] = [];
  for (const part of text.split(',')) {
    const [, prefix, mode] = /^(.*):(rw?)$/.exec(part.trim()) ?? [];
    if (prefix === undefined || mode === undefined) return undefined;
    rights.push({ prefix, write: mode === 'rw' });
  }
  return rights;
}
