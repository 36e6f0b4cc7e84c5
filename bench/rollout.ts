// npm run bench:rollout: requests at a steady pace to a service's published port on the hosts of a cluster of three, while a new version of it is
// rolled out, a host is drained, and a host loses its power; how many failed, and how. Beside it connections that stay open: which of them ended.
// --pace MS between two requests (default 5), --requests N in each part at least (default 4000).
import { spawn } from 'node:child_process';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { TestCluster, type TestNode } from '../test/support/cluster.ts';
import { until } from '../test/support/daemon.ts';
import { Load } from '../test/support/load.ts';

const { values } = parseArgs({
  options: { pace: { type: 'string', default: '5' }, requests: { type: 'string', default: '4000' } },
});
const LEAST_MS = Number(values.pace) * Number(values.requests);
const WHO = String.raw`#!/bin/sh\necho; echo "$(hostname)"\n`;
const SERVER = `mkdir -p /w/cgi-bin; cd /w/cgi-bin; printf '${WHO}' >who; chmod +x who; exec httpd -f -h /w`;
/** A process runs before it listens: only a health check can say so. */
const HEALTH = 'cat /proc/net/tcp /proc/net/tcp6 | grep -q ":0050 .* 0A "';
/** Connections that stay open: says which host each is on, and when it has ended or not answered for three seconds. */
const OPEN = `
const { connect } = require('node:net');
let told = 0;
for (let number = 0; number < 30; number += 1) {
  const [host, port] = process.argv[1 + number % (process.argv.length - 1)].split(' ');
  let name = '', heard = Date.now();
  const timer = setInterval(() => { if (Date.now() - heard > 3000) end(); else socket.write('.'); }, 200);
  const end = () => { clearInterval(timer); socket.destroy(); if (name !== '-') console.log('ended ' + name); name = '-'; };
  const socket = connect({ host, port: Number(port) });
  socket.on('data', (data) => {
    heard = Date.now();
    if (name !== '') return;
    name = String(data).trim();
    console.log('open ' + name);
  });
  socket.on('error', end).on('close', end);
}
process.stdin.resume().on('end', () => process.exit(0));
`;

await using cluster = await TestCluster.start(3);
await cluster.form(1);
const n1 = cluster.node(1);
const create = ['service', 'create', '--detach', '--no-resolve-image', '--replicas', '6'];
const health = ['--health-cmd', HEALTH, '--health-interval', '500ms', '--health-retries', '20'];
const update = ['--update-order', 'start-first', '--update-monitor', '100ms', '--stop-grace-period', '2s'];
await n1.docker(...create, '--name', 'web', '-p', '8090:80', ...health, ...update, 'busybox', 'sh', '-c', SERVER);
const echo = ['nc', '-ll', '-p', '7', '-e', 'sh', '-c', 'hostname; exec cat'];
await n1.docker(...create, '--name', 'echo', '-p', '8091:7', '--hostname', '{{.Node.Hostname}}', 'busybox', ...echo);
await cluster.running(n1, 'web', 6);
await cluster.running(n1, 'echo', 6);
const client = await cluster.client('10.77.0.101');

/** Requests by way of these hosts while something is done, and for a while after it. */
async function during(name: string, nodes: readonly TestNode[], work: () => Promise<void>): Promise<void> {
  const targets = nodes.map(({ address }) => `${address} 8090 /cgi-bin/who`);
  const load = new Load(client, targets, Number(values.pace));
  const begin = performance.now();
  await pause(1000);
  await work();
  const took = performance.now() - begin - 1000;
  await pause(Math.max(2000, LEAST_MS - took));
  const { sent, failed } = await load.stop();
  for (const line of failed.slice(0, 5)) console.log(line);
  const times = failed.map((line) => Date.parse(line.split(' ')[1] ?? ''));
  const span = times.length === 0 ? 0 : Math.max(...times) - Math.min(...times);
  console.log(
    `${name} (${(took / 1000).toFixed(1)} s): ${sent} requests, ${failed.length} failed` +
      (failed.length === 0 ? '' : `, which began within ${(span / 1000).toFixed(1)} s`),
  );
}

/** Until the last update of a service is complete. */
async function updated(name: string): Promise<void> {
  const path = `/services?filters=${encodeURIComponent(JSON.stringify({ name: [name] }))}`;
  await until(async () => {
    const [service] = await n1.json<{ UpdateStatus?: { State: string } }[]>(path);
    if (service?.UpdateStatus?.State !== 'completed') throw new Error(`the update is ${service?.UpdateStatus?.State}`);
  }, 120_000);
}

const UPDATE = ['service', 'update', '--detach', '--no-resolve-image'];
await during('update of 6 tasks', cluster.nodes, async () => {
  await n1.docker(...UPDATE, '--env-add', 'VERSION=2', 'web');
  await updated('web');
});

async function idOf(node: TestNode): Promise<string> {
  return (await cluster.list(n1)).find(({ Description }) => Description.Hostname === node.name)?.ID ?? '';
}

const n2 = cluster.node(2);
await during('a drained host', cluster.nodes, async () => {
  await n1.docker('node', 'update', '--availability', 'drain', 'n2');
  const id = await idOf(n2);
  await until(async () => {
    const tasks = await cluster.running(n1, 'web', 6);
    if (tasks.some(({ NodeID }) => NodeID === id)) throw new Error('it has tasks');
  }, 60_000);
});
await n1.docker('node', 'update', '--availability', 'active', 'n2');
for (const name of ['web', 'echo']) {
  await n1.docker(...UPDATE, '--force', '--update-monitor', '100ms', name);
  await updated(name);
  await cluster.running(n1, name, 6, 60_000);
}

const n3 = cluster.node(3);
const [file = '', ...words] = client.enter(process.execPath, '-e', OPEN, '10.77.0.1 8091', '10.77.0.2 8091');
const child = spawn(file, words, { stdio: ['pipe', 'pipe', 'inherit'] });
let text = '';
child.stdout.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
const count = (word: string, name: string): number =>
  text.split('\n').filter((line) => line === `${word} ${name}`).length;
const opened = (): number => cluster.nodes.reduce((sum, { name }) => sum + count('open', name), 0);
await until(() => {
  if (opened() < 30) throw new Error(`${opened()} connections are open:\n${text}`);
});
await during('a host without power, requests by way of the others', [n1, n2], async () => {
  const id = await idOf(n3);
  await Promise.all([cluster.cut(n3), n3.powerOff()]);
  await until(async () => {
    const tasks = await cluster.running(n1, 'web', 6);
    if (tasks.some(({ NodeID }) => NodeID === id)) throw new Error('it has tasks');
  }, 60_000);
});
for (const { name } of cluster.nodes)
  console.log(`connections to ${name}: ${count('open', name)}, of them ended: ${count('ended', name)}`);
child.stdin.end();
