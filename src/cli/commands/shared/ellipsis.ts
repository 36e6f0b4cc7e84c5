// Texts cut to a width, as tables show them.

/** A text in so many characters, the last of them `…` where it is longer. */
export function ellipsis(text: string, width: number): string {
  const chars = Array.from(text);
  return chars.length <= width ? text : `${chars.slice(0, width - 1).join('')}…`;
}
