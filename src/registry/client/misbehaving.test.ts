// Registries that send nonsense, too much, too little or nothing: what the client makes of them.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { sha256 } from '../../base/ids.ts';
import { MEDIA } from '../../spec/oci/index.ts';
import { Registries } from './registry.ts';
import type { Remote } from './remote.ts';
import { retrying } from './retry.ts';
import { DEFAULT_SETTINGS, type RegistrySettings } from './settings.ts';
import { type Credentials, realmOf, tokenOf } from './tokens.ts';

const servers: Server[] = [];
after(() => {
  for (const server of servers) {
    server.closeAllConnections();
    server.close();
  }
});

/** Patient: the machine may be busy, and the server is in this process. */
const timing = { backoff: 10, longestWait: 500, idle: 60_000, answer: 60_000 };
const settings: RegistrySettings = { ...DEFAULT_SETTINGS, timing, insecure: ['localhost'] };
const { signal } = new AbortController();

/** A registry of the test's own; `/v2/` is answered unless the listener has done it. */
async function serve(listener: RequestListener, hostname = '127.0.0.1'): Promise<string> {
  const server = createServer((request, response) => {
    if (request.url === '/v2/') response.writeHead(200).end('{}');
    else listener(request, response);
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `${hostname}:${(server.address() as AddressInfo).port}`;
}

async function remote(
  domain: string,
  credentials: Credentials = {},
  own: RegistrySettings = settings,
): Promise<Remote> {
  return new Registries(own).writer(domain, 'some/repo', credentials, signal);
}

const config = { mediaType: MEDIA.config, digest: `sha256:${'a'.repeat(64)}`, size: 2 };
const manifest = { schemaVersion: 2, mediaType: MEDIA.manifest, config, layers: [] };
const send = (response: ServerResponse, body: unknown, type: string = MEDIA.manifest): void => {
  response.writeHead(200, { 'Content-Type': type }).end(typeof body === 'string' ? body : JSON.stringify(body));
};

test('fault I12: documents that may mean two things are refused', async () => {
  const cases: [unknown, string, RegExp][] = [
    [{ ...manifest, manifests: [] }, MEDIA.manifest, /both an index \(manifests\) and an image/],
    [{ schemaVersion: 2, manifests: [], layers: [] }, MEDIA.index, /both an index/],
    [{ ...manifest, mediaType: MEDIA.dockerManifest }, MEDIA.manifest, /mediaType in manifest should be/],
    [{ ...manifest, mediaType: undefined }, MEDIA.dockerManifest, /should be '.*' not ''/],
    [manifest, 'text/html', /unsupported manifest media type and no default available: text\/html/],
    [{ schemaVersion: 2, manifests: [] }, MEDIA.manifest, /has the fields of another/],
    [{ schemaVersion: 1, fsLayers: [] }, 'application/vnd.docker.distribution.manifest.v1+prettyjws', /schema 1/],
    ['{', MEDIA.manifest, /invalid manifest/],
    ['[]', MEDIA.manifest, /not an object/],
    [{ ...manifest, layers: [{ ...config, size: -1 }] }, MEDIA.manifest, /no usable size/],
    [{ ...manifest, layers: [{ ...config, digest: 'sha256:../../x' }] }, MEDIA.manifest, /unsupported digest/],
  ];
  let at = 0;
  const domain = await serve((_, response) => {
    const [body, type] = cases[at] ?? [];
    send(response, body, type);
  });
  const repository = await remote(domain);
  for (; at < cases.length; at += 1) await assert.rejects(repository.manifest('x', signal), cases[at]?.[2] ?? /never/);
});

test('an OCI manifest without mediaType is taken for what its Content-Type says', async () => {
  const domain = await serve((_, response) =>
    send(response, { ...manifest, mediaType: undefined }, `${MEDIA.manifest}; charset=utf-8`),
  );
  const { document } = await (await remote(domain)).manifest('x', signal);
  assert.deepEqual([document.kind, document.mediaType], ['manifest', MEDIA.manifest]);
});

test('fault I13: a manifest without end and one with too many layers are refused, memory stays flat', async () => {
  let sent = 0;
  const domain = await serve((request, response) => {
    if (request.url?.endsWith('/many')) {
      send(response, { ...manifest, layers: Array.from({ length: 10_000 }, () => config) });
      return;
    }
    if (request.url?.endsWith('/declared')) {
      response.writeHead(200, { 'Content-Type': MEDIA.manifest, 'Content-Length': String(2 ** 30) });
      response.write('{');
      return;
    }
    response.writeHead(200, { 'Content-Type': MEDIA.manifest });
    const chunk = Buffer.alloc(1024 * 1024, ' ');
    const pump = (): void => {
      while (!response.destroyed && sent < 1024) {
        sent += 1;
        if (!response.write(chunk)) {
          response.once('drain', pump);
          return;
        }
      }
    };
    pump();
  });
  const repository = await remote(domain);
  const before = process.memoryUsage().rss;
  await assert.rejects(repository.manifest('endless', signal), /too large/);
  assert.ok(sent < 64, `${sent} MiB were sent`);
  assert.ok(process.memoryUsage().rss - before < 100e6);
  await assert.rejects(repository.manifest('declared', signal), /too large/);
  await assert.rejects(repository.manifest('many', signal), /max depth exceeded/);
});

test('fault I11: a manifest by digest is what that digest says, or nothing', async () => {
  const domain = await serve((_, response) => send(response, manifest));
  const repository = await remote(domain);
  const right = sha256(JSON.stringify(manifest));
  assert.equal((await repository.manifest(right, signal)).digest, right);
  await assert.rejects(
    repository.manifest(`sha256:${'0'.repeat(64)}`, signal),
    /manifest verification failed for digest sha256:0000/,
  );
});

test('fault I14: credentials stay with the registry when it sends elsewhere', async () => {
  const seen: (string | undefined)[] = [];
  const other = await serve((request, response) => {
    seen.push(request.headers.authorization);
    response.writeHead(200).end('blob');
  }, 'localhost');
  const asked: (string | undefined)[] = [];
  const domain = await serve((request, response) => {
    asked.push(request.headers.authorization);
    if (request.headers.authorization === undefined)
      response.writeHead(401, { 'WWW-Authenticate': 'Basic realm="r"' }).end();
    else if (request.method === 'POST') response.writeHead(202, { Location: `http://${other}/elsewhere?x=1` }).end();
    else response.writeHead(307, { Location: `http://${other}/storage` }).end();
  });
  const repository = await remote(domain, { username: 'ada', password: 'secret' });
  assert.equal((await repository.blobWhole(sha256('blob'), 100, 'blob', signal)).toString(), 'blob');
  const upload = await repository.startUpload(signal);
  await repository.finishUpload(upload, sha256(''), undefined, signal).catch(() => undefined);
  assert.ok(asked.some((header) => header?.startsWith('Basic ')));
  assert.deepEqual(seen, [undefined, undefined]);
});

test('fault I14: another host that asks for a password gets none, and its challenge is not answered', async () => {
  const seen: (string | undefined)[] = [];
  const other = await serve((request, response) => {
    seen.push(request.headers.authorization);
    response.writeHead(401, { 'WWW-Authenticate': 'Basic realm="r"' }).end();
  }, 'localhost');
  const domain = await serve((_, response) => response.writeHead(302, { Location: `http://${other}/x` }).end());
  const repository = await remote(domain, { username: 'ada', password: 'secret' });
  await assert.rejects(repository.manifest('x', signal), { kind: 'unauthorized' });
  assert.deepEqual(seen, [undefined]);
});

test('fault I14: a password goes to a token server only over TLS, or to the host that is spoken to without', () => {
  const bearer = (realm: string): { scheme: string; parameters: Record<string, string> } => ({
    scheme: 'bearer',
    parameters: { realm },
  });
  const refused = (realm: string, registry: string): void =>
    assert.throws(() => realmOf(bearer(realm), new URL(registry), true), /refusing to send a password/);
  refused('http://evil.example/token', 'https://reg.example');
  refused('http://evil.example/token', 'http://127.0.0.1:5000');
  refused('http://169.254.169.254/token', 'http://reg.example:5000');
  assert.equal(realmOf(bearer('https://auth.example/t'), new URL('https://reg.example'), true).host, 'auth.example');
  assert.equal(realmOf(bearer('http://127.0.0.1:5001/t'), new URL('http://127.0.0.1:5000'), true).port, '5001');
  assert.throws(() => realmOf(bearer('file:///etc/passwd'), new URL('http://x'), false), /realm with scheme file:/);
});

test('fault I15: challenges that are malformed, huge or come again and again end in an error', async () => {
  let count = 0;
  let header = '';
  const domain = await serve((request, response) => {
    count += 1;
    if (request.url?.startsWith('/token')) send(response, { token: `t${count}` }, 'application/json');
    else
      response
        .writeHead(401, { 'WWW-Authenticate': header })
        .end('{"errors":[{"code":"UNAUTHORIZED","message":"no"}]}');
  });
  const repository = await remote(domain);
  header = `Bearer realm="http://${domain}/token",service="s"`;
  await assert.rejects(
    repository.manifest('x', signal),
    (error: Error) => /unauthorized: no/.test(error.message) && !/t\d/.test(error.message),
  );
  assert.ok(count < 8, `${count} requests`);
  for (const [bad, words] of [
    ['Bearer', /no usable realm/],
    ['Bearer realm="', /no usable realm/],
    ['Negotiate abc', /malformed auth challenge/],
    [`Bearer realm="http://${domain}/${'x'.repeat(9000)}"`, /too long|usable/],
  ] as const) {
    header = bad;
    await assert.rejects((await remote(domain)).manifest('x', signal), words);
  }
  header = 'Basic realm="x"';
  await assert.rejects((await remote(domain)).manifest('x', signal), /no basic auth credentials/);
});

test('fault I15: a token that ends in the middle is renewed, one without a life is good for a minute', async () => {
  let good = 't1';
  let given = 0;
  const domain = await serve((request: IncomingMessage, response) => {
    if (request.url?.startsWith('/token')) {
      given += 1;
      good = `t${given}`;
      send(response, { access_token: good }, 'application/json');
    } else if (request.headers.authorization !== `Bearer ${good}`)
      response
        .writeHead(401, { 'WWW-Authenticate': `Bearer realm="http://${request.headers.host}/token",service="s"` })
        .end();
    else send(response, manifest);
  });
  const repository = await remote(domain);
  await repository.manifest('x', signal);
  await repository.manifest('x', signal);
  assert.equal(given, 1);
  good = 'revoked';
  await repository.manifest('x', signal);
  assert.equal(given, 2);
  assert.equal(tokenOf({ token: 'a' }, 1000).until, 61_000);
  assert.equal(tokenOf({ token: 'a', expires_in: 300, issued_at: '1970-01-01T00:00:00Z' }, 1000).until, 300_000);
  assert.throws(() => tokenOf({}, 0), /did not include a token/);
  assert.throws(() => tokenOf({ token: 'a\r\nX: y' }, 0), /malformed token/);
});

test('fault I16: 429 and 503 are waited for as long as is sensible, and the quota is told', async () => {
  let answers: (() => [number, Record<string, string>])[] = [];
  const domain = await serve((_, response) => {
    const next = answers.shift();
    if (!next) {
      send(response, manifest);
      return;
    }
    const [status, headers] = next();
    response.writeHead(status, headers).end('{"errors":[{"code":"TOOMANYREQUESTS","message":"slow down"}]}');
  });
  const repository = await remote(domain);
  const ask = (): Promise<unknown> => retrying(() => repository.manifest('x', signal), settings, signal);
  answers = [() => [503, { 'Retry-After': '0' }], () => [502, {}]];
  await ask();
  answers = [
    () => [429, { 'Retry-After': '3600', 'RateLimit-Limit': '100;w=21600', 'RateLimit-Remaining': '0;w=21600' }],
  ];
  await assert.rejects(ask(), {
    kind: 'exhausted',
    message: 'toomanyrequests: slow down (the quota is 100 in 6 hours, 0 left, try again in 1 hour)',
  });
});

test('fault I16: silence ends with a time-out, a cancel ends it at once', async () => {
  const domain = await serve((request, response) => {
    if (request.url?.endsWith('/headers')) {
      response.writeHead(200, { 'Content-Type': MEDIA.manifest });
      response.write('{');
    }
  });
  const repository = await remote(domain, {}, { ...settings, timing: { ...timing, idle: 300, answer: 300 } });
  await assert.rejects(repository.manifest('silent', signal), /i\/o timeout/);
  await assert.rejects(repository.manifest('headers', signal), { kind: 'unavailable' });
  const slow = await remote(domain);
  const stop = new AbortController();
  const asked = slow.manifest('silent', stop.signal);
  stop.abort();
  await assert.rejects(asked, { kind: 'cancelled' });
});

test('fault I17: an expired certificate is refused, also one of a known authority, and nothing is sent again', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'expired-'));
  try {
    const file = (name: string): string => join(folder, name);
    writeFileSync(file('index'), '');
    writeFileSync(
      file('ca.cnf'),
      `[ca]\ndefault_ca=x\n[x]\ndatabase=${file('index')}\nserial=${file('serial')}\nnew_certs_dir=${folder}\ndefault_md=sha256\npolicy=p\nx509_extensions=e\n[p]\n[e]\nsubjectAltName=DNS:localhost\n[req]\ndistinguished_name=p\n`,
    );
    const openssl = (...args: string[]): unknown => execFileSync('openssl', args, { stdio: 'ignore' });
    const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', file('key')];
    openssl('req', '-config', file('ca.cnf'), '-new', ...key, '-subj', '/CN=localhost', '-out', file('csr'));
    const dates = ['-startdate', '20200101000000Z', '-enddate', '20210101000000Z'];
    const signing = ['-batch', '-create_serial', '-selfsign', '-keyfile', file('key'), '-in', file('csr')];
    openssl('ca', '-config', file('ca.cnf'), ...dates, ...signing, '-notext', '-out', file('cert'));
    let asked = 0;
    const server = createSecureServer({ key: readFileSync(file('key')), cert: readFileSync(file('cert')) }, () => {
      asked += 1;
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    // a name that is not the loopback's by itself
    const domain = `0.0.0.0:${(server.address() as AddressInfo).port}`;
    mkdirSync(join(folder, domain));
    copyFileSync(file('cert'), join(folder, domain, 'ca.crt'));
    const own = { ...DEFAULT_SETTINGS, timing, certDirectories: [folder] };
    await assert.rejects(
      async () => (await remote(domain, {}, own)).manifest('x', signal),
      /tls: failed to verify certificate: x509: certificate has expired or is not yet valid/,
    );
    assert.equal(asked, 0);
    server.closeAllConnections();
    server.close();
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('tags come page by page, and never from elsewhere', async () => {
  const domain = await serve((request, response) => {
    const url = new URL(request.url ?? '', 'http://x');
    const last = url.searchParams.get('last');
    if (last === null)
      response
        .writeHead(200, { Link: `</v2/some/repo/tags/list?n=2&last=b>; rel="next"` })
        .end('{"name":"some/repo","tags":["a","b"]}');
    else response.writeHead(200, { Link: '<http://evil.example/x>; rel="next"' }).end('{"tags":["c","..",1]}');
  });
  assert.deepEqual(await (await remote(domain)).tags(signal), ['a', 'b', 'c']);
});
