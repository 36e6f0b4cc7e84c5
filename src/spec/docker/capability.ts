// Names of capabilities as flags, files and the API have them. Pure.

/** In upper case with CAP_; `ALL` as it is. */
export function capabilityName(name: string): string {
  const upper = name.toUpperCase();
  return upper === 'ALL' || upper.startsWith('CAP_') ? upper : `CAP_${upper}`;
}
