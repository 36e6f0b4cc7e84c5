// Which host ports are wished, who gets them, and what is refused.
import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { describe, test } from 'node:test';
import { PortAllocator, portMap, type PublishRequest, publishedFrom, wishesOf } from './publish.ts';

const requests = (more: Partial<PublishRequest>): PublishRequest => ({
  exposed: [],
  bindings: {},
  publishAll: false,
  families: [4],
  hostBinding: undefined,
  hostIPv6: false,
  ...more,
});
const addresses = { 4: '10.0.0.2', 6: 'fd00::2' };
/** Of a container that has IPv4 only. */
const without = { 4: '10.0.0.2', 6: '' };
/** Port 80, at one address of the host. */
const at = (HostIp: string, HostPort: string) => wishesOf(requests({ bindings: { '80/tcp': [{ HostIp, HostPort }] } }));

describe('wishes', () => {
  test('one port, a range, any port, all exposed ports', () => {
    const short = (input: PublishRequest): string[] =>
      wishesOf(input).map((one) => `${one.hostAddress} ${one.low}-${one.high} ${one.port}/${one.protocol}`);
    assert.deepEqual(short(requests({ bindings: { '80/tcp': [{ HostIp: '', HostPort: '8080' }] } })), [
      '0.0.0.0 8080-8080 80/tcp',
    ]);
    assert.deepEqual(short(requests({ bindings: { '80/udp': [{ HostIp: '127.0.0.1', HostPort: '8000-8009' }] } })), [
      '127.0.0.1 8000-8009 80/udp',
    ]);
    assert.deepEqual(short(requests({ bindings: { '80': [{ HostIp: '', HostPort: '' }] }, families: [4, 6] })), [
      '0.0.0.0 32768-60999 80/tcp',
      ':: 32768-60999 80/tcp',
    ]);
    assert.deepEqual(short(requests({ exposed: ['90/tcp', '53/udp'], publishAll: true })), [
      '0.0.0.0 32768-60999 53/udp',
      '0.0.0.0 32768-60999 90/tcp',
    ]);
    assert.deepEqual(
      short(requests({ bindings: { '80/tcp': [{ HostIp: '', HostPort: '1' }] }, hostBinding: '127.0.0.1' })),
      ['127.0.0.1 1-1 80/tcp'],
    );
  });

  test('an IPv6 address of the host that is named is published without IPv6 inside, as is `::` where the host has IPv6', () => {
    const led = (HostIp: string, more: Partial<PublishRequest> = {}): string[] =>
      wishesOf(requests({ bindings: { '80/tcp': [{ HostIp, HostPort: '1' }] }, ...more })).map(
        (one) => `${one.hostAddress} to IPv${one.inside}`,
      );
    assert.deepEqual(led('::1'), ['::1 to IPv4']);
    assert.deepEqual(led('::'), [':: to IPv4']);
    assert.deepEqual(led('::1', { families: [4, 6] }), ['::1 to IPv6']);
    assert.deepEqual(led(''), ['0.0.0.0 to IPv4']);
    assert.deepEqual(led('', { hostIPv6: true }), ['0.0.0.0 to IPv4', ':: to IPv4']);
    assert.deepEqual(led('', { hostIPv6: true, families: [4, 6] }), ['0.0.0.0 to IPv4', ':: to IPv6']);
    assert.deepEqual(led('', { hostIPv6: true, routed: [4] }), ['0.0.0.0 to IPv4']);
    assert.deepEqual(led('::1', { routed: [4] }), []);
  });

  test('nonsense is refused', () => {
    assert.throws(() => wishesOf(requests({ bindings: { '80/tcp': [{ HostIp: '', HostPort: '9-3' }] } })), {
      kind: 'invalid',
    });
    assert.throws(() => wishesOf(requests({ bindings: { '80/tcp': [{ HostIp: 'x', HostPort: '9' }] } })), {
      kind: 'invalid',
    });
  });
});

describe('port book', () => {
  const any = wishesOf(requests({ bindings: { '80/tcp': [{ HostIp: '', HostPort: '' }] } }));

  test('gives a free port, refuses it to others, and takes it back', () => {
    const book = new PortAllocator();
    const [first] = book.allocate('a', any, addresses);
    assert.ok(first && first.hostPort >= 32_768);
    const same = wishesOf(
      requests({ bindings: { '81/tcp': [{ HostIp: '127.0.0.1', HostPort: String(first.hostPort) }] } }),
    );
    assert.throws(() => book.allocate('b', same, addresses), {
      message: `Bind for 127.0.0.1:${first.hostPort} failed: port is already allocated`,
    });
    assert.deepEqual(book.of('b'), []);
    book.release('a');
    assert.equal(book.allocate('b', same, addresses).length, 1);
    book.release('b');
  });

  test('a port of another process is refused, in a range the next is taken', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const bound = server.address();
    const port = typeof bound === 'object' && bound ? bound.port : 0;
    const book = new PortAllocator();
    const one = (HostPort: string) => at('127.0.0.1', HostPort);
    assert.throws(() => book.allocate('a', one(String(port)), addresses), {
      message: `failed to bind host port for 127.0.0.1:${port}:10.0.0.2:80/tcp: address already in use`,
    });
    const [next] = book.allocate('a', one(`${port}-${port + 20}`), addresses);
    assert.ok(next && next.hostPort > port);
    book.release('a');
    server.close();
  });

  test('IPv6 of the host for a container without it: held, refused to others, shown, and taken back', () => {
    const book = new PortAllocator();
    const [first] = book.allocate('a', at('::1', ''), without);
    assert.ok(first);
    assert.equal(first.address, '10.0.0.2');
    assert.throws(() => book.allocate('b', at('::', String(first.hostPort)), without), /port is already allocated/);
    const shown = portMap([], [first]);
    assert.deepEqual(shown, { '80/tcp': [{ HostIp: '::1', HostPort: String(first.hostPort) }] });
    assert.equal(publishedFrom(shown, without)[0]?.address, '10.0.0.2');
    book.release('a');
  });

  test('::1 that is lent for localhost goes to who names it', () => {
    const book = new PortAllocator();
    const [first] = book.allocate('a', at('127.0.0.1', ''), without);
    assert.equal(book.allocate('b', at('::1', String(first?.hostPort)), without).length, 1);
    book.release('a');
    book.release('b');
  });

  test('one port of the container twice on one port of the host', () => {
    const book = new PortAllocator();
    const [free] = book.allocate('a', any, addresses);
    book.release('a');
    const HostPort = String(free?.hostPort);
    const twice = (HostIp: string, other: string): PublishRequest =>
      requests({ bindings: { '80/tcp': [{ HostIp, HostPort }], [other]: [{ HostIp, HostPort }] } });
    const same = requests({ bindings: { '80/tcp': [0, 1].map(() => ({ HostIp: '', HostPort })) } });
    assert.throws(() => book.allocate('a', wishesOf(same), addresses), {
      message: 'failed to listen on TCP socket: address already in use',
    });
    assert.throws(() => book.allocate('a', wishesOf(twice('', '81/tcp')), addresses), {
      message: `Bind for 0.0.0.0:${HostPort} failed: port is already allocated`,
    });
  });

  test('all or nothing', () => {
    const book = new PortAllocator();
    const [taken] = book.allocate('a', any, addresses);
    const two = wishesOf(
      requests({
        bindings: {
          '1/tcp': [{ HostIp: '', HostPort: '' }],
          '2/tcp': [{ HostIp: '', HostPort: String(taken?.hostPort) }],
        },
      }),
    );
    assert.throws(() => book.allocate('b', two, addresses));
    assert.deepEqual(book.all().length, 1);
    book.release('a');
  });
});

test('what inspect shows is what a new daemon takes back', () => {
  const ports = {
    '80/tcp': [
      { HostIp: '0.0.0.0', HostPort: '8080' },
      { HostIp: '::', HostPort: '8080' },
    ],
    '99/udp': null,
  };
  const published = publishedFrom(ports, addresses);
  assert.deepEqual(portMap(['99/udp', '80/tcp'], published), ports);
  assert.deepEqual(
    published.map(({ address, hostAddress }) => [address, hostAddress]),
    [
      ['10.0.0.2', undefined],
      ['fd00::2', undefined],
    ],
  );
});

test('a number of a range is taken where it is free over IPv4 and IPv6', async () => {
  const server = createServer().listen(0, '::1');
  await new Promise((resolve) => server.once('listening', resolve));
  const bound = server.address();
  const port = typeof bound === 'object' && bound ? bound.port : 0;
  const book = new PortAllocator();
  const any = (HostPort: string) =>
    wishesOf(requests({ bindings: { '80/tcp': [{ HostIp: '', HostPort }] }, hostIPv6: true }));
  assert.throws(() => book.allocate('a', any(String(port)), without), {
    message: `failed to bind host port for [::]:${port}:10.0.0.2:80/tcp: address already in use`,
  });
  const both = book.allocate('a', any(`${port}-${port + 20}`), without);
  assert.ok(both[0] && both[0].hostPort > port);
  assert.deepEqual(
    both.map((one) => `${one.shownAddress} ${one.hostPort}`),
    [`0.0.0.0 ${both[0].hostPort}`, `:: ${both[0].hostPort}`],
  );
  book.release('a');
  server.close();
});
