import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkAddress, endpointsOf, hostCheck, parseHost } from './listen.ts';

const open = { tls: undefined, allowInsecureTcp: false };
const everywhere = parseHost('tcp://0.0.0.0', false);

test('fault A26: TCP without client certificates is for the loopback only, unless somebody insists', () => {
  assert.throws(() => checkAddress(everywhere, open), /gives everybody who can reach it root/);
  assert.throws(() => checkAddress(parseHost('tcp://127.evil.example', false), open), /gives everybody/);
  assert.match(checkAddress(everywhere, { ...open, allowInsecureTcp: true }).join('\n'), /root access on this machine/);
});

test('safety M4: TCP without client certificates is told three times, on the loopback too', () => {
  const warnings = checkAddress(parseHost('tcp://127.0.0.1:2375', false), open);
  assert.equal(warnings.length, 3);
  assert.match(
    warnings.join('\n'),
    /root access.*\n.*even on localhost.*\n.*http:\/\/127.0.0.1:2375 without encryption/,
  );
  const tls = { ca: '', cert: '', key: '', verify: true };
  assert.deepEqual(checkAddress(parseHost('tcp://127.0.0.1:2376', true), { ...open, tls }), []);
  assert.match(
    checkAddress(parseHost('tcp://[::1]', true), { ...open, tls: { ...tls, verify: false } })[2] ?? '',
    /client certificates/,
  );
  assert.deepEqual(checkAddress(parseHost('unix:///x', false), open), []);
});

test('safety L6: a name that a page could have been led here by is refused on every address', () => {
  const passes = (address: string, names: readonly string[]): boolean[] => {
    const check = hostCheck(parseHost(address, false), 'box.example.org');
    return names.map((name) => check?.(name) ?? true);
  };
  const good = [
    'localhost:2375',
    '127.0.0.1',
    '[::1]:2375',
    '10.1.2.3:2375',
    '',
    'dind',
    'docker.local:2375',
    'BOX.example.org.:1',
  ];
  const bad = [
    'evil.example',
    'evil.example:2375',
    'localhost.evil.example',
    '127.0.0.1.nip.io',
    'box.example.org.evil.com',
  ];
  for (const address of ['tcp://127.0.0.1:2375', 'tcp://0.0.0.0:2375', 'tcp://10.1.2.3:2375']) {
    assert.deepEqual(
      passes(address, good),
      good.map(() => true),
      address,
    );
    assert.deepEqual(
      passes(address, bad),
      bad.map(() => false),
      address,
    );
  }
  assert.deepEqual(passes('tcp://docker.example.com:2375', ['docker.example.com:2375', 'example.com']), [true, false]);
});

test('fd:// stands for every passed socket, fd://N for one, and without any the start is refused as by dockerd', () => {
  const passed = new Map([
    [3, { kind: 'unix', path: '/run/a.sock' }],
    [4, { kind: 'tcp', host: '0.0.0.0', port: 2376 }],
  ] as const);
  const first = { kind: 'unix', path: '/run/a.sock', fd: 3 };
  const second = { kind: 'tcp', host: '0.0.0.0', port: 2376, fd: 4 };
  assert.deepEqual(endpointsOf(['fd://'], false, passed), [first, second]);
  assert.deepEqual(endpointsOf(['fd://*', 'fd://3'], false, passed), [first, second]);
  assert.deepEqual(endpointsOf(['fd://4', 'unix:///b'], false, passed), [second, { kind: 'unix', path: '/b' }]);
  assert.throws(() => endpointsOf(['fd://5'], false, passed), /too few socket activated files/);
  assert.throws(() => endpointsOf(['fd://x'], false, passed), /should be a number: x/);
  assert.throws(() => endpointsOf(['fd://'], false, new Map()), /no sockets found via socket activation/);
});

test('safety M4: a TCP socket that was passed is for the loopback only, as one of our own', () => {
  const [address] = endpointsOf(['fd://'], false, new Map([[3, { kind: 'tcp', host: '0.0.0.0', port: 2375 }]]));
  assert.ok(address);
  assert.throws(() => checkAddress(address, open), /gives everybody who can reach it root/);
});
