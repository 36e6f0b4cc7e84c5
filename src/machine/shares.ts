// Pure. Which folders of the host a machine can share, and what their paths are called inside it.
import { invalid } from '../base/errors.ts';
import type { Share } from './settings.ts';

/** What the machine's own system is made of: a folder laid over it, or one that holds it, would hide it. */
const SYSTEM = /^\/(?:bin|boot|dev|etc|lib|lib32|lib64|opt|proc|root|run|sbin|sys|usr|var|tmp|home|srv|mnt)?$/;
const OWN =
  /^\/(?:dev|proc|run|sys|bin|sbin|lib|lib64|usr\/lib|usr\/bin|usr\/sbin|var\/lib\/berth|etc\/(?:berth|ssh))(?:\/|$)/;
/** Folders of the list above that the machine has no need of. */
const MAY_BE_COVERED = new Set(['/root', '/home', '/srv', '/mnt', '/opt']);

/** `C:\Users\kim` is `/c/Users/kim` inside; paths of other systems stay. */
export function guestPath(host: string): string {
  const drive = /^([A-Za-z]):[\\/](.*)$/s.exec(host);
  const path = drive ? `/${(drive[1] ?? '').toLowerCase()}/${(drive[2] ?? '').replaceAll('\\', '/')}` : host;
  let end = path.length;
  while (end > 1 && path[end - 1] === '/') end--;
  return path.slice(0, end);
}

/** `HOST` or `HOST:ro`. Throws invalid for a folder that would hide the machine's own, or is no whole path. */
export function parseShare(text: string): Share {
  const readOnly = text.endsWith(':ro');
  const host = text.replace(/:r[ow]$/, '');
  const guest = guestPath(host);
  if (!guest.startsWith('/') || guest.split('/').includes('..'))
    throw invalid(`--volume ${text}: the whole path of a folder is wanted`);
  // a comma and a quote would end the value on the emulator's command line, or the mount's
  if (/[\0\n"']/.test(host)) throw invalid(`--volume ${text}: quotes and line ends cannot be handed to the machine`);
  if ((SYSTEM.test(guest) && !MAY_BE_COVERED.has(guest)) || OWN.test(guest))
    throw invalid(`--volume ${text}: it would hide ${guest} of the machine itself`);
  return { host, guest, readOnly };
}

/** Without those that lie in another one and say the same. */
export function withoutNested(shares: readonly Share[]): Share[] {
  const unique = shares.filter(({ guest }, at) => shares.findIndex((other) => other.guest === guest) === at);
  return unique.filter(
    ({ guest, readOnly }) =>
      !unique.some(
        (other) => other.guest !== guest && guest.startsWith(`${other.guest}/`) && other.readOnly === readOnly,
      ),
  );
}
