// Users by name and number, and image files that try to trick the reader.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { assert as always, nat, property, string } from 'fast-check';
import { lookupUser, resolveUser } from './index.ts';

const PASSWD =
  'root:x:0:0:root:/root:/bin/sh\n# note\nann:x:1000:1001:Ann:/home/ann:/bin/sh\nbad:x:zero:0::/:\n1:x:7:7::/odd:\n';
const GROUP = 'root:x:0:\nstaff:x:50:ann,bob\nann:x:1001:\nwheel:x:10:root\n';
const find = (spec: string, add: string[] = []) => lookupUser(PASSWD, GROUP, spec, add);

test('users by name and by number, with their groups', () => {
  assert.deepEqual(find(''), { uid: 0, gid: 0, additionalGids: [0, 10], home: '/root' });
  assert.deepEqual(find('ann'), { uid: 1000, gid: 1001, additionalGids: [1001, 50], home: '/home/ann' });
  assert.deepEqual(find('1000'), find('ann'));
  assert.deepEqual(find('ann:staff'), { uid: 1000, gid: 50, additionalGids: [50], home: '/home/ann' });
  assert.deepEqual(find('4242'), { uid: 4242, gid: 0, additionalGids: [0], home: '/' });
  assert.deepEqual(find('5:6', ['77', 'wheel']), { uid: 5, gid: 6, additionalGids: [6, 77, 10], home: '/' });
  assert.deepEqual(find(':50').gid, 50);
});

test('fault R36: a number is that uid and no other, whoever is called like it', () => {
  assert.equal(find('1').uid, 1);
  assert.equal(find('1:').uid, 1);
  always(property(nat(2 ** 31 - 1), (uid) => find(String(uid)).uid === uid));
});

test('fault I19: unknown names and ids out of range are refused in docker’s words', () => {
  const message = (spec: string, add: string[] = []): string => {
    try {
      find(spec, add);
    } catch (error) {
      return (error as Error).message;
    }
    return 'no error';
  };
  assert.equal(message('x'), 'unable to find user x: no matching entries in passwd file');
  assert.equal(message('bad'), 'unable to find user bad: no matching entries in passwd file');
  assert.equal(message('ann:x'), 'unable to find group x: no matching entries in group file');
  assert.equal(message('0:0:0'), 'unable to find group 0:0: no matching entries in group file');
  assert.equal(message('0', ['x']), 'unable to find group x: no matching entries in group file');
  for (const spec of ['4294967296', '-1', '0:-1', '2147483648', '0:4294967296']) {
    assert.equal(message(spec), 'uids and gids must be in range 0-2147483647');
  }
});

test('any text is answered or refused, never misread', () => {
  always(
    property(string(), string(), string(), (passwd, group, spec) => {
      try {
        const user = lookupUser(passwd, group, spec);
        return user.uid >= 0 && user.uid < 2 ** 31;
      } catch (error) {
        return error instanceof Error && error.name === 'BerthError';
      }
    }),
  );
});

function inRoot(body: (root: string, outside: string) => void): void {
  const dir = mkdtempSync(join(tmpdir(), 'berth-user-'));
  try {
    mkdirSync(join(dir, 'root/etc'), { recursive: true });
    body(join(dir, 'root'), dir);
  } finally {
    rmSync(dir, { recursive: true });
  }
}

test('fault R36: symlinks stay inside the image, absent files are empty', () => {
  inRoot((root, outside) => {
    assert.equal(resolveUser(root, '', []).uid, 0);
    writeFileSync(join(outside, 'passwd'), 'eve:x:666:666::/:\n');
    symlinkSync(join(outside, 'passwd'), join(root, 'etc/passwd'));
    assert.throws(() => resolveUser(root, 'eve', []), /no matching entries/);
    rmSync(join(root, 'etc/passwd'));
    symlinkSync('../../../../../../real', join(root, 'etc/passwd'));
    writeFileSync(join(root, 'real'), 'eve:x:7:7::/:\n');
    assert.equal(resolveUser(root, 'eve', []).uid, 7);
  });
});

test('fault R36: a FIFO in place of a file neither blocks nor is read', () => {
  inRoot((root) => {
    execFileSync('mkfifo', [join(root, 'etc/passwd')]);
    assert.throws(() => resolveUser(root, 'x', []), /not a regular file/);
  });
});

test('limit: a list of users that is larger than any is refused before it is read', () => {
  const root = mkdtempSync(join(tmpdir(), 'berth-users-'));
  try {
    mkdirSync(join(root, 'etc'));
    writeFileSync(join(root, 'etc/passwd'), PASSWD);
    truncateSync(join(root, 'etc/passwd'), 8 * 1024 * 1024);
    assert.equal(resolveUser(root, 'ann', []).uid, 1000);
    truncateSync(join(root, 'etc/passwd'), 8 * 1024 * 1024 + 1);
    assert.throws(() => resolveUser(root, 'ann', []), { message: /is larger than 8388608 bytes/ });
  } finally {
    rmSync(root, { recursive: true });
  }
});
