// The protocol that a request asks to go on in.
import { invalid } from '../base/errors.ts';

/** Throws invalid, in dockerd's words, when `asked` (the header Upgrade) is not that protocol. */
export function checkUpgrade(asked: string | undefined, protocol: string): void {
  if (asked === undefined || asked === '') throw invalid('no upgrade proto in request');
  if (asked.toLowerCase() !== protocol) throw invalid(`protocol ${asked} not supported`);
}
