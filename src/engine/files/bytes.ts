// Names of files are bytes; confined threads take and give them as strings of one character a byte.

/** UTF-8 to one character a byte. */
export function bytesOf(text: string): string {
  return Buffer.from(text).toString('latin1');
}

/** And back; bytes that are no UTF-8 show as U+FFFD. */
export function textOf(bytes: string): string {
  return Buffer.from(bytes, 'latin1').toString();
}
