import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkAddress, hostCheck, parseHost } from './listen.ts';

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
