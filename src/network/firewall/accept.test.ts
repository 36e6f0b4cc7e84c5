// Accept rules in others' chains: read as their programs print them, planned by their text, nothing to do a second time.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { forwardChains, markedLines, readRules } from '../../host/forward-filter.ts';
import { type AcceptBridge, acceptText, type ForwardChain, planAccepts } from './accept.ts';

const front: AcceptBridge = { bridge: 'br-a', families: [4, 6], internal: false };
const back: AcceptBridge = { bridge: 'br-b', families: [4], internal: true };
const iptables = (text: string): ForwardChain => ({
  via: 'iptables',
  family: 'ip',
  table: 'filter',
  name: 'FORWARD',
  ...readRules(text, 'berth_1'),
});
const nft = (drops: boolean, text: string): ForwardChain => ({
  via: 'nft',
  family: 'inet',
  table: 'fw',
  name: 'forward',
  drops,
  own: markedLines(text, 'berth_1'),
});

test('a policy that drops is answered for each bridge, one that accepts is not', () => {
  assert.equal(
    acceptText(planAccepts([iptables('-P FORWARD DROP\n'), nft(false, '')], [front, back], 'berth_1')),
    `iptables ip filter FORWARD + -i br-a -m comment --comment berth_1 -j ACCEPT
iptables ip filter FORWARD + -o br-a -m conntrack --ctstate RELATED,ESTABLISHED,DNAT -m comment --comment berth_1 -j ACCEPT
iptables ip filter FORWARD + -i br-b -o br-b -m comment --comment berth_1 -j ACCEPT`,
  );
  assert.equal(
    acceptText(planAccepts([nft(true, '')], [front], 'berth_1')),
    `nft inet fw forward + iifname "br-a" accept comment "berth_1"
nft inet fw forward + oifname "br-a" ct state established,related accept comment "berth_1"
nft inet fw forward + oifname "br-a" ct status dnat accept comment "berth_1"`,
  );
});

test('what is there is left, however it is printed; what is too much, doubled or of a bridge that went is taken out', () => {
  const listed = `-P FORWARD DROP
-A FORWARD -j DOCKER-USER
-A FORWARD -i br-a -m comment --comment berth_1 -j ACCEPT
-A FORWARD -i br-a -m comment --comment "berth_1" -j ACCEPT
-A FORWARD -i br-a -m comment --comment berth_12 -j ACCEPT
-A FORWARD -o br-a -m conntrack --ctstate DNAT,RELATED,ESTABLISHED -m comment --comment berth_1 -j ACCEPT
-A FORWARD -i br-gone -m comment --comment berth_1 -j ACCEPT
`;
  assert.equal(
    acceptText(planAccepts([iptables(listed)], [front], 'berth_1')),
    `iptables ip filter FORWARD - -i br-a -m comment --comment "berth_1" -j ACCEPT
iptables ip filter FORWARD - -i br-gone -m comment --comment berth_1 -j ACCEPT`,
  );
  const chain = `table inet fw {
	chain forward { # handle 1
		type filter hook forward priority filter; policy drop;
		iifname "br-a" accept comment "berth_1" # handle 4
		iifname "br-a" accept comment "theirs" # handle 5
		oifname "br-a" ct state { established, related } accept comment "berth_1" # handle 6
		oifname "br-a" ct status dnat accept comment "berth_1" # handle 7
	}
}
`;
  assert.deepEqual(planAccepts([nft(true, chain)], [front], 'berth_1'), []);
  assert.deepEqual(
    planAccepts([nft(false, chain)], [front], 'berth_1').flatMap(({ remove }) => remove.map(({ handle }) => handle)),
    ['4', '6', '7'],
  );
});

test('chains of the forward hook out of all chains', () => {
  const text = `table ip filter {
	chain INPUT {
		type filter hook input priority filter; policy drop;
	}
	chain FORWARD {
		type filter hook forward priority filter; policy drop;
	}
}
table inet fw {
	chain forward {
		type filter hook forward priority filter + 10; policy accept;
	}
}
`;
  assert.deepEqual(forwardChains(text), [
    { family: 'ip', table: 'filter', name: 'FORWARD', drops: true },
    { family: 'inet', table: 'fw', name: 'forward', drops: false },
  ]);
});
