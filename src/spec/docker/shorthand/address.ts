// Which version of IP an address is of; the module that knows is loaded when the first one is checked.

/** 4, 6, or 0 for what is no address. */
export function ipVersion(text: string): number {
  return process.getBuiltinModule('net').isIP(text);
}
