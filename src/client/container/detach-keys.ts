// Finds the detach key sequence in what is typed; the keys themselves are not passed on.

const DEFAULT_KEYS = Buffer.from([16, 17]);

/** Bytes of `ctrl-p,ctrl-q`, `a`, `ctrl-[,x`; undefined when the text is no such list. */
export function parseKeys(text: string): Buffer | undefined {
  const bytes: number[] = [];
  for (const key of text.split(',')) {
    const control = /^ctrl-(.)$/.exec(key)?.[1];
    if (control !== undefined) {
      const code = /[a-z]/.test(control)
        ? control.charCodeAt(0) - 96
        : ['@', '[', '\\', ']', '^', '_'].indexOf(control);
      const value = /[a-z]/.test(control) ? code : ([0, 27, 28, 29, 30, 31][code] ?? -1);
      if (value < 0) return undefined;
      bytes.push(value);
    } else if (key.length === 1) bytes.push(key.charCodeAt(0));
    else return undefined;
  }
  return Buffer.from(bytes);
}

export class DetachKeys {
  readonly #keys: Buffer;
  #matched = 0;

  constructor(text: string) {
    this.#keys = (text === '' ? undefined : parseKeys(text)) ?? DEFAULT_KEYS;
  }

  /** What is to be passed on of `chunk`, and whether the sequence is complete. */
  push(chunk: Buffer): { data: Buffer; detach: boolean } {
    const out: number[] = [];
    for (const byte of chunk) {
      if (byte === this.#keys[this.#matched]) {
        this.#matched += 1;
        if (this.#matched === this.#keys.length) return { data: Buffer.from(out), detach: true };
        continue;
      }
      if (this.#matched > 0) {
        out.push(...this.#keys.subarray(0, this.#matched));
        this.#matched = byte === this.#keys[0] ? 1 : 0;
        if (this.#matched === 1) continue;
      }
      out.push(byte);
    }
    return { data: Buffer.from(out), detach: false };
  }
}
