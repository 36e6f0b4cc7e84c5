// Waiting for containers of a daemon whose clock is not this one's.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Client } from '../client/index.ts';
import { waitFor } from './wait.ts';

function clientWith(startedAt: string): { readonly client: Client; readonly looks: () => number } {
  const seen = { Name: '/web', State: { Status: 'running', StartedAt: startedAt } };
  let looks = 0;
  const call = () => {
    looks++;
    return Promise.resolve(seen);
  };
  return { client: { call } as unknown as Client, looks: () => looks };
}

test('a daemon whose clock is ahead does not make the waiting longer', { timeout: 10_000 }, async () => {
  const { client, looks } = clientWith(new Date(Date.now() + 3_600_000).toISOString());
  const standing = await waitFor(client, 'web', 'running_or_healthy', AbortSignal.timeout(5000), true);
  assert.deepEqual(standing, { kind: 'ready', text: 'Healthy' });
  assert.ok(looks() > 1);
});

test('one that has run for a while is taken at once', async () => {
  const { client, looks } = clientWith('2020-01-01T00:00:00Z');
  await waitFor(client, 'web', 'running_or_healthy', undefined, true);
  assert.equal(looks(), 1);
});
