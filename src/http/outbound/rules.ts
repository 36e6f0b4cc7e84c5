// Rules for every request that the daemon sends to others, whoever sends it: redirects, and addresses that are never asked.
import { lookup } from 'node:dns';
import { BlockList, isIP, type LookupFunction } from 'node:net';

export const MAX_REDIRECTS = 10;
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

export function isRedirect(status: number): boolean {
  return REDIRECTS.has(status);
}

/** From TLS to none. */
export function isDowngrade(from: URL, to: URL): boolean {
  return from.protocol === 'https:' && to.protocol !== 'https:';
}

/** Link-local: there clouds hand out the credentials of the machine itself. */
const linkLocal = new BlockList();
linkLocal.addSubnet('169.254.0.0', 16, 'ipv4');
linkLocal.addSubnet('fe80::', 10, 'ipv6');
linkLocal.addSubnet('::ffff:169.254.0.0', 112, 'ipv6');

const isLinkLocal = (address: string): boolean => linkLocal.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');

/** Whether the address itself is a link-local one; names are for `lookupElsewhere`. */
export function namesLinkLocal({ hostname }: URL): boolean {
  const host = hostname.replace(/^\[|\]$/g, '');
  return isIP(host) !== 0 && isLinkLocal(host);
}

/** The name is looked up once, and the address that is checked is the one that is used. */
export function lookupElsewhere(refusal: () => Error): LookupFunction {
  return (host, options, done) =>
    lookup(host, { ...options, all: true }, (error, addresses) => {
      const good = (addresses ?? []).filter(({ address }) => !isLinkLocal(address));
      const [first] = good;
      if (error) done(error, '', 0);
      else if (!first) done(refusal(), '', 0);
      else if (options.all === true) done(null, good);
      else done(null, first.address, first.family);
    });
}
