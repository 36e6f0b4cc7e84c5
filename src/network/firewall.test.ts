// The text of the tables, golden: one network open to the world, one internal, ports of both kinds.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type BridgeRules, firewallText, type PublishRule, removeText, switchText } from './firewall.ts';

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
  members: [
    { link: 'bv1', addresses: [{ family: 4, address: '10.1.0.2' }] },
    { link: 'bv2', addresses: [{ family: 4, address: '10.1.0.3' }] },
  ],
};
const closed: BridgeRules = {
  bridge: 'br-closed',
  subnets: [{ family: 4, block: '10.2.0.0/24', mode: 'nat', source: undefined }],
  internal: true,
  icc: false,
  masquerade: true,
  trusted: [],
  members: [],
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

test('nothing to do is a table that lets everything pass', () => {
  assert.equal(
    firewallText({ table: 't', bridges: [], published: [] }),
    `add table inet t
delete table inet t
table inet t {
  chain guard {
    type filter hook prerouting priority raw; policy accept;
  }
  chain prerouting {
    type nat hook prerouting priority dstnat; policy accept;
  }
  chain output {
    type nat hook output priority -100; policy accept;
  }
  chain postrouting {
    type nat hook postrouting priority srcnat; policy accept;
  }
  chain forward {
    type filter hook forward priority filter; policy accept;
  }
}
`,
  );
});

test('two networks and three ports', () => {
  const published = [
    publish({}),
    publish({ hostAddress: '127.0.0.1', protocol: 'udp', hostPort: 53 }),
    publish({ family: 6, address: 'fd00:1::2' }),
  ];
  assert.equal(
    firewallText({ table: 't', bridges: [open, closed], published }),
    `add table inet t
delete table inet t
table inet t {
  map bound4 {
    type ipv4_addr . inet_proto . inet_service : ipv4_addr . inet_service
    elements = { 127.0.0.1 . udp . 53 : 10.1.0.2 . 80 }
  }
  map open4 {
    type inet_proto . inet_service : ipv4_addr . inet_service
    elements = { tcp . 8080 : 10.1.0.2 . 80 }
  }
  map open6 {
    type inet_proto . inet_service : ipv6_addr . inet_service
    elements = { tcp . 8080 : fd00:1::2 . 80 }
  }
  chain guard {
    type filter hook prerouting priority raw; policy accept;
    iifname { "br-open", "br-closed" } ip daddr 127.0.0.0/8 drop
  }
  chain prerouting {
    type nat hook prerouting priority dstnat; policy accept;
    ip daddr 127.0.0.0/8 accept
    ip6 daddr ::1 accept
    fib daddr type local meta nfproto ipv4 dnat ip to ip daddr . meta l4proto . th dport map @bound4
    fib daddr type local meta nfproto ipv4 dnat ip to meta l4proto . th dport map @open4
    fib daddr type local meta nfproto ipv6 dnat ip6 to meta l4proto . th dport map @open6
  }
  chain output {
    type nat hook output priority -100; policy accept;
    ip6 daddr ::1 accept
    fib daddr type local meta nfproto ipv4 dnat ip to ip daddr . meta l4proto . th dport map @bound4
    fib daddr type local meta nfproto ipv4 dnat ip to meta l4proto . th dport map @open4
    fib daddr type local meta nfproto ipv6 dnat ip6 to meta l4proto . th dport map @open6
  }
  chain postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    oifname != "br-open" ip saddr 10.1.0.0/24 masquerade
    oifname != "br-open" ip6 saddr fd00:1::/64 masquerade
    oifname "br-open" ip saddr 127.0.0.0/8 masquerade
    oifname "br-open" ip saddr 10.1.0.0/24 ct status dnat masquerade
    oifname "br-open" ip6 saddr fd00:1::/64 ct status dnat masquerade
  }
  chain forward {
    type filter hook forward priority filter; policy accept;
    iifname . oifname { "br-open" . "br-open" } accept
    iifname . oifname { "br-closed" . "br-closed" } ct state established,related accept
    iifname . oifname { "br-closed" . "br-closed" } ct status dnat accept
    iifname . oifname { "br-closed" . "br-closed" } drop
    iifname { "br-closed" } drop
    oifname { "br-closed" } drop
    oifname { "br-open", "br-closed" } ct state established,related accept
    oifname { "br-open", "br-closed" } ct status dnat accept
    oifname { "br-open", "br-closed" } drop
    iifname { "br-open", "br-closed" } accept
  }
}
`,
  );
});

test('packets between members are carried only where members may talk', () => {
  assert.equal(
    switchText({ table: 't', bridges: [open, closed] }),
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
  assert.equal(switchText({ table: 't', bridges: [closed] }), 'add table netdev t\ndelete table netdev t\n');
});

test('removal names only what is ours', () => {
  assert.equal(removeText('t'), 'add table inet t\ndelete table inet t\nadd table netdev t\ndelete table netdev t\n');
});
