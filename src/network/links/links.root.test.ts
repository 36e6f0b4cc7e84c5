// A bridge, a pair into a namespace, addresses, routes and rules on a real kernel; nothing stays behind.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { randomBytes } from 'node:crypto';
import { SetChanger } from '../../host/netlink/index.ts';
import { applyNft, listTable } from '../../host/nft.ts';
import { parseAddress, parseBlock } from '../../base/address.ts';
import {
  type BridgeRules,
  elementsOfBridge,
  elementsOfPorts,
  firewallText,
  type PublishRule,
  removeText,
} from '../firewall/firewall.ts';
import { applyLinks, interfacesInside, linkNames, observeLinks, makeVeth, setGateways, removeLinks } from './links.ts';
import { hostNames, vethName } from '../model/names.ts';
import { planLinks, planText } from './plan.ts';
import { removeFromHost } from '../reconcile/remove.ts';

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
    await applyLinks(planLinks(desired, observeLinks()), names.mark);
    await new Promise((resolve) => setTimeout(resolve, 100));
    const request = {
      hostLink: veth,
      bridge: names.defaultBridge,
      name: 'eth0',
      mac: '02:42:00:00:00:07',
      mtu: 1300,
      addresses: [parseBlock(`${subnet}.2/24`)].filter((one) => one !== undefined),
      sysctls: [],
      isolated: true,
      hairpin: true,
    };
    makeVeth(namespace, request);
    const second = { ...request, hostLink: `${names.vethPrefix}second` };
    assert.throws(() => makeVeth(namespace, second), /error renaming interface ".*" to "eth0": file exists/);
    const ofGroup = { ...second, name: 'eth1', mac: '01:00:5e:00:00:01' };
    assert.throws(() => makeVeth(namespace, ofGroup), /MAC to "01:00:5e:00:00:01": cannot assign requested address/);
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
    await applyNft(firewallText(names.table, [...elementsOfBridge(rules), ...elementsOfPorts(published)], 'told'));
    assert.match(
      (await listTable('inet', names.table)) ?? '',
      /dnat ip to ip daddr \. meta l4proto \. th dport map @bound4/,
    );
    await Promise.all([removeLinks([veth]), removeLinks([veth])]);
    await removeLinks([veth]);
    assert.ok(!interfacesInside(namespace).includes('eth0'));
  } finally {
    child.kill('SIGKILL');
    await removeFromHost(instance);
    await removeFromHost(instance);
  }
  assert.ok(![...linkNames()].some((name) => name === names.defaultBridge || name.startsWith(names.vethPrefix)));
  assert.equal(await listTable('inet', names.table), undefined);
});

test('elements by netlink are what nft makes of the text, both ways', { skip }, async () => {
  const table = `berth_${randomBytes(4).toString('hex')}`;
  const network = (number: number, more: Partial<BridgeRules> = {}): BridgeRules => ({
    bridge: `br-${number}`,
    subnets: [
      { family: 4, block: `10.253.${number}.0/24`, mode: 'nat', source: undefined },
      { family: 6, block: `fd00:${number}::/64`, mode: 'nat', source: undefined },
    ],
    trusted: [],
    internal: false,
    icc: true,
    masquerade: true,
    ...more,
  });
  const published: PublishRule[] = [
    { family: 4, protocol: 'tcp', hostAddress: '127.0.0.1', hostPort: 65_000, address: '10.253.1.2', port: 80 },
    { family: 4, protocol: 'udp', hostAddress: undefined, hostPort: 53, address: '10.253.1.2', port: 53 },
    { family: 6, protocol: 'sctp', hostAddress: undefined, hostPort: 8080, address: 'fd00:1::2', port: 80 },
  ];
  const routed = [
    { family: 4 as const, block: '10.253.4.0/30', mode: 'nat' as const, source: '192.0.2.1' },
    { family: 6 as const, block: 'fd00:4::/64', mode: 'routed' as const, source: undefined },
  ];
  const all = [
    ...[1, 2].flatMap((number) => elementsOfBridge(network(number))),
    ...elementsOfBridge(network(3, { internal: true, icc: false })),
    ...elementsOfBridge(network(4, { subnets: routed, trusted: ['eth7'] })),
    ...elementsOfBridge(network(5, { subnets: [{ family: 4, block: '240.0.0.0/4', mode: 'nat', source: undefined }] })),
    ...elementsOfPorts(published),
  ];
  const listed = async (): Promise<string> => (await listTable('inet', table)) ?? '';
  using sets = new SetChanger();
  try {
    await applyNft(firewallText(table, [], 'told'));
    const empty = await listed();
    sets.change(table, [], all);
    const byNetlink = await listed();
    await applyNft(firewallText(table, all, 'told'));
    assert.equal(sorted(byNetlink), sorted(await listed()));
    sets.change(table, all, []);
    assert.equal(await listed(), empty);
    assert.throws(() => sets.change(table, all.slice(0, 1), []), { code: 'ENOENT' });
  } finally {
    await applyNft(removeText(table));
  }
});

/** Each set's elements in one order: the kernel's is that of its hash. */
function sorted(list: string): string {
  return list.replaceAll(/elements = \{([^}]*)\}/g, (_, elements: string) =>
    elements
      .split(',')
      .map((one) => one.trim())
      .toSorted()
      .join(', '),
  );
}
