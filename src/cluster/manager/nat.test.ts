// Who joins from behind an address translation.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { natProblem } from './nat.ts';

test('a node that managers see by another address is refused, unless it advertises one of its own choice', () => {
  assert.match(
    natProblem({ address: '10.1.0.2', local: '10.1.0.2' }, '192.0.2.1') ?? '',
    /10\.1\.0\.2, .* 192\.0\.2\.1;/,
  );
  assert.equal(natProblem({ address: '192.0.2.1', local: '10.1.0.2' }, '192.0.2.1'), undefined);
  assert.equal(natProblem({ address: '10.1.0.2', local: '10.1.0.2' }, '10.1.0.2'), undefined);
  // several networks of its own: it is reached by another than the one by which it reaches the managers
  assert.equal(natProblem({ address: '10.2.0.2', local: '10.1.0.2' }, '10.1.0.2'), undefined);
  assert.equal(natProblem({ address: '10.1.0.2' }, '192.0.2.1'), undefined);
});
