// What a manager keeps on disk, with its keys locked and not.
import assert from 'node:assert/strict';
import { lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { type Identity, IdentityFile } from './identity.ts';
import { newSealKey } from './seal.ts';
import { readUnlockKey, unlockKeyText } from './unlock-key.ts';

let folder: string;
let memory: string;

beforeEach(() => {
  folder = mkdtempSync('/tmp/berth-identity-');
  memory = join(folder, 'memory');
  mkdirSync(memory);
});
afterEach(() => rmSync(folder, { recursive: true }));

const SECRETS = ['private-key', 'seal-key'];
const identity: Identity = {
  schema: 1,
  node: 'n',
  cluster: 'c',
  role: 'manager',
  address: '10.0.0.1',
  listen: '0.0.0.0:2377',
  advertise: '10.0.0.1:2377',
  managers: [],
  root: 'root',
  certificate: 'certificate',
  key: 'private-key',
  manager: { sealKey: 'seal-key', peer: 'p', members: [], joins: false },
};

/** Names of files in the cluster's folder that have a secret in clear. */
function inClear(): string[] {
  const cluster = join(folder, 'cluster');
  return readdirSync(cluster).filter((name) => {
    const path = join(cluster, name);
    return lstatSync(path).isFile() && SECRETS.some((one) => readFileSync(path, 'utf8').includes(one));
  });
}

test('keys of a locked manager lie sealed, and come back with the unlock key alone', () => {
  const unlockKey = newSealKey();
  const file = new IdentityFile(folder);
  file.write(identity);
  assert.deepEqual(inClear().sort(), ['identity.json', 'node.key']);
  file.setLock({ unlockKey, memory });
  file.write(identity);
  assert.deepEqual(inClear(), []);
  assert.equal(readFileSync(join(folder, 'cluster', 'node.key'), 'utf8'), 'private-key');

  const again = new IdentityFile(folder);
  assert.equal(again.isLocked, true);
  assert.equal(again.read()?.key, '');
  assert.equal(again.read()?.manager?.sealKey, '');
  assert.throws(() => again.checkUnlock(newSealKey()), /invalid key provided/);
  again.checkUnlock(unlockKey);
  assert.throws(() => again.unlock({ unlockKey: newSealKey(), memory }), /invalid key provided/);
  assert.equal(again.isLocked, true);
  assert.deepEqual(again.unlock({ unlockKey, memory }), identity);
  assert.equal(again.isLocked, false);
});

test('a manager that is locked no more keeps its keys as they are', () => {
  const file = new IdentityFile(folder);
  file.setLock({ unlockKey: newSealKey(), memory });
  file.write(identity);
  file.setLock(undefined);
  file.write(identity);
  rmSync(memory, { recursive: true });
  const again = new IdentityFile(folder);
  assert.equal(again.isLocked, false);
  assert.deepEqual(again.read(), identity);
  assert.equal(readFileSync(join(folder, 'cluster', 'node.key'), 'utf8'), 'private-key');
});

test('a worker has nothing to lock', () => {
  const file = new IdentityFile(folder);
  file.setLock({ unlockKey: newSealKey(), memory });
  const { manager: _, ...worker } = identity;
  file.write({ ...worker, role: 'worker' });
  assert.equal(new IdentityFile(folder).isLocked, false);
});

test('unlock keys are read as they are shown, and nothing else is', () => {
  const key = newSealKey();
  const text = unlockKeyText(key);
  assert.match(text, /^SWMKEY-1-[A-Za-z0-9+/]{43}$/);
  assert.equal(readUnlockKey(` ${text}\n`), key);
  for (const wrong of ['', 'SWMKEY-1-', text.slice(0, -1), `SWMKEY-2-${text.slice(9)}`, key])
    assert.throws(() => readUnlockKey(wrong), /invalid key provided/);
});
