import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type DaemonEvent, EventLog, type Gap } from './log.ts';

const happening = (action: string) => ({ type: 'container', action, id: 'c1', attributes: {} }) as const;

/** What a watch gives until it has `count` values, as text. */
async function take(watch: AsyncGenerator<DaemonEvent | Gap>, count: number): Promise<string[]> {
  const seen: string[] = [];
  for await (const one of watch) {
    seen.push(one.kind === 'gap' ? `gap ${one.missed}` : `${one.sequence} ${one.action}`);
    if (seen.length === count) break;
  }
  return seen;
}

test('a watch sees what happens after the call, in order', async () => {
  const log = new EventLog();
  log.emit(happening('create'));
  const watch = log.watch();
  log.emit(happening('start'));
  log.emit(happening('die'));
  assert.deepEqual(await take(watch, 2), ['2 start', '3 die']);
  assert.equal(log.watchers, 0);
});

test('a watcher that comes back goes on behind the last event that it saw', async () => {
  const log = new EventLog();
  for (const action of ['create', 'start', 'die']) log.emit(happening(action));
  assert.deepEqual(await take(log.watch({ after: 1 }), 2), ['2 start', '3 die']);
});

test('a watcher that is too slow is told how many events it missed', async () => {
  const log = new EventLog({ capacity: 3 });
  const watch = log.watch();
  for (const action of ['a', 'b', 'c', 'd', 'e']) log.emit(happening(action));
  assert.deepEqual(await take(watch, 4), ['gap 2', '3 c', '4 d', '5 e']);
});

test('bounds in time are both included, and an end in the past ends the watch', async () => {
  let now = 0n;
  const log = new EventLog({ clock: () => now });
  for (const action of ['a', 'b', 'c', 'd']) {
    now += 10n;
    log.emit(happening(action));
  }
  assert.deepEqual(await take(log.watch({ since: 20n, until: 30n }), 9), ['2 b', '3 c']);
});

test('a signal ends a watch that waits, and leaves nothing behind', async () => {
  const log = new EventLog();
  const ended = new AbortController();
  const watch = log.watch({ signal: ended.signal });
  const seen = take(watch, 9);
  log.emit(happening('start'));
  setImmediate(() => ended.abort());
  assert.deepEqual(await seen, ['1 start']);
  assert.equal(log.watchers, 0);
});
