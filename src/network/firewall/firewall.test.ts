// The table's text, golden, and what of it changes: one network open to the world, one internal, ports of both kinds.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { changesOf, elementText } from './elements.ts';
import {
  type BridgeRules,
  carryText,
  elementsOfBridge,
  elementsOfPorts,
  firewallText,
  type PublishRule,
  removeText,
} from './firewall.ts';

const open: BridgeRules = {
  bridge: 'br-open',
  subnets: [
    { family: 4, block: '10.1.0.0/24', mode: 'nat', source: undefined },
    { family: 6, block: 'fd00:1::/64', mode: 'nat', source: undefined },
  ],
  internal: false,
  icc: true,
  masquerade: true,
  trusted: [],
};
const closed: BridgeRules = {
  bridge: 'br-closed',
  subnets: [{ family: 4, block: '10.2.0.0/24', mode: 'nat', source: undefined }],
  internal: true,
  icc: false,
  masquerade: true,
  trusted: [],
};
const publish = (more: Partial<PublishRule>): PublishRule => ({
  family: 4,
  protocol: 'tcp',
  hostAddress: undefined,
  hostPort: 8080,
  address: '10.1.0.2',
  port: 80,
  ...more,
});

test('a table without networks has all its rules, and nothing to apply them to', () => {
  assert.equal(
    firewallText('t', [], 'told_1').replace(/.* \{\n {4}type [^;]*\n( {4}flags interval\n)? {2}\}\n/g, ''),
    `add table inet t
delete table inet t
table inet t {
  chain guard {
    type filter hook prerouting priority raw; policy accept;
    ip daddr 127.0.0.0/8 iifname @bridges drop
  }
  chain prerouting {
    type nat hook prerouting priority dstnat; policy accept;
    ip daddr 127.0.0.0/8 accept
    ip6 daddr ::1 accept
    fib daddr type local meta nfproto ipv4 dnat ip to ip daddr . meta l4proto . th dport map @bound4
    fib daddr type local meta nfproto ipv4 dnat ip to meta l4proto . th dport map @open4
    fib daddr type local meta nfproto ipv6 dnat ip6 to ip6 daddr . meta l4proto . th dport map @bound6
    fib daddr type local meta nfproto ipv6 dnat ip6 to meta l4proto . th dport map @open6
  }
  chain output {
    type nat hook output priority -100; policy accept;
    ip6 daddr ::1 accept
    fib daddr type local meta nfproto ipv4 dnat ip to ip daddr . meta l4proto . th dport map @bound4
    fib daddr type local meta nfproto ipv4 dnat ip to meta l4proto . th dport map @open4
    fib daddr type local meta nfproto ipv6 dnat ip6 to ip6 daddr . meta l4proto . th dport map @bound6
    fib daddr type local meta nfproto ipv6 dnat ip6 to meta l4proto . th dport map @open6
  }
  chain postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    oifname @outward ip saddr 127.0.0.0/8 masquerade
    oifname . ip saddr @home4 ct status dnat masquerade
    oifname . ip6 saddr @home6 ct status dnat masquerade
    oifname . ip saddr @home4 accept
    oifname . ip6 saddr @home6 accept
    ip saddr @hidden4 masquerade
    ip6 saddr @hidden6 masquerade
    snat ip to ip saddr map @source4
    snat ip6 to ip6 saddr map @source6
  }
  chain apart {
    ct state established,related accept
    ct status dnat accept
    drop
  }
  chain entering {
    ct state established,related accept
    ct status dnat accept
    oifname @routed4 ip daddr . meta l4proto . th dport @direct4 accept
    oifname @routed4 meta nfproto ipv4 meta l4proto 1 accept
    oifname @unprotected4 meta nfproto ipv4 accept
    iifname . oifname @trusted ip daddr . meta l4proto . th dport @direct4 accept
    oifname @routed6 ip6 daddr . meta l4proto . th dport @direct6 accept
    oifname @routed6 meta nfproto ipv6 meta l4proto 58 accept
    oifname @unprotected6 meta nfproto ipv6 accept
    iifname . oifname @trusted ip6 daddr . meta l4proto . th dport @direct6 accept
    drop
  }
  chain forward {
    type filter hook forward priority filter; policy accept;
    iifname . oifname vmap @between
    iifname vmap @coming
    oifname vmap @going
  }
  chain told_1 {
  }
}
`,
  );
});

const lines = (elements: ReturnType<typeof elementsOfBridge>): string => elements.map(elementText).join('\n');

test('what the table says of an open network, an internal one, and one with options', () => {
  assert.equal(
    lines(elementsOfBridge(open)),
    `bridges "br-open"
between "br-open" . "br-open" : accept
outward "br-open"
going "br-open" : jump entering
home4 "br-open" . 10.1.0.0/24
home6 "br-open" . fd00:1::/64
hidden4 10.1.0.0/24
hidden6 fd00:1::/64`,
  );
  assert.equal(
    lines(elementsOfBridge(closed)),
    `bridges "br-closed"
between "br-closed" . "br-closed" : jump apart
coming "br-closed" : drop
going "br-closed" : drop`,
  );
  const [four, six] = open.subnets;
  const subnets = [
    { ...(four as NonNullable<typeof four>), source: '192.0.2.1' },
    { ...(six as NonNullable<typeof six>), mode: 'routed' as const },
  ];
  assert.equal(
    lines(elementsOfBridge({ ...open, subnets, trusted: ['eth1'] })),
    `bridges "br-open"
between "br-open" . "br-open" : accept
outward "br-open"
going "br-open" : jump entering
home4 "br-open" . 10.1.0.0/24
home6 "br-open" . fd00:1::/64
source4 10.1.0.0/24 : 192.0.2.1
routed6 "br-open"
trusted "eth1" . "br-open"`,
  );
});

test('what the table says of ports, each once, and how it changes', () => {
  const published = [
    publish({}),
    publish({ hostPort: 8081 }),
    publish({ hostAddress: '127.0.0.1', protocol: 'udp', hostPort: 53 }),
    publish({ family: 6, address: 'fd00:1::2' }),
    publish({ family: 6, address: 'fd00:1::2', hostAddress: '::1', hostPort: 81 }),
  ];
  const elements = elementsOfPorts(published);
  assert.equal(
    lines(elements),
    `direct4 10.1.0.2 . tcp . 80
open4 tcp . 8080 : 10.1.0.2 . 80
open4 tcp . 8081 : 10.1.0.2 . 80
direct4 10.1.0.2 . udp . 80
bound4 127.0.0.1 . udp . 53 : 10.1.0.2 . 80
direct6 fd00:1::2 . tcp . 80
open6 tcp . 8080 : fd00:1::2 . 80`,
  );
  assert.match(
    firewallText('t', elements, 'told_1'),
    /  map open4 \{\n    type inet_proto \. inet_service : ipv4_addr \. inet_service\n    elements = \{ tcp \. 8080 : 10\.1\.0\.2 \. 80, tcp \. 8081 : 10\.1\.0\.2 \. 80 \}\n  \}\n/,
  );
  const { remove, add } = changesOf(elements, elementsOfPorts([publish({ port: 81 })]));
  assert.deepEqual(remove, elements);
  assert.equal(lines(add), 'direct4 10.1.0.2 . tcp . 81\nopen4 tcp . 8080 : 10.1.0.2 . 81');
});

test('packets between members are carried where there are several', () => {
  const members = [
    { link: 'bv1', addresses: [{ family: 4 as const, address: '10.1.0.2' }] },
    { link: 'bv2', addresses: [{ family: 4 as const, address: '10.1.0.3' }] },
  ];
  assert.equal(
    carryText('t', [{ members }, { members: members.slice(0, 1) }]),
    `add table netdev t
delete table netdev t
table netdev t {
  chain net0 {
    type filter hook ingress devices = { "bv1", "bv2" } priority filter; policy accept;
    fwd to ip daddr map { 10.1.0.2 : "bv1", 10.1.0.3 : "bv2" }
  }
}
`,
  );
  assert.equal(carryText('t', []), 'add table netdev t\ndelete table netdev t\n');
});

test('removal names only what is ours', () => {
  const tables = ['inet t', 'netdev t', 'inet t_mesh'];
  assert.equal(removeText('t'), tables.map((table) => `add table ${table}\ndelete table ${table}\n`).join(''));
});
