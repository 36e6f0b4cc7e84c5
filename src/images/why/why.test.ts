import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Entry, touchesOf, wasteOf } from './plan.ts';

const file = (path: string, size: number): Entry => ({ path, kind: 'file', size });
const layers: Entry[][] = [
  [
    file('etc/conf', 10),
    file('usr/lib/big', 500),
    file('tmp/a', 7),
    file('opt/x/one', 3),
    { path: 'etc', kind: 'directory', size: 0 },
  ],
  [file('etc/conf', 12), { path: 'tmp', kind: 'removed', size: 0 }, { path: 'opt/x', kind: 'replaced', size: 0 }],
  [{ path: 'usr/lib/big', kind: 'removed', size: 0 }, file('opt/x/one', 4)],
];

const text = (path: string): string =>
  touchesOf(layers, path)
    .map(({ layer, what, size }) => `${layer} ${what} ${size}`)
    .join(', ');

test('what the layers did to a path, the last first', () => {
  assert.equal(text('etc/conf'), '1 changed 12, 0 brought 10');
  assert.equal(text('usr/lib/big'), '2 removed 0, 0 brought 500');
  assert.equal(text('tmp/a'), '1 removed 0, 0 brought 7');
  assert.equal(text('opt/x/one'), '2 brought 4, 1 removed 0, 0 brought 3');
  assert.equal(text('etc'), '0 brought 0');
  assert.equal(text('nowhere'), '');
});

test('bytes that later layers hide', () => {
  assert.deepEqual(
    wasteOf(layers).map(({ path, bytes, hidden, by }) => `${path} ${bytes} of ${hidden.join()} by ${by}`),
    ['usr/lib/big 500 of 0 by 2', 'etc/conf 10 of 0 by 1', 'tmp/a 7 of 0 by 1', 'opt/x/one 3 of 0 by 1'],
  );
  assert.deepEqual(wasteOf(layers.slice(0, 1)), []);
});
