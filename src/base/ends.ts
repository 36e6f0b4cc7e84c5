// Takes characters off the ends of a text by index: an expression such as /x+$/ takes time that grows with the square of the text.

/** The text without these characters at its end. */
export function dropEnd(text: string, characters: string): string {
  let end = text.length;
  while (end > 0 && characters.includes(text[end - 1] as string)) end -= 1;
  return text.slice(0, end);
}

/** The text without these characters at either end. */
export function dropEnds(text: string, characters: string): string {
  let start = 0;
  while (start < text.length && characters.includes(text[start] as string)) start += 1;
  return dropEnd(text.slice(start), characters);
}

/** The text before the first of these marks; all of it where there is none. */
export function before(text: string, mark: string): string {
  const at = text.indexOf(mark);
  return at < 0 ? text : text.slice(0, at);
}
