// The short form of `npm run clients`: buildx bake and Docker Compose, the newest from Debian, through their scenarios once.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dockerClient } from '../../scripts/clients/packages.ts';
import { scenarios } from '../../scripts/clients/scenarios.ts';
import { TestDaemon } from '../support/daemon.ts';

/** Fetched once, and kept beside the checkout. */
const client = await dockerClient().catch((error: unknown) =>
  error instanceof Error ? error : new Error(String(error)),
);
const missing =
  typeof client === 'string' ? false : `Docker's newest client cannot be fetched: ${client.message.slice(0, 100)}`;

test('users S1: buildx bake and docker compose do what people do with them', {
  skip: missing,
  timeout: 300_000,
}, async () => {
  await using daemon = await TestDaemon.start();
  await daemon.busybox();
  const outcomes = await scenarios(String(client), daemon.host, 3);
  const failed = outcomes.filter(({ why }) => why !== undefined);
  assert.deepEqual(failed, []);
  assert.ok(outcomes.length >= 15);
});
