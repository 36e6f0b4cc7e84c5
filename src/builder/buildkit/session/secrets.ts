// Secrets and credentials of a client, asked for at the moment of use and kept nowhere.
import type { RegistryCredentials, SecretSource } from '../../model/request.ts';
import { CredentialsRequest, CredentialsResponse, SecretRequest, SecretResponse } from '../protocol/messages.ts';
import { CallError, Code } from '../transport/status.ts';
import type { Session } from './sessions.ts';

const SECRETS = '/moby.buildkit.secrets.v1.Secrets/GetSecret';
const CREDENTIALS = '/moby.filesync.v1.Auth/Credentials';
const CREDENTIALS_MS = 60_000;

export function sessionSecrets(session: Session): SecretSource {
  return {
    async secret(id, signal) {
      if (!session.serves(SECRETS)) return undefined;
      try {
        const { data } = await session.caller.unary(SECRETS, SecretRequest, SecretResponse, { id }, signal);
        return Buffer.from(data);
      } catch (error) {
        if (error instanceof CallError && (error.code === Code.notFound || error.code === Code.unimplemented))
          return undefined;
        throw error;
      }
    },
  };
}

/** Docker's clients answer for the hub by this name. */
const HUB = /^(docker\.io|index\.docker\.io|registry-1\.docker\.io)$/;

export function sessionCredentials(session: Session, signal: AbortSignal): RegistryCredentials {
  return {
    async credentials(host) {
      if (!session.serves(CREDENTIALS)) return undefined;
      const name = HUB.test(host) ? 'registry-1.docker.io' : host;
      const { username, secret } = await session.caller.unary(
        CREDENTIALS,
        CredentialsRequest,
        CredentialsResponse,
        { host: name },
        AbortSignal.any([signal, AbortSignal.timeout(CREDENTIALS_MS)]),
      );
      if (secret === '') return undefined;
      // a token for identities comes without a name
      return username === '' ? { username, password: '', identityToken: secret } : { username, password: secret };
    },
  };
}
