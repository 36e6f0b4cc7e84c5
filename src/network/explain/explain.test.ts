import assert from 'node:assert/strict';
import { test } from 'node:test';
import { explain } from './explain.ts';
import { exposures } from './exposure.ts';
import type { Elsewhere, HostFacts, Origin, Peer, Place } from './facts.ts';
import { parseRuleset, verdictAt } from '../firewall/ruleset.ts';
import { listenersIn, withoutResolver } from './sockets.ts';

const place = (network: string, address: string, more: Partial<Place> = {}): Place => ({
  network,
  bridge: `br-${network}`,
  internal: false,
  icc: true,
  addresses: [address],
  names: [],
  ...more,
});

const peer = (name: string, more: Partial<Peer> = {}): Peer => ({
  id: name.repeat(12).slice(0, 12),
  name,
  phase: 'running',
  exitCode: 0,
  onHost: false,
  alone: false,
  places: [place('app', '172.18.0.2')],
  published: [],
  listeners: [],
  ...more,
});

const published = (hostAddress: string, hostPort: number, port: number): Peer['published'][number] => ({
  family: 4,
  protocol: 'tcp',
  hostAddress: hostAddress === '0.0.0.0' ? undefined : hostAddress,
  shownAddress: hostAddress,
  hostPort,
  address: '172.18.0.3',
  port,
});

const open: HostFacts = { rules: [], uplink: 'eth0', respectsFirewall: false };
const client: Origin = { kind: 'container', peer: peer('client') };
const web = (address: string, more: Partial<Peer> = {}): Peer =>
  peer('web', {
    places: [place('app', '172.18.0.3')],
    listeners: [{ protocol: 'tcp', address, port: 80 }],
    ...more,
  });

function reason(origin: Origin, target: Peer | undefined, port = 80, host = open): string {
  const { reachable, reason: text } = explain({ origin, to: 'web', target, port, protocol: 'tcp' }, host);
  return `${reachable ? 'yes' : 'no'}: ${text.replace(/^yes: /, '')}`;
}

test('between containers: the one line that tells', () => {
  assert.equal(reason(client, web('0.0.0.0')), 'yes: web answers on tcp port 80');
  assert.equal(reason(client, web('::')), 'yes: web answers on tcp port 80');
  assert.equal(reason(client, web('172.18.0.3')), 'yes: web answers on tcp port 80');
  assert.equal(reason(client, web('127.0.0.1')), 'no: web listens only on 127.0.0.1');
  assert.equal(reason(client, web('10.9.9.9')), 'no: web listens only on 10.9.9.9');
  assert.equal(reason(client, web('0.0.0.0'), 81), 'no: nothing in web listens on port 81; it listens on 80');
  assert.equal(reason(client, web('0.0.0.0', { listeners: [] })), 'no: nothing in web listens on tcp port 80');
  assert.equal(reason(client, undefined), 'no: there is no container that is called web');
  assert.equal(
    reason(client, web('::', { phase: 'exited', exitCode: 3 })),
    'no: web is not running: it ended with code 3',
  );
  assert.equal(reason(client, web('::', { phase: 'paused' })), 'no: web is paused');
  assert.equal(
    reason(client, web('::', { places: [place('db', '172.19.0.3')] })),
    'no: no network in common: client is on app, web on db',
  );
  assert.equal(
    reason(client, web('::', { places: [place('app', '172.18.0.3', { icc: false })] })),
    'no: refused by rule: containers on app do not reach each other (com.docker.network.bridge.enable_icc=false)',
  );
  assert.equal(reason(client, web('::', { alone: true, places: [] })), 'no: web has no network (--network none)');
  const self: Origin = { kind: 'container', peer: web('127.0.0.1') };
  assert.equal(reason(self, web('127.0.0.1')), 'yes: web answers on tcp port 80');
});

test('from the host and from outside: published ports', () => {
  const all = web('0.0.0.0', { published: [published('0.0.0.0', 8080, 80)] });
  const local = web('0.0.0.0', { published: [published('127.0.0.1', 8080, 80)] });
  for (const kind of ['host', 'outside'] as const) {
    assert.equal(reason({ kind }, all, 8080), 'yes: web answers on tcp port 80');
    assert.equal(reason({ kind }, all, 80), "no: web's port 80 is published on 8080, not 80");
    assert.equal(reason({ kind }, web('0.0.0.0'), 80), 'no: web publishes no port');
    assert.equal(reason({ kind }, all, 99), 'no: web does not publish port 99; it has 8080 -> 80/tcp');
  }
  assert.equal(reason({ kind: 'host' }, local, 8080), 'yes: web answers on tcp port 80');
  assert.equal(
    reason({ kind: 'outside' }, local, 8080),
    'no: published on 127.0.0.1 only, which other machines do not reach',
  );
  const deaf = web('127.0.0.1', { published: [published('0.0.0.0', 8080, 80)] });
  assert.equal(reason({ kind: 'host' }, deaf, 8080), 'no: web listens only on 127.0.0.1');
});

const RULES = `table inet filter {
	set allowed {
		type inet_service
		elements = { 22, 443,
			     8443 }
	}

	chain input {
		type filter hook input priority filter; policy drop;
		ct state established,related accept
		iifname "lo" accept
		tcp dport { 8000-8010 } counter packets 7 bytes 9 accept
		tcp dport @allowed accept
		ip saddr 10.0.0.0/8 tcp dport 5432 accept
		tcp dport 99 jump extra
		icmp type echo-request accept
		reject with icmpx admin-prohibited
	}

	chain extra {
		log prefix "x: y"
		drop
	}
}
table ip filter {
	chain INPUT {
		type filter hook input priority filter; policy accept;
		meta l4proto tcp tcp dport { 8001, 9 }  counter drop
	}
	chain FORWARD {
		type filter hook forward priority filter; policy drop;
		oifname "docker0" accept
	}
}
`;

test('a ruleset: what the first packet of a connection meets', () => {
  const tables = parseRuleset(RULES);
  assert.deepEqual(
    tables.map(({ family, name, chains, sets }) => [family, name, chains.length, sets.length]),
    [
      ['inet', 'filter', 2, 1],
      ['ip', 'filter', 2, 0],
    ],
  );
  const input = (port: number, protocol = 'tcp', from = 'eth0') =>
    verdictAt(tables, 'input', { family: 4, protocol, port, from });
  assert.equal(input(8000).accepted, true);
  assert.equal(input(8443).accepted, true);
  assert.equal(input(80).by, 'table inet filter, chain input: reject with icmpx admin-prohibited');
  assert.equal(input(80, 'tcp', 'lo').accepted, true);
  assert.equal(input(99).by, 'table inet filter, chain extra: drop');
  assert.equal(input(443, 'udp').accepted, false);
  assert.match(input(8001).by ?? '', /table ip filter, chain INPUT: .*drop/);
  assert.deepEqual(input(5432).except, ['input: ip saddr 10.0.0.0/8 tcp dport 5432 accept']);
  const forward = verdictAt(tables, 'forward', { family: 4, protocol: 'tcp', port: 80, from: 'eth0', to: 'br-app' });
  assert.equal(forward.by, 'table ip filter, chain FORWARD: policy drop');
});

test('a firewall of the host: what it stops, and where it is bypassed', () => {
  const rules = parseRuleset(RULES.replaceAll('oifname "docker0" accept', 'accept'));
  const host: HostFacts = { rules, uplink: 'eth0', respectsFirewall: false };
  const all = web('0.0.0.0', {
    published: [8000, 8080, 5432].map((port) => published('0.0.0.0', port, 80)).concat(published('127.0.0.1', 81, 80)),
  });
  assert.deepEqual(
    exposures([all], host).map(({ hostPort, reachableBy, warning = '' }) => `${hostPort} ${reachableBy}; ${warning}`),
    [
      '81 this host; ',
      '5432 everybody; the host firewall is bypassed: table inet filter, chain input: reject with icmpx admin-prohibited would let in some only',
      '8000 everybody; ',
      '8080 everybody; the host firewall is bypassed: table inet filter, chain input: reject with icmpx admin-prohibited would refuse it',
    ],
  );
  const strict = { ...host, respectsFirewall: true };
  assert.deepEqual(
    exposures([all], strict).map(({ hostPort, reachableBy }) => `${hostPort} ${reachableBy}`),
    ['81 this host', '5432 whom the host firewall lets in', '8000 everybody', '8080 this host'],
  );
  assert.equal(
    reason({ kind: 'outside' }, all, 8080, strict),
    'no: refused by rule: table inet filter, chain input: reject with icmpx admin-prohibited',
  );
  assert.equal(
    reason({ kind: 'outside' }, all, 8000, { ...host, rules: parseRuleset(RULES) }),
    'no: refused by rule: table ip filter, chain FORWARD: policy drop (every address of the host)',
  );
});

test('sockets of a namespace', () => {
  const text = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1
   1: 020012AC:0050 030012AC:C350 01 00000000:00000000 00:00000000 00000000     0        0 2
   2: nonsense
`;
  assert.deepEqual(listenersIn('tcp', text), [{ protocol: 'tcp', address: '127.0.0.1', port: 8080 }]);
  const six = (hex: string): string =>
    listenersIn('tcp6', `\n 0: ${hex}:0050 ${'0'.repeat(32)}:0000 0A`)[0]?.address ?? '';
  assert.equal(six('00000000000000000000000000000000'), '::');
  assert.equal(six('00000000000000000000000001000000'), '::1');
  assert.equal(six('0000000000000000FFFF00000100007F'), '127.0.0.1');
  assert.equal(six('B80D0120000000000000000003000000'), '2001:db8::3');
});

test('rules at every hook on the way to a published port, before and after it is translated', () => {
  const chain = (head: string, rule: string, table = 'inet fw'): HostFacts => ({
    ...open,
    rules: parseRuleset(
      `table ${table} {\n\tchain c {\n\t\ttype filter ${head}; policy accept;\n\t\t${rule}\n\t}\n}\n`,
    ),
  });
  const target = web('0.0.0.0', { published: [published('0.0.0.0', 8080, 80)] });
  const said = (host: HostFacts): string[] => [
    reason({ kind: 'outside' }, target, 8080, host).replace(/: .*/, ''),
    ...exposures([target], host).map(({ reachableBy }) => reachableBy),
  ];
  const [reached, refused] = [
    ['yes', 'everybody'],
    ['no', 'this host'],
  ];
  assert.deepEqual(said(chain('hook prerouting priority raw', 'tcp dport 8080 drop')), refused);
  assert.deepEqual(said(chain('hook prerouting priority raw', 'tcp dport 80 drop')), reached);
  assert.deepEqual(said(chain('hook prerouting priority dstnat + 5', 'tcp dport 80 drop')), refused);
  assert.deepEqual(said(chain('hook prerouting priority -99', 'tcp dport 8080 drop')), reached);
  assert.deepEqual(said(chain('hook forward priority filter', 'tcp dport 80 drop')), refused);
  assert.deepEqual(said(chain('hook forward priority filter', 'ct status dnat drop')), refused);
  assert.deepEqual(said(chain('hook postrouting priority filter', 'oifname "br-app" drop')), refused);
  const early = 'priority filter';
  assert.deepEqual(said(chain(`hook ingress device "eth0" ${early}`, 'tcp dport 8080 drop', 'netdev fw')), refused);
  assert.deepEqual(said(chain(`hook ingress devices = { "eth1", "eth0" } ${early}`, 'drop', 'netdev fw')), refused);
  assert.deepEqual(said(chain(`hook ingress device "eth1" ${early}`, 'tcp dport 8080 drop', 'netdev fw')), reached);
  const copied = { ...published('::', 8080, 80), family: 6 as const };
  const over = (host: HostFacts): string =>
    exposures([web('0.0.0.0', { published: [copied] })], host)
      .map(({ reachableBy, warning = '' }) => reachableBy + warning)
      .join('');
  assert.equal(over(chain('hook input priority filter', 'tcp dport 8080 drop')), 'this host');
  assert.equal(over(chain('hook forward priority filter', 'tcp dport 80 drop')), 'everybody');
  // policy drop, and the daemon's own rule against it in another program's words
  const own = parseRuleset(
    'table ip filter {\n\tchain FORWARD {\n\t\ttype filter hook forward priority filter; policy drop;\n\t\toifname "br-app" xt match "conntrack" comment "berth_1" accept\n\t}\n}\n',
  );
  assert.deepEqual(said({ ...open, rules: own }), reached);
});

test('containers that are kept apart are sent to the address of the host only where that leads on', () => {
  const apart = [place('app', '172.18.0.3', { icc: false })];
  const target = web('::', { places: apart, published: [published('0.0.0.0', 8080, 80)] });
  const hint = (bridgedFiltered: boolean): string | undefined =>
    explain({ origin: client, to: 'web', target, port: 80, protocol: 'tcp' }, { ...open, bridgedFiltered }).hint;
  assert.equal(hint(false), 'published ports are open to them by the address of the host');
  assert.equal(hint(true), undefined);
});

const elsewhere = (origin: Origin, to: string, port: number, there: Elsewhere, host = open): string => {
  const { reachable, reason: text } = explain(
    { origin, to, target: undefined, elsewhere: there, port, protocol: 'tcp' },
    host,
  );
  return `${reachable ? 'yes' : 'no'}: ${text.replace(/^yes: /, '')}`;
};

test('to the host: what is published at its addresses, or a program of its own', () => {
  const open80 = web('0.0.0.0', { published: [published('0.0.0.0', 8080, 80), published('127.0.0.1', 8081, 80)] });
  const here = (address?: string): Elsewhere => ({
    kind: 'host',
    address,
    peers: [open80],
    listeners: [
      { protocol: 'tcp', address: '0.0.0.0', port: 22 },
      { protocol: 'tcp', address: '127.0.0.1', port: 631 },
    ],
  });
  const outside: Origin = { kind: 'outside' };
  assert.equal(elsewhere(client, 'host', 8080, here()), 'yes: web answers on tcp port 80');
  assert.equal(elsewhere(outside, '10.0.0.1', 8080, here('10.0.0.1')), 'yes: web answers on tcp port 80');
  assert.match(
    elsewhere(outside, 'fd00::1', 8080, here('fd00::1')),
    /^no: no container publishes port 8080 of this host at fd00::1/,
  );
  assert.equal(
    elsewhere(client, 'host', 8081, here()),
    'no: published on 127.0.0.1 only, which a container does not reach',
  );
  assert.equal(elsewhere({ kind: 'host' }, '127.0.0.1', 8081, here('127.0.0.1')), 'yes: web answers on tcp port 80');
  assert.equal(elsewhere(client, 'host', 22, here()), 'yes: a program of this host answers on tcp port 22');
  assert.match(elsewhere(client, 'host', 631, here()), /^no: no container publishes port 631/);
  const sealed: Origin = {
    kind: 'container',
    peer: peer('client', { places: [place('in', '172.20.0.2', { internal: true })] }),
  };
  assert.equal(
    elsewhere(sealed, 'host', 8080, here()),
    'no: client has no way to this host: its networks are internal',
  );
  const apart: Origin = {
    kind: 'container',
    peer: peer('client', { places: [place('app', '172.18.0.2', { icc: false })] }),
  };
  const kept = { ...open80, places: [place('app', '172.18.0.3', { icc: false })] };
  const led = (bridgedFiltered: boolean): string =>
    elsewhere(apart, 'host', 8080, { ...here(), peers: [kept] } as Elsewhere, { ...open, bridgedFiltered });
  assert.equal(led(false), 'yes: web answers on tcp port 80');
  assert.match(led(true), /^no: refused by rule: containers on app/);
});

test('out into the world: whether there is a way, and over what', () => {
  const way = { place: place('app', '172.18.0.2'), gateway: '172.18.0.1' };
  const away = (more: Partial<Extract<Elsewhere, { kind: 'address' }>> = {}): Elsewhere => ({
    kind: 'address',
    family: 4,
    near: undefined,
    way,
    ...more,
  });
  assert.match(
    elsewhere(client, '1.1.1.1', 53, away()),
    /^yes: client gets out to 1\.1\.1\.1 over app, 172\.18\.0\.1 and this host \(eth0\)/,
  );
  assert.equal(elsewhere(client, '1.1.1.1', 53, away({ way: undefined })), 'no: client has no way out over IPv4');
  assert.match(
    elsewhere(client, '172.18.0.9', 80, away({ near: way.place })),
    /^no: no container has the address 172\.18\.0\.9/,
  );
  assert.match(elsewhere({ kind: 'outside' }, '1.1.1.1', 53, away()), /^no: 1\.1\.1\.1 is no address of a container/);
  const rules = parseRuleset(
    'table inet fw {\n\tchain fwd {\n\t\ttype filter hook forward priority filter; policy accept;\n\t\ttcp dport 53 drop\n\t}\n}\n',
  );
  assert.match(
    elsewhere(client, '1.1.1.1', 53, away(), { ...open, rules }),
    /^no: refused by rule: table inet fw, chain fwd/,
  );
});

test('the port of the host, asked for inside', () => {
  const target = web('0.0.0.0', { published: [published('0.0.0.0', 8081, 80)] });
  assert.equal(
    reason({ kind: 'container', peer: target }, target, 8081),
    "no: web's port 80 is published on port 8081 of the host; inside it is 80, not 8081",
  );
});

test('macvlan: neighbours on the wire reach it as they reach each other, this host does not', () => {
  const wire = { parent: 'eth0', mode: 'bridge' };
  const on = (mode: string): Peer =>
    web('0.0.0.0', { places: [place('lan', '10.1.0.3', { bridge: '', wire: { ...wire, mode } })] });
  const near: Origin = { kind: 'container', peer: peer('client', { places: on('bridge').places }) };
  assert.equal(reason(near, on('bridge')), 'yes: web answers on tcp port 80');
  assert.equal(reason(near, on('private')), 'no: containers on lan do not reach each other (macvlan_mode=private)');
  assert.equal(reason(client, on('bridge')), 'no: no network in common: client is on app, web on lan');
  assert.equal(reason({ kind: 'outside' }, on('bridge')), 'yes: web answers on tcp port 80');
  assert.match(reason({ kind: 'host' }, on('bridge')), /^no: lan is a macvlan network: the kernel lets nothing pass/);
});

test('the resolver that the daemon has in a namespace is nobody of the container’s', () => {
  const text = 'head\n 0: 0B00007F:AEB3 00000000:0000 0A 0 0\n 1: 00000000:0050 00000000:0000 0A 0 0\n';
  assert.deepEqual(withoutResolver(listenersIn('tcp', text)), [{ protocol: 'tcp', address: '0.0.0.0', port: 80 }]);
});
