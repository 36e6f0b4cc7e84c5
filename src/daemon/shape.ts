// Values of daemon.json whose JSON has another shape than the words of the flag that says the same. Pure.

/** The flag's words; undefined for what does not fit. */
export type Shape = (value: unknown) => unknown;

/** Every one of a list, read; undefined when one does not fit. */
export function listOf<T>(value: readonly T[], read: (one: T) => string | undefined): string[] | undefined {
  const found = value.map(read);
  return found.every((one) => one !== undefined) ? found : undefined;
}

export function isTable(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
