import assert from 'node:assert/strict';
import { test } from 'node:test';
import { spelled } from './spelling.ts';

test('users S13: keys of a service are found whatever their case, on every level', () => {
  assert.deepEqual(
    spelled({
      NAME: 'web',
      mode: { replicated: { replicas: 2 } },
      taskTemplate: { containerspec: { image: 'busybox', TTY: true, ulimits: [{ name: 'nofile', soft: 1, hard: 2 }] } },
      endpointSpec: { ports: [{ targetPort: 80, publishedport: 8080 }] },
    }),
    {
      Name: 'web',
      Mode: { Replicated: { Replicas: 2 } },
      TaskTemplate: { ContainerSpec: { Image: 'busybox', TTY: true, Ulimits: [{ Name: 'nofile', Soft: 1, Hard: 2 }] } },
      EndpointSpec: { Ports: [{ TargetPort: 80, PublishedPort: 8080 }] },
    },
  );
});

test('keys of the user stay as they are, and so does what is no field', () => {
  const labels = { name: 'a', MODE: 'b', 'com.example/Image': 'c' };
  assert.deepEqual(
    spelled({ labels, Sysctls: { 'net.core.NAME': '1' }, Templating: { name: 'golang', options: labels }, unknown: 1 }),
    { Labels: labels, Sysctls: { 'net.core.NAME': '1' }, Templating: { Name: 'golang', Options: labels }, unknown: 1 },
  );
});

test('of two spellings of one key the later wins, a value that is no object passes, and no prototype is reached', () => {
  assert.deepEqual(spelled({ Name: 'a', name: 'b' }), { Name: 'b' });
  for (const value of [null, 1, 'x', true, []]) assert.deepEqual(spelled(value), value);
  const hostile = spelled(JSON.parse('{"__proto__":{"name":"x"},"constructor":1}')) as object;
  assert.deepEqual(Object.getPrototypeOf(hostile), Object.prototype);
  assert.ok(Object.hasOwn(hostile, '__proto__'));
});
