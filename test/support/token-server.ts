// A token server of a test's own: gives what is asked for to one user, and remembers which scopes were asked for.
import { createHash, createPrivateKey, randomBytes, sign, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

export class TokenServer implements AsyncDisposable {
  readonly scopes = new Set<string>();
  readonly address: string;
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
    this.address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  static async start({ cert, key }: { cert: string; key: string }): Promise<TokenServer> {
    const certificate = new X509Certificate(readFileSync(cert));
    const secret = createPrivateKey(readFileSync(key));
    const server = createServer((request, response) => {
      void (async () => {
        const url = new URL(request.url ?? '', 'http://x');
        const form = new URLSearchParams(await textOf(request));
        const asked = [...url.searchParams.getAll('scope'), ...(form.get('scope')?.split(' ') ?? [])];
        const right = `Basic ${Buffer.from('ada:secret').toString('base64')}`;
        const known = request.headers.authorization === right || form.get('refresh_token') === 'refresh-of-ada';
        if (request.headers.authorization !== undefined && !known) {
          response.writeHead(401).end('{"details":"incorrect username or password"}');
          return;
        }
        for (const scope of asked) tokens.scopes.add(scope);
        const token = tokenFor(certificate, secret, known ? asked : []);
        const refresh =
          url.searchParams.get('offline_token') === 'true' && known ? { refresh_token: 'refresh-of-ada' } : {};
        response
          .writeHead(200, { 'Content-Type': 'application/json' })
          .end(JSON.stringify({ token, access_token: token, expires_in: 60, ...refresh }));
      })();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const tokens = new TokenServer(server);
    return tokens;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

async function textOf(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request) text += String(chunk);
  return text;
}

/** A JWT as the registry checks it: ES256, with the certificate in its head. */
function tokenFor(
  certificate: X509Certificate,
  key: ReturnType<typeof createPrivateKey>,
  scopes: readonly string[],
): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const now = Math.floor(Date.now() / 1000);
  const head = part({ typ: 'JWT', alg: 'ES256', x5c: [certificate.raw.toString('base64')] });
  const access = scopes.map((scope) => {
    const [type = '', name = '', actions = ''] = scope.split(':');
    return { type, name, actions: actions.split(',') };
  });
  const body = part({
    iss: 'test',
    sub: 'ada',
    aud: 'reg',
    exp: now + 60,
    nbf: now - 10,
    iat: now,
    jti: createHash('sha256').update(randomBytes(8)).digest('hex'),
    access,
  });
  const signature = sign('sha256', Buffer.from(`${head}.${body}`), { key, dsaEncoding: 'ieee-p1363' }).toString(
    'base64url',
  );
  return `${head}.${body}.${signature}`;
}
