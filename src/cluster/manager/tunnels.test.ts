import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import type { ToNode } from './sessions.ts';
import { MAX_AWAITED, Tunnels } from './tunnels.ts';

function connection(): { readonly node: ToNode; readonly closed: () => number } {
  let count = 0;
  const node = { close: () => (count += 1), release: () => new PassThrough() } as unknown as ToNode;
  return { node, closed: () => count };
}

test('limit: so many tunnels are waited for, each for ten seconds', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const tunnels = new Tunnels();
  const all = Array.from({ length: MAX_AWAITED }, () => tunnels.expect('n1'));
  assert.throws(() => tunnels.expect('n1'), /too many tunnels/);
  const { node } = connection();
  tunnels.arrived(all[0]?.token ?? '', 'n1', node);
  await all[0]?.opened;
  tunnels.expect('n1');
  assert.throws(() => tunnels.expect('n1'), /too many tunnels/);
  t.mock.timers.tick(10_000);
  await assert.rejects(all[1]?.opened ?? Promise.resolve(), /does not answer/);
  tunnels.expect('n1');
});

test('a tunnel is taken once, and from the node that it was asked of', async () => {
  const tunnels = new Tunnels();
  const { token, opened } = tunnels.expect('n1');
  const hostile = connection();
  tunnels.arrived(token, 'n2', hostile.node);
  tunnels.arrived('', 'n1', hostile.node);
  tunnels.arrived('__proto__', 'n1', hostile.node);
  assert.equal(hostile.closed(), 3);
  const right = connection();
  tunnels.arrived(token, 'n1', right.node);
  await opened;
  assert.equal(right.closed(), 0);
  tunnels.arrived(token, 'n1', right.node);
  assert.equal(right.closed(), 1);
});
