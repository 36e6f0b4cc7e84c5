// fault N50: a container on the host's network shares the host's abstract sockets: nothing of the daemon or its monitors is among them,
// and what they have in the file system is root's alone.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { TestDaemon } from '../support/daemon.ts';

/** Inodes of the sockets that a process holds. */
function socketsOf(pid: number): Set<string> {
  return new Set(
    readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
      try {
        return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1] ?? [];
      } catch {
        return [];
      }
    }),
  );
}

function namesOf(inodes: ReadonlySet<string>): string[] {
  return readFileSync('/proc/net/unix', 'latin1')
    .split('\n')
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
    .filter(([, , , , , , inode = '']) => inodes.has(inode))
    .flatMap((columns) => columns[7] ?? []);
}

suite('sockets of the daemon', () => {
  let daemon: TestDaemon;
  before(async () => {
    daemon = await TestDaemon.start();
    await daemon.busybox();
    const { code, stderr } = await daemon.berth(
      'run',
      '-di',
      '--name',
      'box',
      '--network',
      'host',
      'busybox',
      'sleep',
      '100',
    );
    assert.equal(code, 0, stderr);
  });
  after(async () => {
    await daemon.berth('rm', '-f', 'box');
    assert.deepEqual(await daemon.end(), []);
  });

  test('fault N50: no socket of the daemon or a monitor is abstract, and none is open to others', async () => {
    const monitors = readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map(Number)
      .filter((pid) => {
        try {
          const words = readFileSync(`/proc/${pid}/cmdline`, 'latin1').split('\0');
          return (words[0] ?? '').endsWith('conmon') && words.some((word) => word.includes(daemon.folder));
        } catch {
          return false;
        }
      });
    assert.equal(monitors.length, 1);
    const names = [daemon.pid, ...monitors].flatMap((pid) => namesOf(socketsOf(pid)));
    assert.ok(names.length > 0, 'the daemon has its API, the monitor its attach socket');
    for (const name of names)
      assert.ok(name.startsWith('/'), `${name} is abstract: whoever is on the host's network could connect`);
    const files = readdirSync(daemon.execRoot, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isSocket())
      .map((entry) => join(entry.parentPath, entry.name));
    assert.ok(files.some((file) => file.endsWith('attach')));
    for (const file of files) {
      const closed = (statSync(file).mode & 0o007) === 0 || (statSync(dirname(file)).mode & 0o001) === 0;
      assert.ok(closed, `${file} is open to everybody`);
    }
    const inside = await daemon.berth('exec', 'box', 'cat', '/proc/net/unix');
    assert.doesNotMatch(inside.stdout, /@.*(conmon|berth)/);
  });
});
