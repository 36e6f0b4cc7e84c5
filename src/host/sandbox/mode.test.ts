import assert from 'node:assert/strict';
import { test } from 'node:test';
import { changedMode, parseMode } from './mode.ts';

test('modes in letters', () => {
  const notified = (text: string, mode: number, isDirectory = false): string =>
    changedMode(parseMode(text) ?? [], mode, isDirectory).toString(8);
  assert.equal(notified('u=rwX,go=r', 0o640), '644');
  assert.equal(notified('u=rwX,go=rX', 0o700), '755');
  assert.equal(notified('u=rwX,go=rX', 0o600, true), '755');
  assert.equal(notified('a+x', 0o644), '755');
  assert.equal(notified('+w', 0o444), '666');
  assert.equal(notified('g+s,o-r', 0o755), '2751');
  assert.equal(notified('go-r,+t', 0o644), '1600');
  assert.equal(notified('g=u,o=', 0o750), '770');
  assert.equal(notified('u-x+w', 0o544), '644');
  assert.equal(notified('=', 0o777), '0');
});

test('what is no mode', () => {
  for (const text of ['', 'u', 'x+r', 'u=rwq', '+r,', 'u=ug', '9']) assert.equal(parseMode(text), undefined, text);
});
