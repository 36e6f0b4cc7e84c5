// How many manifests a client may pull in a while; every answer says what is left, with the headers that Docker Hub has.
import type { Exchange } from '../http/index.ts';
import { type Identity, Throttle } from './access/index.ts';
import { RegistryError } from './model/index.ts';

export class PullLimit {
  readonly #throttle: Throttle;
  readonly #seconds: number;

  constructor({ pulls, seconds }: { readonly pulls: number; readonly seconds: number }) {
    this.#throttle = new Throttle(pulls, seconds * 1000);
    this.#seconds = seconds;
  }

  /** HEAD costs nothing: it is how clients look whether there is something new. */
  count(exchange: Exchange, who: Identity): void {
    const key = who.account ? `account ${who.name}` : `address ${who.address}`;
    const { limit, remaining, resetSeconds } = exchange.isHead ? this.#throttle.look(key) : this.#throttle.count(key);
    const headers = {
      'RateLimit-Limit': `${limit};w=${this.#seconds}`,
      'RateLimit-Remaining': `${Math.max(remaining, 0)};w=${this.#seconds}`,
      'RateLimit-Reset': String(resetSeconds),
    };
    for (const [name, value] of Object.entries(headers)) exchange.response.setHeader(name, value);
    if (remaining < 0)
      throw new RegistryError('TOOMANYREQUESTS', {
        message: `${limit} pulls in ${this.#seconds} seconds are allowed: try again in ${resetSeconds}`,
        headers: { 'Retry-After': String(resetSeconds) },
      });
  }
}
