import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { checkGrowth, checkName, parseCpus, parseDisk, parseMemory } from './settings.ts';
import { guestPath, parseShare, withoutNested } from './shares.ts';

test('sizes are read as Docker reads them, and a bare number is MiB of memory, GiB of disk', () => {
  assert.equal(parseMemory('2g'), 2048);
  assert.equal(parseMemory('1536'), 1536);
  assert.equal(parseDisk('20'), 20);
  assert.equal(parseDisk('1t'), 1024);
  assert.equal(parseCpus('8'), 8);
});

test('what no machine can have is refused by name', () => {
  for (const text of ['', '0', '256', '-1', '1.5', '2x', 'two']) assert.throws(() => parseCpus(text), /--cpus/);
  for (const text of ['', '1m', '511', '-2g', 'much', '1e9']) assert.throws(() => parseMemory(text), /--memory/);
  for (const text of ['', '1g', '0', '-20', '99999t', 'NaN']) assert.throws(() => parseDisk(text), /--disk/);
  for (const name of ['', 'default', 'a/b', '..', 'Über', '-x', 'a'.repeat(33), 'A'])
    assert.throws(() => checkName(name));
  checkName('dev-1');
  assert.throws(() => checkGrowth(20, 10), /cannot shrink/);
  checkGrowth(20, 20);
});

test('a folder has the same path inside, and a drive is a folder of its letter', () => {
  assert.equal(guestPath('/home/kim/app/'), '/home/kim/app');
  assert.equal(guestPath('C:\\Users\\kim'), '/c/Users/kim');
  assert.equal(guestPath('d:/work'), '/d/work');
  assert.deepEqual(parseShare('/srv/data:ro'), { host: '/srv/data', guest: '/srv/data', readOnly: true });
  assert.deepEqual(parseShare('C:\\Users:rw'), { host: 'C:\\Users', guest: '/c/Users', readOnly: false });
});

test('folders that would hide the machine itself are refused', () => {
  const hiding =
    '/ /usr /etc /etc/ssh /lib /proc /sys/fs /dev/shm /run /var /var/lib/berth /tmp /usr/bin app ../x /a/../etc';
  for (const text of hiding.split(' ')) assert.throws(() => parseShare(text), /--volume/, text);
  for (const text of ['/root', '/home/kim', '/tmp/x', '/var/www', '/Users/kim', '/opt/a b']) parseShare(text);
});

test('of nested folders the outer one is enough, unless the inner one is only read', () => {
  const shares = ['/home/kim', '/home/kim/app', '/home/kim/lib:ro', '/home/kim', '/home/kims'].map(parseShare);
  assert.deepEqual(
    withoutNested(shares).map(({ guest }) => guest),
    ['/home/kim', '/home/kim/lib', '/home/kims'],
  );
});

test('a path inside is absolute and names the same file, whatever the drive and the slashes', () => {
  const part = fc.stringMatching(/^[A-Za-z0-9 _.-]{1,12}$/).filter((text) => !/^\.+$/.test(text));
  fc.assert(
    fc.property(fc.stringMatching(/^[A-Za-z]$/), fc.array(part, { minLength: 1, maxLength: 5 }), (drive, parts) => {
      const inside = guestPath(`${drive}:\\${parts.join('\\')}`);
      assert.equal(inside, `/${drive.toLowerCase()}/${parts.join('/')}`);
      assert.equal(guestPath(`${drive}:/${parts.join('/')}`), inside);
      assert.equal(guestPath(inside), inside);
    }),
  );
});
