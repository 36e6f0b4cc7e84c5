// Checks a user's password with a registry: Basic, or a token server that the registry names.
import { STATUS_CODES } from 'node:http';
import { BerthError, internal, invalid } from '../../base/errors.ts';
import { chooseChallenge } from './challenge.ts';
import { discard } from './http.ts';
import type { Registries } from './registry.ts';
import { originOf } from './settings.ts';
import { basicOf, type Credentials, loginToken, Tokens } from './tokens.ts';
import { RefusedError } from './refusal.ts';

/** Gives a refresh token where the registry's token server has one, else ''. Throws unauthorized, or unavailable when it cannot be asked. */
export async function login(
  registries: Registries,
  server: string,
  credentials: Credentials,
  signal: AbortSignal,
): Promise<string> {
  const bad = /[ <>"{}|\\^`]/.exec(originOf(server).host)?.[0];
  if (bad !== undefined)
    throw invalid(
      `unable to parse server address: parse "https://${originOf(server).host}": invalid character ${JSON.stringify(bad)} in host name`,
    );
  const access = await registries.access(originOf(server), signal);
  const url = new URL('/v2/', access.base);
  const failed = (status: number): BerthError =>
    internal(`login attempt to ${url.href} failed with status: ${status} ${STATUS_CODES[status] ?? ''}`.trim());
  const wrong = (): BerthError =>
    new BerthError('unauthorized', `Get "${url.href}": unauthorized: incorrect username or password`);
  const first = await access.transport.send({ method: 'GET', url, signal });
  discard(first);
  if (first.status === 200) return '';
  if (first.status !== 401) throw failed(first.status);
  const challenge = chooseChallenge(first.header('www-authenticate') ?? '', access.base.origin);
  access.challenge = challenge;
  let token = '';
  let authorization = basicOf(credentials);
  if (challenge.scheme === 'bearer') {
    const request = { challenge, registry: access.base, scopes: [], credentials, transport: access.transport, signal };
    try {
      if (!credentials.identityToken) token = await loginToken(request);
      authorization = await new Tokens().bearer(
        token === '' ? request : { ...request, credentials: { identityToken: token } },
      );
    } catch (error) {
      if (error instanceof RefusedError && (error.status === 401 || error.status === 403)) throw wrong();
      throw error;
    }
  }
  const second = await access.transport.send({ method: 'GET', url, authorization, signal });
  discard(second);
  if (second.status === 200) return token;
  throw failed(second.status);
}
