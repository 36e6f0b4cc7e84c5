// npm run bench:rollout: requests at a steady pace to a service's published port on both hosts of a cluster of two, while a new version
// of it is rolled out; how many failed, and how. --pace MS between two requests (default 5).
import { parseArgs } from 'node:util';
import { TestCluster } from '../test/support/cluster.ts';
import { until } from '../test/support/daemon.ts';
import { Load } from '../test/support/load.ts';

const { values } = parseArgs({ options: { pace: { type: 'string', default: '5' } } });
const WHO = String.raw`#!/bin/sh\necho; echo "$(hostname)"\n`;
const SERVER = `mkdir -p /w/cgi-bin; cd /w/cgi-bin; printf '${WHO}' >who; chmod +x who; exec httpd -f -h /w`;
/** A process runs before it listens: only a health check can say so. */
const HEALTH = 'cat /proc/net/tcp /proc/net/tcp6 | grep -q ":0050 .* 0A "';

await using cluster = await TestCluster.start(2);
await cluster.form(1);
const n1 = cluster.node(1);
const create = [
  'service',
  'create',
  '--detach',
  '--no-resolve-image',
  '--name',
  'web',
  '--replicas',
  '4',
  '-p',
  '8090:80',
];
const health = ['--health-cmd', HEALTH, '--health-interval', '500ms', '--health-retries', '20'];
const update = ['--update-order', 'start-first', '--update-monitor', '100ms'];
await n1.docker(...create, ...health, ...update, 'busybox', 'sh', '-c', SERVER);
await cluster.running(n1, 'web', 4);
const client = await cluster.client('10.77.0.101');
const targets = ['10.77.0.1', '10.77.0.2'].map((address) => `${address} 8090 /cgi-bin/who`);
const load = new Load(client, targets, Number(values.pace));
const begin = performance.now();
await n1.docker('service', 'update', '--detach', '--no-resolve-image', '--env-add', 'VERSION=2', 'web');
const path = `/services?filters=${encodeURIComponent('{"name":["web"]}')}`;
await until(async () => {
  const [service] = await n1.json<{ UpdateStatus?: { State: string } }[]>(path);
  if (service?.UpdateStatus?.State !== 'completed') throw new Error(`the update is ${service?.UpdateStatus?.State}`);
}, 120_000);
const took = performance.now() - begin;
const { sent, failed } = await load.stop();
for (const line of failed.slice(0, 20)) console.log(line);
console.log(
  `${sent} requests, ${failed.length} failed, in an update of 4 tasks that took ${(took / 1000).toFixed(1)} s`,
);
