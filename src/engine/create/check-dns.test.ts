import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkDns } from './check-dns.ts';

const none = { Dns: null, DnsSearch: null, DnsOptions: null, ExtraHosts: null };

test('users E10: what is no address of a name server is refused in the words of dockerd', () => {
  // asked of dockerd 28.5
  for (const [server, why] of [
    ['x', 'unable to parse IP'],
    ['', 'unable to parse IP'],
    [' 1.2.3.5', 'unexpected character (at " 1.2.3.5")'],
    ['1.2.3.4:53', 'unexpected character (at ":53")'],
    ['010.1.1.1', 'IPv4 field has octet with leading zero'],
    ['300.1.1.1', 'IPv4 field has value >255'],
    ['1..2.3', 'IPv4 field must have at least one digit (at ".2.3")'],
    ['1.2.3.', 'IPv4 field must have at least one digit (at ".")'],
    ['a.b', 'unexpected character (at "a.b")'],
    ['1.2.3', 'IPv4 address too short'],
    ['1.2.3.4.5', 'IPv4 address too long'],
  ] as const)
    assert.throws(() => checkDns({ ...none, Dns: ['9.9.9.9', server] }), {
      kind: 'invalid',
      message: `bad nameserver address ${server}: ParseAddr("${server}"): ${why}`,
    });
  for (const server of ['1.2.3.4', '::1', 'fe80::1%eth0', '0.0.0.0']) checkDns({ ...none, Dns: [server] });
});

test('users E10: nothing adds a line of its own to files of the container', () => {
  for (const body of [
    { DnsSearch: ['a\nb'] },
    { DnsOptions: ['a\nnameserver 1.1.1.1'] },
    { ExtraHosts: ['a\nb:1.1.1.1'] },
    { ExtraHosts: ['a b:1.1.1.1'] },
    { ExtraHosts: ['a: 1.1.1.1'] },
  ])
    assert.throws(() => checkDns({ ...none, ...body }), { kind: 'invalid' });
  checkDns({
    ...none,
    DnsSearch: ['.', '', 'a.b'],
    DnsOptions: ['ndots:2', ''],
    ExtraHosts: ['a:::1', 'b:host-gateway'],
  });
});
