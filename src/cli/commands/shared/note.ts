// What docker tells beside its answer: ` Info -> ` and the lines below one another.

export function note(text: string): string {
  return `\n Info -> ${text.replaceAll('\n', '\n         ')}\n`;
}
