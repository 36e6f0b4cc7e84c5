import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Assignment } from '../wire/messages.ts';
import { containerBody, containerName, expandTemplate } from './container.ts';

const task: Assignment = {
  id: 't1',
  service: 's1',
  serviceName: 'web',
  serviceLabels: { tier: 'front' },
  slot: 2,
  desired: 'running',
  ended: false,
  spec: {
    ContainerSpec: { Image: 'busybox', Args: ['sleep'], Env: ['N={{.Node.Hostname}}'], Labels: { a: 'b' } },
    Resources: { Limits: { NanoCPUs: 5e8, MemoryBytes: 1 << 20 } },
  },
  networks: [],
  ports: [{ TargetPort: 80, PublishedPort: 8080, PublishMode: 'host' }],
};
const facts = { node: 'n1', hostname: 'host', files: [{ source: '/run/f/1', target: '/run/secrets/key' }] };

test('a container of a task is named and labelled as Swarm names it', () => {
  assert.equal(containerName(task, 'n1'), 'web.2.t1');
  const { slot: _, ...global } = task;
  assert.equal(containerName(global, 'n1'), 'web.n1.t1');
  const { Labels } = containerBody(task, facts) as { Labels: Record<string, string> };
  assert.deepEqual(Labels, {
    a: 'b',
    'com.docker.swarm.node.id': 'n1',
    'com.docker.swarm.service.id': 's1',
    'com.docker.swarm.service.name': 'web',
    'com.docker.swarm.task': '',
    'com.docker.swarm.task.id': 't1',
    'com.docker.swarm.task.name': 'web.2.t1',
  });
});

test('arguments, limits, ports and files of a task become those of its container', () => {
  const body = containerBody(task, facts) as { HostConfig: Record<string, unknown> } & Record<string, unknown>;
  assert.deepEqual(body['Cmd'], ['sleep']);
  assert.deepEqual(body['Env'], ['N=host']);
  assert.equal(body['Entrypoint'], undefined);
  assert.deepEqual(body.HostConfig['RestartPolicy'], { Name: 'no' });
  assert.deepEqual(body.HostConfig['PortBindings'], { '80/tcp': [{ HostPort: '8080' }] });
  assert.equal(body.HostConfig['NanoCpus'], 5e8);
  assert.deepEqual(body.HostConfig['Mounts'], [
    { Type: 'bind', Source: '/run/f/1', Target: '/run/secrets/key', ReadOnly: true },
  ]);
});

test('templates name node, service and task; others stay as they are', () => {
  const expand = (text: string): string => expandTemplate(text, task, facts);
  assert.equal(expand('{{.Service.Name}}-{{ .Task.Slot }}@{{.Node.ID}}'), 'web-2@n1');
  assert.equal(expand('{{index .Service.Labels "tier"}}'), 'front');
  assert.equal(expand('{{.Bogus}} {{'), '{{.Bogus}} {{');
});
