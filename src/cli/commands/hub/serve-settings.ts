// Settings of `hub serve` that are files and words of the user's: read and checked here, by the one who serves and by `hub up`.
import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import { messageOf } from '../../../base/errors.ts';
import { Failure } from '../../grammar/index.ts';

export interface TlsPair {
  readonly cert: Buffer;
  readonly key: Buffer;
}

/** Reads the pair, again whenever it is called; undefined without TLS. A broken pair is refused before it is in use. */
export function tlsPair(cert: string, key: string): (() => TlsPair) | undefined {
  if (cert === '' && key === '') return undefined;
  if (cert === '' || key === '') throw new Failure('--tls-cert and --tls-key belong together');
  return () => {
    const pair = { cert: readFileSync(cert), key: readFileSync(key) };
    try {
      createSecureContext(pair);
    } catch (error) {
      throw new Failure(`${cert} and ${key} are no certificate with its key: ${messageOf(error)}`);
    }
    return pair;
  };
}

/** Undefined where there is none. */
export function parsePullLimit(text: string): { readonly pulls: number; readonly seconds: number } | undefined {
  if (text === '') return undefined;
  const match = /^([1-9]\d{0,8})\/([1-9]\d{0,6})$/.exec(text);
  if (!match) throw new Failure(`--pull-limit ${text}: PULLS/SECONDS is wanted`);
  return { pulls: Number(match[1]), seconds: Number(match[2]) };
}
