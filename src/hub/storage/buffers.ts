// Buffers that bytes pass through on their way between sockets and files, used again and again: a fresh one for each chunk would be
// garbage that V8 sees too late.

export const BUFFER_BYTES = 256 * 1024;
/** Those that are kept for the next who needs one. */
const MAX_SPARE = 64;

const spare: Buffer[] = [];

export function takeBuffer(): Buffer {
  return spare.pop() ?? Buffer.allocUnsafeSlow(BUFFER_BYTES);
}

/** Only of a buffer that nobody writes or reads any more. */
export function giveBuffer(buffer: Buffer): void {
  if (spare.length < MAX_SPARE) spare.push(buffer);
}
