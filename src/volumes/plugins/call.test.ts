import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { callPlugin } from './call.ts';
import type { PluginAddress } from './find.ts';

async function plugin(answer: RequestListener): Promise<PluginAddress & AsyncDisposable> {
  const root = mkdtempSync(join(tmpdir(), 'berth-plugin-'));
  const server = createServer(answer);
  const socketPath = join(root, 'p.sock');
  await new Promise<void>((resolve) => server.listen(socketPath, resolve));
  return {
    name: 'p',
    address: { socketPath },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      rmSync(root, { recursive: true });
    },
  };
}

test('limit: an answer of a volume plugin has 4 MiB, and one without end is given up', async () => {
  let sent = 0;
  await using endless = await plugin((_, response) => {
    const more = (): void => {
      while (!response.destroyed && response.write(Buffer.alloc(64 * 1024, 0x20))) sent += 64 * 1024;
    };
    response.on('drain', more);
    more();
  });
  await assert.rejects(callPlugin(endless, 'VolumeDriver.List', {}), /VolumeDriver\.List: the answer is too large/);
  assert.ok(sent < 16 * 1024 * 1024, `${sent}`);
  await using large = await plugin((_, response) => response.end(`{"Volumes":[]}${' '.repeat(4 * 1024 * 1024 - 14)}`));
  assert.deepEqual(await callPlugin(large, 'VolumeDriver.List', {}), { Volumes: [] });
});

test('limit: a volume plugin that does not answer is given up after two minutes', async (t) => {
  const asked = Promise.withResolvers<void>();
  await using silent = await plugin(() => asked.resolve());
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const called = callPlugin(silent, 'VolumeDriver.Mount', { Name: 'a' });
  const ended = assert.rejects(called, /VolumeDriver\.Mount: the plugin does not answer/);
  await asked.promise;
  t.mock.timers.tick(119_999);
  assert.equal(
    await Promise.race([called.then(String), new Promise((resolve) => setImmediate(resolve, 'waits'))]),
    'waits',
  );
  t.mock.timers.tick(1);
  await ended;
});

for (const [what, answer] of [
  ['garbage', 'no HTTP at all'],
  ['null', 'null'],
  ['a list', '[1]'],
  ['an error that is no text', '{"Err":{"a":1}}'],
] as const)
  test(`a volume plugin that answers ${what} gives an empty answer or an error of ours`, async () => {
    await using odd = await plugin((_, response) => response.end(answer));
    assert.ok(typeof (await callPlugin(odd, 'VolumeDriver.Get', {})) === 'object');
  });
