// Keys and values of applications, on the store of tests and on real etcd.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { after, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { unavailable } from '../../base/errors.ts';
import { silentLog } from '../../base/log.ts';
import { EtcdChild } from '../store/child.ts';
import { MemoryStore } from '../store/memory.ts';
import type { KeyValueStore } from '../store/port.ts';
import { etcdProgram } from '../store/testing.ts';
import { KeyValues, MAX_LISTED_BYTES } from './values.ts';
import { type ClusterView, type WatchedStore, Watches } from './watch.ts';

/** A cluster in which nothing runs. */
const nothing: ClusterView = { revision: 0, all: () => [], get: () => undefined, onChange: () => undefined };
const base64 = (text: string): string => Buffer.from(text).toString('base64');
const text = (value: string): string => Buffer.from(value, 'base64').toString();

function contract(name: string, open: () => Promise<KeyValueStore>): void {
  const opened = open();
  let part = 0;
  const fresh = async () => {
    part += 1;
    const store = await opened;
    return { store, values: new KeyValues(store), at: `t${part}/` };
  };

  test(`${name}: what was put is read back byte for byte, with the revision that the put answered`, async () => {
    const { values, at } = await fresh();
    const bytes = Buffer.from([0, 255, 10, 128]).toString('base64');
    const revision = await values.put(`${at}a b/ä`, { value: bytes });
    assert.deepEqual(await values.get(`${at}a b/ä`), { Key: `${at}a b/ä`, Value: bytes, Revision: revision });
    await assert.rejects(values.get(`${at}none`), { kind: 'notFound', message: `key ${at}none not found` });
    await values.put(`${at}empty`, { value: '' });
    assert.deepEqual(
      (await values.list(at)).Entries.map(({ Key, Value }) => [Key, text(Value)]),
      [
        [`${at}a b/ä`, text(bytes)],
        [`${at}empty`, ''],
      ],
    );
  });

  test(`${name}: of many who count at once none is lost`, async () => {
    const { values, at } = await fresh();
    await values.put(`${at}n`, { value: base64('0') });
    let refused = 0;
    const count = async (): Promise<void> => {
      for (;;) {
        const { Value, Revision } = await values.get(`${at}n`);
        try {
          await values.put(`${at}n`, { value: base64(String(Number(text(Value)) + 1)), revision: Revision });
          return;
        } catch (error) {
          assert.equal((error as { kind?: string }).kind, 'conflict');
          refused += 1;
        }
      }
    };
    await Promise.all(Array.from({ length: 20 }, count));
    assert.equal(text((await values.get(`${at}n`)).Value), '20');
    assert.ok(refused > 0);
    await assert.rejects(values.put(`${at}n`, { value: '', revision: 0 }), { kind: 'conflict' });
    await assert.rejects(values.put(`${at}new`, { value: '', revision: 7 }), { kind: 'conflict' });
    await assert.rejects(values.delete(`${at}n`, 1), { kind: 'conflict' });
  });

  test(`${name}: a guarded write whose answer was lost is looked for, and what was not heard is no success`, async () => {
    const { store, values, at } = await fresh();
    const losing = (isHeard: boolean): KeyValues =>
      new KeyValues({
        get: (key) => store.get(key),
        list: (prefix, options) => store.list(prefix, options),
        commit: async (transaction) => {
          assert.equal(transaction.once, true);
          if (isHeard) await store.commit(transaction);
          throw unavailable('etcd does not answer');
        },
        grant: (seconds) => store.grant(seconds),
        keepAlive: (lease) => store.keepAlive(lease),
        revoke: (lease) => store.revoke(lease),
        usage: () => store.usage(),
      });
    const revision = await losing(true).put(`${at}once`, { value: base64('x'), revision: 0 });
    assert.equal((await values.get(`${at}once`)).Revision, revision);
    await assert.rejects(losing(false).put(`${at}once`, { value: base64('y'), revision }), { kind: 'unavailable' });
    assert.equal(text((await values.get(`${at}once`)).Value), 'x');
  });

  test(`${name}: a key goes with its lease, and a lease that has ended holds nothing`, async () => {
    const { store, values, at } = await fresh();
    const { ID, Seconds } = await values.grant(5);
    assert.equal(Seconds, 5);
    await values.put(`${at}held`, { value: base64('x'), lease: ID });
    assert.equal((await values.get(`${at}held`)).Lease, ID);
    assert.deepEqual(await values.keepAlive(ID), { ID, Seconds: 5 });
    await values.put(`${at}taken over`, { value: base64('x'), lease: ID });
    await values.put(`${at}taken over`, { value: base64('y') });
    await values.revoke(ID);
    await assert.rejects(values.get(`${at}held`), { kind: 'notFound' });
    assert.equal(text((await values.get(`${at}taken over`)).Value), 'y');
    const late = [
      () => values.keepAlive(ID),
      () => values.revoke(ID),
      () => values.put(`${at}late`, { value: '', lease: ID }),
    ];
    for (const again of late) await assert.rejects(again, { kind: 'notFound', message: `lease ${ID} not found` });
    // one that others have for themselves is not to be had here
    const other = await store.grant(60);
    await assert.rejects(values.revoke(other), { kind: 'notFound' });
    assert.equal(await store.keepAlive(other), true);
  });

  test(`${name}: a service uses its own leases alone, and the API all of them`, async () => {
    const { values, at } = await fresh();
    const [own, other, ours] = [await values.grant(9, 's1'), await values.grant(9, 's2'), await values.grant(9)];
    await values.put(`${at}own`, { value: '', lease: own.ID, by: 's1' });
    assert.deepEqual(await values.keepAlive(own.ID, 's1'), { ID: own.ID, Seconds: 9 });
    for (const { ID } of [other, ours]) {
      const refused = { kind: 'notFound', message: `lease ${ID} not found` };
      await assert.rejects(values.keepAlive(ID, 's1'), refused);
      await assert.rejects(values.revoke(ID, 's1'), refused);
      await assert.rejects(values.put(`${at}a`, { value: '', lease: ID, by: 's1' }), refused);
    }
    await values.keepAlive(other.ID);
    await values.revoke(own.ID, 's1');
    await values.revoke(other.ID);
  });

  test(`${name}: a lease that ends while a key is written with it is not found, and no fault of the store`, async () => {
    const { store, values, at } = await fresh();
    const { ID } = await values.grant(9);
    const late = new KeyValues({
      get: (key) => store.get(key),
      list: (prefix, options) => store.list(prefix, options),
      commit: async (transaction) => {
        await store.revoke(ID);
        return store.commit(transaction);
      },
      grant: (seconds) => store.grant(seconds),
      keepAlive: (lease) => store.keepAlive(lease),
      revoke: (lease) => store.revoke(lease),
      usage: () => store.usage(),
    });
    const refused = { kind: 'notFound', message: `lease ${ID} not found` };
    await assert.rejects(late.put(`${at}a`, { value: '', lease: ID }), refused);
  });

  test(`limit: ${name}: what is too much for one answer is refused, and can still be deleted`, async () => {
    const { store, values, at } = await fresh();
    const value = base64('x'.repeat(65_536));
    const many = Math.ceil(MAX_LISTED_BYTES / value.length);
    for (let n = 0; n < many; n += 1) await values.put(`${at}many/${n}`, { value });
    await values.put(`${at}few`, { value });
    const refused = { kind: 'tooLarge', message: /name a longer prefix/ };
    await assert.rejects(values.list(at), refused);
    const watches = new Watches(store, nothing, values, silentLog);
    await assert.rejects(watches.changes({ prefix: at, wait: 0 }, new AbortController().signal), refused);
    watches.close();
    assert.equal((await values.list(`${at}few`)).Entries.length, 1);
    assert.equal(await values.deleteAll(`${at}many/`), many);
    assert.equal((await values.list(at)).Entries.length, 1);
  });

  test(`${name}: what is no key, value or lease is refused, and the registry's keys are written by nobody`, async () => {
    const { values, at } = await fresh();
    for (const key of ['', '/a', 'a/', 'a//b', 'a/../b', 'a\nb', 'ä'.repeat(300), '\ud800'])
      await assert.rejects(values.put(key, { value: '' }), { kind: 'invalid' }, JSON.stringify(key));
    await assert.rejects(values.put('services/web/x', { value: '' }), { kind: 'forbidden' });
    await assert.rejects(values.deleteAll('services/'), { kind: 'forbidden' });
    for (const value of [7, 'x', '====', undefined])
      await assert.rejects(values.put(`${at}a`, { value }), { kind: 'invalid' });
    await assert.rejects(values.put(`${at}a`, { value: base64('x'.repeat(65_537)) }), { kind: 'tooLarge' });
    await assert.rejects(values.put(`${at}a`, { value: '', lease: 'abc' }), { kind: 'invalid' });
    for (const seconds of [undefined, 0, 4, 86_401]) await assert.rejects(values.grant(seconds), { kind: 'invalid' });
    assert.deepEqual((await values.list(at)).Entries, []);
  });

  test(`${name}: all keys of a prefix go, also more than one transaction takes, and no others`, async () => {
    const { values, at } = await fresh();
    await Promise.all(Array.from({ length: 150 }, (_, n) => values.put(`${at}many/${n}`, { value: '' })));
    await values.put(`${at}many`, { value: '' });
    assert.equal(await values.deleteAll(`${at}many/`), 150);
    assert.deepEqual(
      (await values.list(at)).Entries.map(({ Key }) => Key),
      [`${at}many`],
    );
  });

  test(`${name}: a watch tells everything once, in order, from wherever one was, through any manager`, async () => {
    const { store, values, at } = await fresh();
    const watches = ['a', 'b'].map(() => new Watches(store, nothing, values, silentLog));
    const [one, two] = watches as [Watches, Watches];
    const none = new AbortController().signal;
    try {
      await values.put(`${at}x`, { value: base64('1') });
      const first = await one.changes({ prefix: at, since: undefined, wait: 0 }, none);
      assert.deepEqual([first.Reset, first.Changes.map(({ Key }) => Key)], [true, [`${at}x`]]);
      const waiting = one.changes({ prefix: at, since: first.Revision, wait: 10 }, none);
      await pause(50);
      await values.put(`other${at}x`, { value: base64('no') });
      await values.put(`${at}x`, { value: base64('2') });
      const second = await waiting;
      assert.deepEqual(
        [second.Reset, second.Changes.map(({ Kind, Key }) => [Kind, Key])],
        [false, [['put', `${at}x`]]],
      );
      await values.delete(`${at}x`);
      await values.put(`${at}y`, { value: base64('3') });
      // the other manager has not watched yet, and says so
      const elsewhere = await two.changes({ prefix: at, since: second.Revision, wait: 0 }, none);
      assert.deepEqual([elsewhere.Reset, elsewhere.Changes.map(({ Key }) => Key)], [true, [`${at}y`]]);
      const seen: string[] = [];
      for (let since = second.Revision; seen.length < 2; ) {
        const { Reset, Changes, Revision } = await one.changes({ prefix: at, since, wait: 10 }, none);
        assert.equal(Reset, false);
        seen.push(...Changes.map(({ Kind, Key }) => `${Kind} ${Key}`));
        since = Revision;
      }
      assert.deepEqual(seen, [`delete ${at}x`, `put ${at}y`]);
      const unrelated = (await store.commit({ guards: [], writes: [{ put: '/elsewhere', value: '' }] })) ?? 0;
      const quiet = await one.changes({ prefix: at, since: unrelated, wait: 0.05 }, none);
      assert.deepEqual([quiet.Changes, quiet.Revision], [[], unrelated]);
      // a store that was begun anew from a backup counts from lower on
      const ahead = await one.changes({ prefix: at, since: unrelated + 1000, wait: 10 }, none);
      assert.deepEqual([ahead.Reset, ahead.Changes.map(({ Key }) => Key)], [true, [`${at}y`]]);
      assert.ok(ahead.Revision < unrelated + 1000);
    } finally {
      for (const watch of watches) watch.close();
    }
  });
}

test('limit: applications write up to half of what the store keeps, and the cluster goes on', async () => {
  const store = new MemoryStore(100_000);
  const values = new KeyValues(store);
  const value = base64('x'.repeat(20_000));
  await values.put('a', { value });
  await values.put('b', { value });
  const refused = { kind: 'unavailable', message: /up to 50000 applications may write/ };
  await assert.rejects(values.put('c', { value: '' }), refused);
  await assert.rejects(values.grant(10), refused);
  assert.equal(text((await values.get('a')).Value).length, 20_000);
  await values.delete('a');
  await values.put('c', { value: '' });
});

test('a watch that broke is begun again by who asks next', async () => {
  const store = new MemoryStore();
  const values = new KeyValues(store);
  let broken = true;
  const breaking: WatchedStore = {
    revision: () => store.revision(),
    watch: async function* (prefix, signal, from) {
      for await (const changes of store.watch(prefix, signal, from)) {
        yield changes;
        if (broken) throw new Error('it broke');
      }
    },
  };
  const watches = new Watches(breaking, nothing, values, silentLog);
  const none = new AbortController().signal;
  const { Revision } = await watches.changes({ prefix: '', wait: 0 }, none);
  await pause(10);
  broken = false;
  await values.put('a', { value: '' });
  const seen = await watches.changes({ prefix: '', since: Revision, wait: 5 }, none);
  assert.deepEqual(
    seen.Changes.map(({ Key }) => Key),
    ['a'],
  );
  watches.close();
});

contract('memory', () => Promise.resolve(new MemoryStore()));

const folder = mkdtempSync('/tmp/berth-etcd-');
let etcd: EtcdChild | undefined;

contract('etcd', async () => {
  const peer = `http://127.0.0.1:${30_000 + (process.pid % 10_000)}`;
  etcd = new EtcdChild({
    program: etcdProgram(),
    folder,
    name: 'n1',
    peer,
    members: [`n1=${peer}`],
    joins: false,
    log: silentLog,
  });
  etcd.start();
  await etcd.ready();
  return etcd.store;
});

after(async () => {
  await etcd?.stop();
  rmSync(folder, { recursive: true, force: true });
});
