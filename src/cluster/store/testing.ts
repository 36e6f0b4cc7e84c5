// What every store must do: one suite, run on memory and on real etcd.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { findProgram } from '../../host/find.ts';
import type { Change, KeyValueStore, WatchFrom } from './port.ts';

/** What set-up brought, or what the machine has. */
export function etcdProgram(): string {
  const program = findProgram('etcd', join(import.meta.dirname, '../../../.berth/programs/etcd'));
  assert.ok(program, "etcd is not there: 'berth setup --with-tests' brings it");
  return program;
}

export interface StoreCase {
  readonly store: KeyValueStore;
  readonly compact: () => Promise<void>;
}

export function storeContract(name: string, open: () => Promise<StoreCase>): void {
  const opened = open();
  // each test in a part of its own
  let part = 0;
  const fresh = async (): Promise<StoreCase & { readonly at: string }> => {
    part += 1;
    return { ...(await opened), at: `/t${part}/` };
  };

  test(`${name}: what was put is found with the revision of its change`, async () => {
    const { store, at } = await fresh();
    const revision = await store.commit({ guards: [], writes: [{ put: `${at}a`, value: 'ä 1' }] });
    assert.deepEqual(await store.get(`${at}a`), { key: `${at}a`, value: 'ä 1', revision });
    assert.equal(await store.get(`${at}none`), undefined);
  });

  test(`${name}: a list holds the keys of a prefix in order, also as they were`, async () => {
    const { store, at } = await fresh();
    for (const key of ['b', 'a', 'c']) await store.commit({ guards: [], writes: [{ put: at + key, value: key }] });
    const before = await store.list(at);
    await store.commit({ guards: [], writes: [{ delete: `${at}b` }] });
    assert.deepEqual(
      before.entries.map(({ value }) => value),
      ['a', 'b', 'c'],
    );
    assert.deepEqual(
      (await store.list(at)).entries.map(({ value }) => value),
      ['a', 'c'],
    );
    assert.deepEqual((await store.list(at, { at: before.revision })).entries, before.entries);
  });

  test(`${name}: a list of more than a page is whole`, async () => {
    const { store, at } = await fresh();
    for (let n = 0; n < 2100; n += 100)
      await store.commit({
        guards: [],
        writes: Array.from({ length: 100 }, (_, i) => ({ put: `${at}${String(n + i).padStart(5, '0')}`, value: '' })),
      });
    const { entries } = await store.list(at);
    assert.equal(new Set(entries.map(({ key }) => key)).size, 2100);
    assert.equal(entries.length, 2100);
  });

  test(`${name}: a list that is bounded in bytes is whole, or refused`, async () => {
    const { store, at } = await fresh();
    const value = 'x'.repeat(1000);
    for (let n = 0; n < 200; n += 100)
      await store.commit({
        guards: [],
        writes: Array.from({ length: 100 }, (_, i) => ({ put: `${at}${String(n + i).padStart(5, '0')}`, value })),
      });
    assert.equal((await store.list(at, { most: 300_000 })).entries.length, 200);
    await assert.rejects(store.list(at, { most: 100_000 }), { kind: 'tooLarge', message: /name a longer prefix/ });
    const { entries } = await store.list(at, { keysOnly: true, most: 10_000 });
    assert.deepEqual([entries.length, entries[199]?.value], [200, '']);
  });

  test(`${name}: the store's revision and size are known without what is in it`, async () => {
    const { store, at } = await fresh();
    const revision = await store.commit({ guards: [], writes: [{ put: `${at}a`, value: 'x'.repeat(10_000) }] });
    assert.equal(await store.revision(), revision);
    const { bytes, quota } = await store.usage();
    assert.ok(bytes > 10_000 && bytes < quota, `${bytes}`);
  });

  test(`${name}: a watch from now on tells of nothing that was there, also after a compaction`, async () => {
    const { store, at, compact } = await fresh();
    await store.commit({ guards: [], writes: [{ put: `${at}a`, value: '1' }] });
    const seen = follow(store, at, 'now');
    await seen.until((texts) => texts.length > 0);
    const revision = await store.commit({ guards: [], writes: [{ put: `${at}b`, value: '2' }] });
    assert.equal(seen.revision() + 1, revision);
    await seen.until((texts) => texts.includes('b=2'));
    await compact();
    await store.commit({ guards: [], writes: [{ delete: `${at}a` }] });
    await seen.until((texts) => texts.includes('-a'));
    assert.deepEqual([...new Set(seen.texts)], ['all ', 'b=2', '-a']);
    seen.end();
  });

  test(`${name}: a transaction whose guard does not hold writes nothing`, async () => {
    const { store, at } = await fresh();
    const guard = { key: `${at}a`, revision: 0 };
    const revision = (await store.commit({ guards: [guard], writes: [{ put: `${at}a`, value: '1' }] })) ?? 0;
    assert.ok(revision > 0);
    const writes = [
      { put: `${at}a`, value: '2' },
      { put: `${at}b`, value: '2' },
    ];
    assert.equal(await store.commit({ guards: [guard], writes }), undefined);
    assert.equal((await store.get(`${at}a`))?.value, '1');
    assert.equal(await store.get(`${at}b`), undefined);
    assert.ok(await store.commit({ guards: [{ key: `${at}a`, revision }], writes }));
  });

  test(`${name}: of two writers with one guard exactly one succeeds`, async () => {
    const { store, at } = await fresh();
    const results = await Promise.all(
      Array.from({ length: 20 }, (_, n) =>
        store.commit({ guards: [{ key: `${at}a`, revision: 0 }], writes: [{ put: `${at}a`, value: String(n) }] }),
      ),
    );
    assert.equal(results.filter((one) => one !== undefined).length, 1);
  });

  test(`${name}: a watch tells all that is there, then each change`, async () => {
    const { store, at } = await fresh();
    await store.commit({ guards: [], writes: [{ put: `${at}a`, value: '1' }] });
    const seen = follow(store, at);
    await seen.until((texts) => texts.includes('all a=1'));
    await store.commit({ guards: [], writes: [{ put: `${at}b`, value: '2' }, { delete: `${at}a` }] });
    await store.commit({ guards: [], writes: [{ put: '/elsewhere', value: '2' }] });
    await store.commit({ guards: [], writes: [{ put: `${at}b`, value: '3' }] });
    await seen.until((texts) => texts.includes('b=3'));
    assert.deepEqual(seen.texts.toSorted(), ['-a', 'all a=1', 'b=2', 'b=3']);
    seen.end();
  });

  test(`fault O71: ${name}: a watch sees every key's end after a compaction`, async () => {
    const { store, at, compact } = await fresh();
    const seen = follow(store, at);
    await seen.until((texts) => texts.length > 0);
    await store.commit({ guards: [], writes: [{ put: `${at}a`, value: '1' }] });
    await store.commit({ guards: [], writes: [{ delete: `${at}a` }, { put: `${at}b`, value: '2' }] });
    await compact();
    await seen.until(() => seen.state.get('b') === '2' && !seen.state.has('a'));
    await store.commit({ guards: [], writes: [{ put: `${at}c`, value: '3' }] });
    await seen.until(() => seen.state.get('c') === '3');
    seen.end();
  });

  test(`${name}: a compacted revision is refused`, async () => {
    const { store, at, compact } = await fresh();
    await store.commit({ guards: [], writes: [{ put: `${at}a`, value: '1' }] });
    const { revision } = await store.list(at);
    await store.commit({ guards: [], writes: [{ put: `${at}a`, value: '2' }] });
    await compact();
    await assert.rejects(store.list(at, { at: revision - 1 }), /compacted/);
  });

  test(`fault O71: ${name}: what hangs on a lease goes when it ends`, async () => {
    const { store, at } = await fresh();
    const lease = await store.grant(1);
    await store.commit({ guards: [], writes: [{ put: `${at}a`, value: '1', lease }] });
    for (let n = 0; n < 4; n += 1) {
      await pause(400);
      assert.equal(await store.keepAlive(lease), true);
    }
    assert.ok(await store.get(`${at}a`));
    const end = Date.now() + 10_000;
    while (await store.get(`${at}a`)) {
      assert.ok(Date.now() < end, 'the lease goes on');
      await pause(100);
    }
    assert.equal(await store.keepAlive(lease), false);
    const other = await store.grant(60);
    await store.commit({ guards: [], writes: [{ put: `${at}b`, value: '1', lease: other }] });
    await store.revoke(other);
    assert.equal(await store.get(`${at}b`), undefined);
    const late = store.commit({ guards: [], writes: [{ put: `${at}c`, value: '1', lease: other }] });
    await assert.rejects(late, { kind: 'notFound' });
    assert.equal(await store.get(`${at}c`), undefined);
  });
}

/** A watch's changes as texts, and the state that they add up to. */
function follow(store: KeyValueStore, prefix: string, from?: WatchFrom) {
  const abort = new AbortController();
  const texts: string[] = [];
  const state = new Map<string, string>();
  let revision = 0;
  const apply = (change: Change): void => {
    if (change.kind === 'all') {
      revision = change.range.revision;
      state.clear();
      for (const { key, value } of change.range.entries) state.set(key.slice(prefix.length), value);
      texts.push(`all ${[...state].map(([key, value]) => `${key}=${value}`).join(' ')}`);
    } else if (change.kind === 'put') {
      state.set(change.entry.key.slice(prefix.length), change.entry.value);
      texts.push(`${change.entry.key.slice(prefix.length)}=${change.entry.value}`);
    } else {
      state.delete(change.key.slice(prefix.length));
      texts.push(`-${change.key.slice(prefix.length)}`);
    }
  };
  void (async () => {
    for await (const changes of store.watch(prefix, abort.signal, from)) changes.forEach(apply);
  })();
  return {
    texts,
    state,
    /** Of the last beginning. */
    revision: () => revision,
    end: () => abort.abort(),
    until: async (holds: (texts: readonly string[]) => boolean): Promise<void> => {
      const end = Date.now() + 10_000;
      while (!holds(texts)) {
        assert.ok(Date.now() < end, `seen: ${texts.join(', ')}`);
        await pause(10);
      }
    },
  };
}
