import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseRuleset } from './ruleset.ts';
import { closedText, inputTables } from './input-policy.ts';

const HOST = parseRuleset(`table ip filter {
	set friends {
		type ipv4_addr
		elements = { 10.0.0.9 }
	}
	chain INPUT {
		type filter hook input priority filter; policy drop;
		ip saddr @friends accept
		jump more
	}
	chain FORWARD {
		type filter hook forward priority filter; policy drop;
	}
	chain more {
		tcp dport 22 accept
	}
}
table ip nat {
	chain OUTPUT {
		type nat hook output priority -100; policy accept;
	}
}
`);

const rule = (hostPort: number, hostAddress?: string) =>
  ({ family: 4, protocol: 'tcp', hostAddress, hostPort, address: '172.18.0.2', port: 80 }) as const;

test('the input rules of the host, asked for published ports before they are led on', () => {
  const [only, ...others] = inputTables('berth_x', HOST, [rule(8080), rule(81, '10.0.0.1'), rule(82, '127.0.0.1')]);
  assert.deepEqual(others, []);
  assert.equal(
    only?.text,
    `table ip berth_x_input0 {
	set friends {
		type ipv4_addr
		elements = { 10.0.0.9 }
	}
	chain INPUT {
		ip saddr @friends accept
		jump more
		drop
	}
	chain more {
		tcp dport 22 accept
	}
	chain berth_guard0 {
		type filter hook prerouting priority -150; policy accept;
		ct state established,related accept
		fib daddr type local tcp dport { 81, 8080 } jump INPUT
	}
}
`,
  );
});

test('nothing published, nothing asked; rules that cannot be copied close the ports', () => {
  assert.deepEqual(inputTables('berth_x', HOST, []), []);
  assert.match(closedText('berth_x_input', [rule(8080)]), /iifname != "lo" .* tcp dport \{ 8080 \} drop/);
});
