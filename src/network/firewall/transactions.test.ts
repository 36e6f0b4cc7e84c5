// The kernel's account of nftables, made of messages as it sends them: whose transaction it was, and what it touched.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { attribute, type Message } from '../../host/netlink/codec.ts';
import { Transactions } from './transactions.ts';

const message = (kind: number, family: number, ...parts: Buffer[]): Message => ({
  type: (10 << 8) | kind,
  sequence: 0,
  port: 7,
  payload: Buffer.concat([Buffer.from([family, 0, 0, 0]), ...parts]),
});
const end = message(15, 0);
const table = (kind: number, name: string): Message => message(kind, 1, attribute(1, name));
const chain = (name: string, chainName: string, family = 1): Message =>
  message(3, family, attribute(1, name), attribute(3, chainName));

test('the mark of the last transaction counts; one without a mark was another program’s', () => {
  const read = new Transactions('berth_1');
  assert.deepEqual(
    [
      ...read.read([table(2, 'berth_1'), table(0, 'berth_1'), chain('berth_1', 'guard'), chain('berth_1', 'told_x_1')])
        .own,
    ],
    [],
    'a transaction that has not ended says nothing',
  );
  assert.deepEqual([...read.read([end]).own], [['inet', 'told_x_1']]);
  assert.deepEqual(
    [...read.read([chain('berth_1', 'told_x_2'), end, table(2, 'berth_1'), end]).own],
    [['inet', undefined]],
  );
  assert.deepEqual([...read.read([chain('berth_1', 'told_y_1', 5), end]).own], [['netdev', 'told_y_1']]);
});

test('chains of others are told, but not those of other daemons', () => {
  const read = new Transactions('berth_1');
  assert.equal(read.read([chain('filter', 'FORWARD', 2), end]).others, true);
  assert.equal(read.read([chain('berth_2', 'guard'), end]).others, false);
  assert.equal(read.read([message(6, 2, attribute(1, 'filter')), end]).others, false);
  assert.equal(read.read([message(8, 2, attribute(1, 'filter'), attribute(7, 'x berth_1')), end]).others, true);
});

test('what the daemon’s own socket did is no news', () => {
  const read = new Transactions('berth_1', { port: 8 });
  const own = (one: Message): Message => ({ ...one, port: 8 });
  assert.deepEqual(read.read([own(message(12, 1, attribute(1, 'berth_1'))), own(end)]), {
    own: new Map(),
    others: false,
  });
  assert.deepEqual([...read.read([message(12, 1, attribute(1, 'berth_1')), end]).own], [['inet', undefined]]);
});

test('anything may come', () => {
  const read = new Transactions('berth_1');
  assert.deepEqual(read.read([{ type: 16, sequence: 0, port: 0, payload: Buffer.alloc(0) }, message(2, 99), end]), {
    own: new Map(),
    others: true,
  });
});
