import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Container } from '../container/container.ts';
import { type EngineContext, EnginePaths } from '../container/context.ts';
import type { ContainerRecord } from '../container/record.ts';
import { autoRemove, remove } from './remove.ts';

const ID = 'c'.repeat(64);

/** A container with two volumes of its own, and what an engine does for it written down. */
function world(t: TestContext, more: Partial<Record<'volumes' | 'images', object>> = {}) {
  const root = mkdtempSync(join(tmpdir(), 'berth-remove-'));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  const done: string[] = [];
  const context = {
    paths: new EnginePaths(root),
    registry: { remove: () => done.push('record'), save: () => undefined, find: () => undefined },
    execs: new Map(),
    volumes: { removeUnused: (name: string) => (done.push(name), Promise.resolve()) },
    images: { released: () => done.push('released') },
    events: ({ action }: { action: string }) => done.push(action),
    log: { warn: (text: string) => done.push(`warn: ${text}`), error: (text: string) => done.push(`error: ${text}`) },
    ...more,
  } as unknown as EngineContext;
  const volume = (Name: string) => ({ Type: 'volume', Name, anonymous: true });
  const record = {
    id: ID,
    name: 'c',
    state: { phase: 'exited', exitCode: 0 },
    mounts: [volume('one'), volume('two')],
    config: { Image: '', Labels: {} },
    hostConfig: {},
  } as unknown as ContainerRecord;
  return { root, context, container: new Container(record), done };
}

test('a volume that cannot be removed does not keep those waiting who wait for the removal', async (t) => {
  const { context, container, done } = world(t, {
    volumes: { removeUnused: (name: string) => Promise.reject(new Error(`${name} is busy`)) },
    images: {
      released: () => {
        throw new Error('no sweep');
      },
    },
  });
  const removed = container.removed(new AbortController().signal);
  await remove(context, container, { force: true, volumes: true });
  assert.deepEqual(await removed, { exitCode: 0 });
  assert.ok(done.includes('destroy'));
  assert.equal(done.filter((one) => one.startsWith('warn: volume')).length, 2);
});

test('an automatic removal that fails is told to those who wait, and throws nothing', async (t) => {
  const { root, context, container, done } = world(t);
  // where the layers of removed containers go is a file
  rmSync(join(root, 'containers'), { recursive: true, force: true });
  writeFileSync(join(root, 'containers'), '');
  const removed = container.removed(new AbortController().signal);
  await autoRemove(context, container);
  assert.match((await removed).error ?? '', /unable to remove filesystem/);
  assert.ok(done.some((one) => one.startsWith('error: container')));
  assert.equal(container.state.phase, 'dead');
});
