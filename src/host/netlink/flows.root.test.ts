// Connections are forgotten by the kernel, of either family.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { closeSync } from 'node:fs';
import { test } from 'node:test';
import { addressBytes, parseAddress } from '../../base/address.ts';
import { forgetFlows, inNamespace, newNetworkNamespace } from './index.ts';

/** Something that is sent to nobody makes a connection that is not answered. */
const SCRIPT = `ip link add d0 type veth peer name d1
ip link set d0 up
ip link set d1 up
ip addr add 10.7.0.1/24 dev d0
ip addr add fd07::1/64 dev d0 nodad
ip neigh add 10.7.0.9 lladdr 02:00:00:00:00:09 dev d0
ip neigh add fd07::9 lladdr 02:00:00:00:00:09 dev d0
nft add table inet t
nft 'add chain inet t c { type filter hook output priority 0; }'
nft add rule inet t c ct state new counter
for to in 10.7.0.9 fd07::9; do "$0" -e '
  const socket = require("node:dgram").createSocket(process.argv[1].includes(":") ? "udp6" : "udp4");
  socket.send("x", 9, process.argv[1], () => socket.close());' "$to"; done`;

test('connections to an address are forgotten, IPv4 and IPv6, and others stay', () => {
  const namespace = newNetworkNamespace();
  try {
    execFileSync('nsenter', [`--net=/proc/${process.pid}/fd/${namespace}`, 'sh', '-ec', SCRIPT, process.execPath]);
    const forget = (text: string): number => {
      const address = parseAddress(text);
      assert.ok(address);
      return inNamespace(namespace, () => forgetFlows([addressBytes(address)], true));
    };
    assert.deepEqual([forget('fd07::8'), forget('10.7.0.8')], [0, 0]);
    assert.deepEqual([forget('fd07::9'), forget('fd07::9')], [1, 0]);
    assert.deepEqual([forget('10.7.0.9'), forget('10.7.0.9')], [1, 0]);
  } finally {
    closeSync(namespace);
  }
});
