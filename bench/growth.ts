// npm run bench:growth: what one more costs as there are more: processor time of the daemon and all that it starts, over the number of
// containers, networks, images, layers, files of a build and listeners of events. Draws docs/growth.svg, so that a bend is seen.
//   --only WORD   --small   (a tenth of the amounts)   --out FILE
import { writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { archiveOf, life } from './hot-paths.ts';
import type { Kept } from './kept.ts';
import { median } from './measure.ts';
import type { Meter } from './meter.ts';
import { type Line, plot } from './plot.ts';
import { openSide } from './side.ts';
import { printTable } from './table.ts';

const { values } = parseArgs({
  options: { only: { type: 'string' }, small: { type: 'boolean', default: false }, out: { type: 'string' } },
});
const ROOT = new URL('..', import.meta.url).pathname;
const ROUNDS = 5;
const TRUE = { Image: 'busybox', Cmd: ['true'], HostConfig: { NetworkMode: 'none' } };

interface Subject {
  readonly title: string;
  readonly amounts: readonly number[];
  /** Adds from the one amount to the other. */
  grow(api: Kept, from: number, to: number): Promise<void>;
  readonly measured: Readonly<Record<string, (api: Kept, amount: number) => Promise<unknown>>>;
}

async function build(api: Kept, tag: string, files: Iterable<readonly [string, string]>): Promise<void> {
  const answer = await api.call('POST', `/build?t=${tag}&networkmode=none`, await archiveOf(files));
  if (!answer.includes('Successfully built')) throw new Error(answer.toString().slice(-500));
}

const layers = (count: number): [string, string][] => [
  ['Dockerfile', `FROM busybox\n${Array.from({ length: count }, (_, n) => `COPY f /f${n}\n`).join('')}`],
  ['f', 'text\n'],
];

const contexts = new Map<number, Buffer>();
const listeners: { destroy(): void }[] = [];

const SUBJECTS: readonly Subject[] = [
  {
    title: 'running containers',
    amounts: [0, 25, 50, 100, 200, 400],
    async grow(api, from, to) {
      for (let index = from; index < to; index += 1) {
        const body = { Image: 'busybox', Cmd: ['sleep', '1000000'], HostConfig: { NetworkMode: 'none' } };
        const { Id } = await api.json<{ Id: string }>('POST', '/containers/create', body);
        await api.call('POST', `/containers/${Id}/start`);
      }
    },
    measured: {
      'one more life': (api) => life(api, TRUE),
      'ps, all of them': (api) => api.call('GET', '/containers/json'),
    },
  },
  {
    title: 'networks',
    amounts: [0, 25, 50, 100, 200],
    async grow(api, from, to) {
      for (let index = from; index < to; index += 1) {
        const subnet = `10.${100 + (index >> 8)}.${index & 255}.0/24`;
        await api.call('POST', '/networks/create', { Name: `n${index}`, IPAM: { Config: [{ Subnet: subnet }] } });
      }
    },
    measured: {
      'one more, and away': async (api) => {
        await api.call('POST', '/networks/create', { Name: 'more', IPAM: { Config: [{ Subnet: '10.200.0.0/24' }] } });
        await api.call('DELETE', '/networks/more');
      },
      'network ls': (api) => api.call('GET', '/networks'),
    },
  },
  {
    title: 'images',
    amounts: [1, 100, 250, 500, 1000],
    async grow(api, from, to) {
      for (let index = from; index < to; index += 1)
        await build(api, `i${index}`, [['Dockerfile', `FROM busybox\nLABEL number=${index}\n`]]);
    },
    measured: {
      'one more life': (api) => life(api, TRUE),
      'images, all of them': (api) => api.call('GET', '/images/json'),
    },
  },
  {
    title: 'layers of the image',
    amounts: [1, 10, 25, 50, 100],
    async grow(api, _, to) {
      await build(api, `layers${to}`, layers(to));
    },
    measured: {
      'one life': (api, amount) => life(api, { ...TRUE, Image: `layers${amount}` }),
      'build, all cached': (api, amount) => build(api, `layers${amount}`, layers(amount)),
    },
  },
  {
    title: 'files of a build',
    amounts: [10, 1000, 2500, 5000, 10_000],
    async grow(api, _, to) {
      const files: [string, string][] = Array.from({ length: to }, (_, n) => [`files/${n % 100}/${n}`, `${n}\n`]);
      contexts.set(to, await archiveOf([['Dockerfile', 'FROM busybox\nCOPY files /files\n'], ...files]));
      await api.call('POST', '/build?t=files&networkmode=none', contexts.get(to));
    },
    measured: {
      'all cached': (api, amount) => api.call('POST', '/build?t=files&networkmode=none', contexts.get(amount)),
    },
  },
  {
    title: 'listeners of events',
    amounts: [0, 25, 50, 100, 200],
    async grow(api, from, to) {
      for (let index = from; index < to; index += 1)
        await new Promise<void>((resolve, reject) => {
          const call = request({ socketPath: api.socket, path: '/v1.47/events', agent: false }, (response) => {
            response.resume().on('error', () => undefined);
            listeners.push(response);
            resolve();
          });
          call.once('error', reject).end();
        });
    },
    measured: { 'one more life': (api) => life(api, TRUE) },
  },
];

/** Milliseconds of processor of one call, the median of a few. */
async function cost(meter: Meter, call: () => Promise<unknown>): Promise<number> {
  const costs: number[] = [];
  await call();
  for (let round = 0; round < ROUNDS; round += 1) {
    const before = meter.used();
    for (let index = 0; index < 4; index += 1) await call();
    // what the daemon does once it has answered counts too
    await pause(100);
    costs.push((meter.used() - before) / 4);
  }
  return median(costs);
}

async function measure(subject: Subject): Promise<readonly Line[]> {
  await using side = await openSide('growth', ROOT);
  const { api, meter } = side;
  try {
    await api.call('POST', '/berth/images/bootstrap?name=busybox');
    const lines = new Map<string, [number, number][]>(Object.keys(subject.measured).map((name) => [name, []]));
    let from = 0;
    for (const amount of subject.amounts.map((of) => (values.small ? Math.ceil(of / 10) : of))) {
      await subject.grow(api, from, amount);
      from = amount;
      await pause(1000);
      for (const [name, call] of Object.entries(subject.measured))
        lines.get(name)?.push([amount, await cost(meter, () => call(api, amount))]);
    }
    return [...lines].map(([name, points]) => ({ name, points }));
  } finally {
    for (const listener of listeners.splice(0)) listener.destroy();
  }
}

const panels: { title: string; lines: readonly Line[] }[] = [];
for (const subject of SUBJECTS) {
  if (values.only !== undefined && !subject.title.includes(values.only)) continue;
  const lines = await measure(subject);
  panels.push({ title: subject.title, lines });
  const amounts = lines[0]?.points.map(([amount]) => `${amount}`) ?? [];
  const rows = lines.map(({ name, points }) => [name, ...points.map(([, value]) => value.toFixed(2))]);
  printTable([[subject.title, ...amounts], ...rows], [0]);
}
const out = values.out ?? (values.only === undefined ? join(ROOT, 'docs/growth.svg') : undefined);
if (out !== undefined) writeFileSync(out, plot(panels));
