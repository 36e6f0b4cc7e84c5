import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Container } from './container.ts';
import type { ContainerRecord } from './record.ts';

const container = (): Container => new Container({ id: 'c', state: { exitCode: 3 } } as unknown as ContainerRecord);

test('who waits and goes away leaves nothing behind', async () => {
  const one = container();
  for (let count = 0; count < 1000; count += 1) {
    const client = new AbortController();
    const [stopped, removed] = [one.nextStop(client.signal), one.removed(client.signal)];
    client.abort();
    await assert.rejects(stopped, { kind: 'cancelled' });
    await assert.rejects(removed, { kind: 'cancelled' });
  }
  await assert.rejects(one.nextStop(AbortSignal.abort()), { kind: 'cancelled' });
  assert.equal(one.waiting, 0);
});

test('who waits for a removal hears that it failed; who waits for the end goes on', async () => {
  const one = container();
  const { signal } = new AbortController();
  const [stopped, removed] = [one.nextStop(signal), one.removed(signal)];
  one.notifyRemovalFailed('busy');
  assert.deepEqual(await removed, { exitCode: 3, error: 'busy' });
  one.notifyStopped();
  assert.deepEqual(await stopped, { exitCode: 3 });
  assert.equal(one.waiting, 0);
});
