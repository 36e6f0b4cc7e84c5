// The host's resolvers, read again whenever /etc/resolv.conf is another file or another text.
import { readFileSync, statSync } from 'node:fs';
import { isIP } from 'node:net';

export class HostResolvers {
  readonly #file: string;
  #stamp = '';
  #servers: readonly string[] = [];

  constructor(file = '/etc/resolv.conf') {
    this.#file = file;
  }

  /** Asked before every question that goes out: one stat. Loopback ones are the host's, and are asked from there. */
  now(): readonly string[] {
    try {
      const { mtimeMs, ino, size } = statSync(this.#file);
      const stamp = `${mtimeMs} ${ino} ${size}`;
      if (stamp !== this.#stamp) {
        this.#servers = serversIn(readFileSync(this.#file, 'utf8'));
        this.#stamp = stamp;
      }
    } catch {
      this.#stamp = '';
      this.#servers = [];
    }
    return this.#servers;
  }
}

/** Pure: what stands behind `nameserver` and is an address. */
export function serversIn(text: string): string[] {
  return [...text.matchAll(/^[ \t]*nameserver[ \t]+(\S+)/gm)]
    .map((match) => match[1] ?? '')
    .filter((server) => isIP(server) !== 0);
}
