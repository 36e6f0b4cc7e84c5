import assert from 'node:assert/strict';
import { test } from 'node:test';
import { contractFaults, readContract } from './contract.ts';

const contract = readContract({
  'berth.env.DB_PASSWORD': 'required secret: of the database',
  'berth.env.PORT': 'int: where it listens',
  'berth.env.HOME_PAGE': 'required url',
  'berth.env.NOTE': 'free text: with a colon',
  'berth.env.bad-name': 'required',
  'berth.environment': 'required',
  other: 'required',
});

test('labels say what a variable is; what is no word of the form is text', () => {
  assert.deepEqual(
    contract.map(({ name, required, secret, type, text }) => [name, required, secret, type, text]),
    [
      ['DB_PASSWORD', true, true, 'text', 'of the database'],
      ['HOME_PAGE', true, false, 'url', ''],
      ['NOTE', false, false, 'text', 'free text: with a colon'],
      ['PORT', false, false, 'int', 'where it listens'],
    ],
  );
  assert.deepEqual(readContract(null), []);
});

test('what is missing, empty or of another type is said, and values of secrets are not', () => {
  assert.deepEqual(contractFaults(contract, ['DB_PASSWORD=', 'PORT=80a']), [
    'DB_PASSWORD is missing (of the database)',
    'HOME_PAGE is missing',
    'PORT is no int: "80a" (where it listens)',
  ]);
  assert.deepEqual(contractFaults(contract, ['DB_PASSWORD=x=y', 'HOME_PAGE=http://a', 'PORT=-1']), []);
  const secret = readContract({ 'berth.env.PIN': 'secret int' });
  assert.deepEqual(contractFaults(secret, ['PIN=hidden']), ['PIN is no int']);
});
