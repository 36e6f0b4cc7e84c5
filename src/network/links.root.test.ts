// A bridge, a pair into a namespace, addresses, routes and rules on a real kernel; nothing stays behind.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { randomBytes } from 'node:crypto';
import { applyNft, listTable } from '../host/nft.ts';
import { parseAddress, parseBlock } from './address.ts';
import { firewallText } from './firewall.ts';
import { applyLinks, interfacesInside, linkNames, observeLinks, plugIn, setGateways, unplug } from './links.ts';
import { hostNames, vethName } from './names.ts';
import { planLinks, planText } from './plan.ts';
import { removeFromHost } from './remove.ts';

const skip = process.getuid?.() === 0 ? false : 'needs root';

test('a network from nothing to nothing', { skip }, async () => {
  const instance = randomBytes(4).toString('hex');
  const names = hostNames(instance);
  const veth = vethName(names, randomBytes(4).toString('hex'));
  const third = 100 + ((randomBytes(1)[0] ?? 0) % 100);
  const subnet = `10.253.${third}`;
  const child = spawn('unshare', ['--net', 'sleep', '60'], { stdio: 'ignore' });
  try {
    const namespace = `/proc/${child.pid}/ns/net`;
    const desired = {
      mark: names.mark,
      vethPrefix: names.vethPrefix,
      bridges: [
        {
          name: names.defaultBridge,
          mtu: 1300,
          mac: '02:42:00:00:00:01',
          addresses: [`${subnet}.1/24`],
          foreign: false,
        },
      ],
      veths: [{ name: veth, bridge: names.defaultBridge, isolated: true }],
    };
    applyLinks(planLinks(desired, observeLinks()), names.mark);
    await new Promise((resolve) => setTimeout(resolve, 100));
    plugIn(namespace, {
      hostLink: veth,
      bridge: names.defaultBridge,
      name: 'eth0',
      mac: '02:42:00:00:00:07',
      mtu: 1300,
      addresses: [parseBlock(`${subnet}.2/24`)].filter((one) => one !== undefined),
      sysctls: [],
      isolated: true,
      hairpin: true,
    });
    setGateways(
      namespace,
      [parseAddress(`${subnet}.1`)].flatMap((gateway) => (gateway ? [{ name: 'eth0', gateway }] : [])),
    );
    assert.equal(planText(planLinks(desired, observeLinks())), '', 'a second time there is nothing to do');
    assert.ok(interfacesInside(namespace).includes('eth0'));
    const inside = (file: string): string => readFileSync(`/proc/${child.pid}/net/${file}`, 'latin1');
    const gateway = Buffer.from([10, 253, third, 1]).reverse().toString('hex').toUpperCase();
    assert.match(inside('route'), new RegExp(`^eth0\\t00000000\\t${gateway}\\t`, 'm'));
    assert.match(inside('fib_trie'), new RegExp(`${subnet.replaceAll('.', '\\.')}\\.2\\n\\s+/32 host LOCAL`));
    assert.doesNotMatch(readFileSync('/proc/self/net/dev', 'latin1'), /\beth0x\b/);

    const rules = {
      bridge: names.defaultBridge,
      subnets: [{ family: 4 as const, block: `${subnet}.0/24`, mode: 'nat' as const, source: undefined }],
      trusted: [],
      internal: false,
      icc: true,
      masquerade: true,
      members: [],
    };
    const published = [
      {
        family: 4 as const,
        protocol: 'tcp' as const,
        hostAddress: '127.0.0.1',
        hostPort: 1,
        address: `${subnet}.2`,
        port: 1,
      },
    ];
    await applyNft(firewallText({ table: names.table, bridges: [rules], published }));
    assert.match(
      (await listTable('inet', names.table)) ?? '',
      /dnat ip to ip daddr \. meta l4proto \. th dport map @bound4/,
    );
    await unplug(veth);
    await unplug(veth);
    assert.ok(!interfacesInside(namespace).includes('eth0'));
  } finally {
    child.kill('SIGKILL');
    await removeFromHost(instance);
    await removeFromHost(instance);
  }
  assert.ok(![...linkNames()].some((name) => name === names.defaultBridge || name.startsWith(names.vethPrefix)));
  assert.equal(await listTable('inet', names.table), undefined);
});
