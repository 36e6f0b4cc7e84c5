import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { silentLog } from '../base/log.ts';
import { removeFromHost } from '../network/index.ts';
import { openDaemon } from './open.ts';
import { type DaemonOptions, daemonOptions } from './options.ts';
import { instanceOf } from './directories.ts';

let work = '';
beforeEach(() => {
  work = mkdtempSync(join(tmpdir(), 'daemon-'));
});
afterEach(async () => {
  await removeFromHost(instanceOf(join(work, 'data')));
  rmSync(work, { recursive: true, force: true });
});

function options(...flags: string[]): DaemonOptions {
  const roots = ['--data-root', join(work, 'data'), '--exec-root', join(work, 'exec'), '--pidfile', join(work, 'pid')];
  const parsed = daemonOptions([...roots, ...flags], () => undefined);
  assert.equal(parsed.kind, 'options');
  return parsed.kind === 'options' ? parsed.options : assert.fail();
}

test('a daemon opens in a process that listens to nothing, and what it kept is there when it opens again', async () => {
  const times = [5n, 7n];
  {
    await using daemon = await openDaemon(options(), { log: silentLog, clock: () => times.shift() ?? 9n });
    const watch = daemon.events.watch();
    await daemon.volumes.create({ Name: 'kept' });
    const { value } = await watch.next();
    assert.deepEqual(value, {
      kind: 'event',
      sequence: 1,
      time: 5n,
      type: 'volume',
      action: 'create',
      id: 'kept',
      attributes: { driver: 'local' },
    });
    await watch.return();
    await assert.rejects(openDaemon(options(), { log: silentLog }), /another daemon uses/);
    await daemon.close({ stopContainers: false, timeoutMs: 5000 });
  }
  await using again = await openDaemon(options(), { log: silentLog });
  assert.deepEqual(
    (await again.volumes.list(new Map())).Volumes?.map(({ Name }) => Name),
    ['kept'],
  );
});

test('a daemon that cannot be opened leaves its data root to the next one', async () => {
  await assert.rejects(openDaemon(options('--conmon', '/nonexistent/conmon'), { log: silentLog }), /is not installed/);
  await using daemon = await openDaemon(options(), { log: silentLog });
  assert.equal(daemon.events.last, 0);
});
