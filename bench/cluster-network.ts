// npm run bench:cluster-network: two hosts in network namespaces. Traffic between containers on both, by address, through a virtual address and through
// a published port, beside a veth pair and VXLAN link set up by hand between the same hosts; names; rules of many services; joins and leaves.
//   --rounds N (default 7)   --joins N (default 1000; 0 leaves them out)
import { parseArgs } from 'node:util';
import { balanceText } from '../src/network/overlay/balance.ts';
import type { OverlayState } from '../src/spec/berth/index.ts';
import { TestCluster, type TestNode } from '../test/support/cluster.ts';
import { until } from '../test/support/daemon.ts';
import { Place, wire } from '../test/support/namespaces.ts';
import { median } from './measure.ts';
import { printTable } from './table.ts';

const TRAFFIC = new URL('traffic.ts', import.meta.url).pathname;
const PORT = 5000;
const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '7' }, joins: { type: 'string', default: '1000' } },
});

await using cluster = await TestCluster.start(2);
await cluster.form(1);
const [n1, n2] = [cluster.node(1), cluster.node(2)];
const client = await cluster.client('10.77.0.101');
await n1.docker('network', 'create', '-d', 'overlay', '--attachable', 'front');

/** A command line in the network namespace of a process. */
const inside = (pid: string, ...words: string[]): string[] => ['nsenter', `--net=/proc/${pid}/ns/net`, ...words];
const traffic = (...words: string[]): string[] => [
  process.execPath,
  '--disable-warning=ExperimentalWarning',
  TRAFFIC,
  ...words,
];

async function pidOf(node: TestNode, id: string): Promise<string> {
  return (await node.docker('inspect', '-f', '{{.State.Pid}}', id)).trim();
}

/** Two namespaces as containers would have, joined by what anybody can set up. */
async function byHand(): Promise<{ readonly from: Place; readonly to: Place }> {
  const places: Place[] = [];
  for (const [index, node] of [n1, n2].entries()) {
    const place = await Place.make();
    places.push(place);
    const other = index === 0 ? n2.address : n1.address;
    await wire(node.place, ['hand0'], place, ['eth0', `10.99.0.${index + 1}/24`]);
    await node.place.shell(
      `ip link add hand type bridge
ip link add handx mtu 1450 type vxlan id 99 dstport 4790 remote ${other} local ${node.address}
ip link set handx master hand up
ip link set hand0 master hand
ip link set hand up`,
    );
    await place.shell('ip link set eth0 mtu 1450');
  }
  const [from, to] = places;
  if (!from || !to) throw new Error('unreachable');
  return { from, to };
}

using stack = new DisposableStack();
const hand = await byHand();
stack.use(hand.from);
stack.use(hand.to);
const asker = (await n1.docker('run', '-d', '--network', 'front', 'busybox', 'sleep', '10000')).trim();
await n1.docker(
  'service',
  'create',
  '--detach',
  '--no-resolve-image',
  '--name',
  'web',
  '--network',
  'front',
  '-p',
  `8095:${PORT}`,
  '--constraint',
  'node.hostname==n2',
  'busybox',
  'sleep',
  '10000',
);
await cluster.running(n1, 'web', 1);
const task = (await n2.docker('ps', '-q', '--no-trunc', '--filter', 'label=com.docker.swarm.service.name=web')).trim();
const address = (
  await n2.docker('inspect', '-f', '{{(index .NetworkSettings.Networks "front").IPAddress}}', task)
).trim();
const virtual = (await n1.docker('service', 'inspect', '-f', '{{range .Endpoint.VirtualIPs}}{{.Addr}} {{end}}', 'web'))
  .split(' ')
  .map((one) => one.split('/')[0] ?? '')
  .find((one) => one.startsWith('10.0.1.'));
const [askerPid, taskPid] = [await pidOf(n1, asker), await pidOf(n2, task)];
const servers = [
  hand.to.spawn(...traffic('serve', String(PORT))),
  n2.place.spawn(...inside(taskPid, ...traffic('serve', String(PORT)))),
];
stack.defer(() => {
  for (const server of servers) server.kill();
});

const ways: Readonly<Record<string, (what: string) => readonly [Place, string[]]>> = {
  'veth and VXLAN by hand': (what) => [hand.from, traffic(what, '10.99.0.2', String(PORT))],
  'task, by its address': (what) => [n1.place, inside(askerPid, ...traffic(what, address, String(PORT)))],
  'task, by the virtual address': (what) => [n1.place, inside(askerPid, ...traffic(what, virtual ?? '', String(PORT)))],
  'client of n1, task on n2 (mesh)': (what) => [client, traffic(what, n1.address, '8095')],
};
for (const way of Object.keys(ways)) if (Number(values.rounds) > 0) await until(() => measure(way, 'trips'));

async function measure(way: string, what: string): Promise<number> {
  const [place, words] = ways[way]?.(what) ?? [client, []];
  return Number(await place.do(...words));
}

const found = new Map<string, Map<string, number[]>>();
for (let round = 0; round < Number(values.rounds); round += 1)
  for (const what of ['bytes', 'trips'])
    for (const way of Object.keys(ways)) {
      const of = found.get(way) ?? new Map<string, number[]>();
      found.set(way, of.set(what, [...(of.get(what) ?? []), await measure(way, what)]));
    }
const plain = found.get('veth and VXLAN by hand');
const middle = (of: Map<string, number[]> | undefined, what: string): number => median(of?.get(what) ?? []);
printTable(
  [
    ['way', 'MB/s', 'of plain', 'round trips/s', 'of plain'],
    ...[...found].map(([way, of]) => [
      way,
      ...['bytes', 'trips'].flatMap((what) => [
        Math.round(middle(of, what)).toLocaleString('en'),
        (middle(of, what) / middle(plain, what)).toFixed(2),
      ]),
    ]),
  ],
  [0],
);

const names: number[] = [];
for (let round = 0; round < Number(values.rounds); round += 1)
  names.push(Number(await n1.place.do(...inside(askerPid, ...traffic('names', 'web')))));
console.log(`\nnames answered: ${Math.round(median(names)).toLocaleString('en')} a second`);

/** So many services of three tasks each on one network. */
function many(count: number): OverlayState {
  const host = (number: number): string => `10.8.${number >> 8}.${number & 255}`;
  return {
    id: 'x',
    name: 'x',
    created: '',
    vni: 1,
    port: 1,
    subnet: '10.8.0.0/16',
    gateway: host(1),
    internal: false,
    attachable: false,
    ingress: false,
    options: {},
    labels: {},
    active: true,
    services: Array.from({ length: count }, (_, at) => ({
      id: `s${at}`,
      names: [`s${at}`],
      address: host(at * 4 + 4),
      ports: [],
    })),
    members: Array.from({ length: count * 3 }, (_, at) => {
      const service = Math.floor(at / 3);
      const own = { id: `t${at}`, node: 'n', host: '', address: host(service * 4 + 5 + (at % 3)), names: [] };
      return { ...own, service: `s${service}`, ready: true };
    }),
  };
}

/** Milliseconds until a host has put right what another program has broken. */
async function repaired(breaks: readonly string[], isRight: () => Promise<boolean>): Promise<number> {
  await n2.place.do(...breaks);
  const begin = performance.now();
  await until(async () => {
    if (!(await isRight())) throw new Error(`${breaks.join(' ')} is not put right`);
  });
  return performance.now() - begin;
}

const network = (await n1.docker('network', 'inspect', '-f', '{{.Id}}', 'front')).trim().slice(0, 12);
const reaches = async (): Promise<boolean> =>
  (await n1.place.run(...inside(askerPid, 'busybox', 'ping', '-c', '1', '-W', '1', address))).code === 0;
const links: number[] = [];
const rulesets: number[] = [];
for (let round = 0; round < Number(values.rounds); round += 1) {
  links.push(await repaired(['ip', 'link', 'del', `vx-${network}`], reaches));
  rulesets.push(
    await repaired(
      ['nft', 'flush', 'ruleset'],
      async () => (await client.run('bash', '-c', `timeout 1 bash -c '</dev/tcp/${n2.address}/8095'`)).code === 0,
    ),
  );
}
const ms = (times: readonly number[]): string =>
  `${Math.round(median(times))} ms, at most ${Math.round(Math.max(...times))} ms`;
console.log(`a deleted VXLAN link is put right within ${ms(links)}; flushed rules within ${ms(rulesets)}`);

using room = await Place.make();
for (const count of [1, 100, 1000]) {
  const text = balanceText([many(count)]);
  const file = `${n1.daemon.folder}/rules.nft`;
  const { writeFileSync } = await import('node:fs');
  writeFileSync(file, text);
  const times: number[] = [];
  for (let round = 0; round < 5; round += 1) {
    const begin = performance.now();
    await room.do('nft', '-f', file);
    times.push(performance.now() - begin);
  }
  const rules = (text.match(/dnat|drop/g) ?? []).length;
  console.log(
    `rules of ${count} services in a container: ${rules}, ${Math.round(text.length / 1024)} KiB of text, ${Math.round(median(times))} ms to put there`,
  );
}

/** All that networks leave on a host and in the containers that stay. */
async function traces(node: TestNode, pid: string): Promise<string[]> {
  const [links, entries, tables] = [
    await node.place.do('ip', '-o', 'link'),
    await node.place.do('sh', '-c', 'bridge fdb show; ip neigh show nud permanent; ip -o addr; ip rule'),
    await node.place.do('nft', '-s', 'list', 'ruleset'),
  ];
  const own = await node.place.do(...inside(pid, 'sh', '-c', 'ip -o link; ip -o addr; ip rule; ip route'));
  return (
    [links, entries, tables, own]
      .flatMap((text) => text.split('\n'))
      // an address that has just come is tentative for a second
      .map((line) => line.replace(/^\d+: |@if\d+| valid_lft.*| tentative/g, ''))
      .sort()
  );
}

const joins = Number(values.joins);
if (joins > 0) {
  await n1.docker('network', 'create', '-d', 'overlay', '--attachable', 'brief');
  const guests = await Promise.all(
    cluster.nodes.map(async (node) => {
      const id = (await node.docker('run', '-d', '--network', 'front', 'busybox', 'sleep', '10000')).trim();
      return { node, id, pid: await pidOf(node, id) };
    }),
  );
  const before = await Promise.all(guests.map(({ node, pid }) => traces(node, pid)));
  const begin = performance.now();
  await Promise.all(
    guests.map(async ({ node, id }) => {
      for (let count = 0; count < joins / guests.length; count += 1)
        for (const verb of ['connect', 'disconnect']) {
          const { status, body } = await node.daemon.call('POST', `/networks/brief/${verb}`, { Container: id });
          if (status !== 200) throw new Error(`${verb}: ${status} ${body}`);
        }
    }),
  );
  const took = performance.now() - begin;
  await until(async () => {
    const after = await Promise.all(guests.map(({ node, pid }) => traces(node, pid)));
    for (const [index, lines] of after.entries()) {
      const [known, now] = [new Set(before[index]), new Set(lines)];
      const changed = [...now].filter((one) => !known.has(one)).concat([...known].filter((one) => !now.has(one)));
      if (changed.length > 0 || lines.length !== before[index]?.length)
        throw new Error(`left on n${index + 1}:\n${changed.join('\n')}`);
    }
  });
  await n1.docker('network', 'rm', 'brief');
  console.log(
    `${joins} joins and leaves on two hosts: ${Math.round(took / joins)} ms for one of each; links, entries, addresses and rules are as before`,
  );
}
