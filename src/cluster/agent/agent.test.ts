// A node's agent over containers in memory: what it shows registries, and which tasks it serves keys and values.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { after, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { silentLog } from '../../base/log.ts';
import { type PullCredentials, pullFile } from '../security/pull-auth.ts';
import type { Assignment } from '../wire/messages.ts';
import { Agent } from './agent.ts';
import type { ContainerView, Machine, TaskContainers } from './ports.ts';
import type { TaskValues } from './values.ts';

const folder = mkdtempSync('/tmp/berth-agent-');
after(() => rmSync(folder, { recursive: true, force: true }));

/** Containers that run as soon as they are started; `pulls` are those of images, with what the registry was shown. */
function machine() {
  const pulls: { readonly image: string; readonly credentials: PullCredentials }[] = [];
  const [serves, stops]: [string[], string[]] = [[], []];
  const views = new Map<string, ContainerView>();
  const containers: Partial<TaskContainers> = {
    list: () => Promise.resolve([...views.values()]),
    view: (id) => Promise.resolve(views.get(id)),
    hasImage: () => false,
    pull: (image, _, credentials) => Promise.resolve(void pulls.push({ image, credentials })),
    create: (name) => {
      const view = { task: name.split('.').at(-1) ?? '', pid: 0, exitCode: 0, error: '', health: 'none' } as const;
      views.set(name, { ...view, id: name, running: false, started: false, hasHealthCheck: false });
      return Promise.resolve(name);
    },
    start: (id) => {
      const view = views.get(id);
      if (view) views.set(id, { ...view, running: true, started: true, pid: 4711 });
      return Promise.resolve();
    },
    changes: async function* () {},
  };
  const agent = new Agent({
    node: 'n1',
    folder,
    containers: containers as TaskContainers,
    machine: { describe: () => ({ Hostname: 'h' }) } as Machine,
    values: {
      serve: (task: string) => Promise.resolve(void serves.push(task)),
      stop: (task: string) => void stops.push(task),
    } as unknown as TaskValues,
    log: silentLog,
  });
  return { agent, pulls, serves, stops };
}

const task = (id: string, Image: string, more: Partial<Assignment> = {}): Assignment => ({
  id,
  service: 's',
  serviceName: 'web',
  serviceLabels: {},
  slot: 1,
  desired: 'running',
  ended: false,
  spec: { ContainerSpec: { Image } },
  ports: [],
  networks: [],
  ...more,
});

async function until(holds: () => boolean): Promise<void> {
  for (let turns = 0; turns < 1000 && !holds(); turns += 1) await turn();
  assert.ok(holds());
}

test('a registry is shown what was given for it, and never what a task of before was given for another', async () => {
  const { agent, pulls } = machine();
  const secret = { username: 'ada', password: 'secret' };
  const files = { [pullFile('s', 'hub.example/a')]: Buffer.from(JSON.stringify(secret)).toString('base64') };
  agent.change([task('t1', 'hub.example/a')], [], files);
  await until(() => pulls.length === 1);
  // the update brings no credentials, and the task of before is still there
  agent.change([task('t2', 'elsewhere.example/a')], [], {});
  await until(() => pulls.length === 2);
  assert.deepEqual(pulls, [
    { image: 'hub.example/a', credentials: secret },
    { image: 'elsewhere.example/a', credentials: {} },
  ]);
  // with the last task that needed them they are forgotten
  agent.change([task('t1', 'hub.example/a', { ended: true })], [], {});
  agent.change([task('t3', 'hub.example/a')], [], {});
  await until(() => pulls.length === 3);
  assert.deepEqual(pulls[2]?.credentials, {});
  agent.close();
});

test('a running task is served keys and values from when its service gets the label, until it has it no more', async () => {
  const { agent, serves, stops } = machine();
  agent.change([task('t1', 'busybox')], [], {});
  await until(() => agent.statuses()[0]?.status.State === 'running');
  assert.deepEqual(serves, []);
  agent.change([task('t1', 'busybox', { kv: true })], [], {});
  await until(() => serves.length > 0);
  stops.length = 0;
  agent.change([task('t1', 'busybox')], [], {});
  await until(() => stops.length > 0);
  agent.close();
});
