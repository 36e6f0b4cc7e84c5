// The docker CLI and a container's files: cp, diff, export, commit; with containers that would lead a copy out to the host.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, suite, test } from 'node:test';
import { TestDaemon } from '../support/daemon.ts';
import { dockerMissing } from '../support/program.ts';

let daemon: TestDaemon;
let work = '';

async function docker(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await daemon.docker(...args);
  assert.equal(code, 0, `docker ${args.join(' ')}: ${stderr}`);
  return stdout.replace(/\n$/, '');
}

async function refused(words: RegExp, ...args: string[]): Promise<void> {
  const result = await daemon.docker(...args);
  assert.equal(result.code, 1, result.stdout);
  assert.match(result.stderr, words);
}

/** Through a shell, for what is piped as bytes. */
function piped(script: string): string {
  const env = { ...process.env, DOCKER_HOST: daemon.host };
  return execFileSync('sh', ['-ec', script], { cwd: work, env, encoding: 'utf8' });
}

async function running(name: string, script: string, ...flags: string[]): Promise<AsyncDisposable> {
  const full = `${script}\n: > /tmp/.ready; exec sleep 1000`;
  await docker('run', '-d', '--network', 'none', '--name', name, ...flags, 'busybox', 'sh', '-c', full);
  const wait = 'until [ -e /tmp/.ready ]; do usleep 10000; done; rm /tmp/.ready';
  await docker('exec', name, 'timeout', '10', 'sh', '-c', wait);
  return { [Symbol.asyncDispose]: async () => void (await daemon.docker('rm', '-f', '-v', name)) };
}

suite('docker', { skip: dockerMissing() }, () => {
  before(async () => {
    work = mkdtempSync(join(tmpdir(), 'files-'));
    mkdirSync(join(work, 'a'));
    writeFileSync(join(work, 'a/f'), 'from the host\n');
    daemon = await TestDaemon.start();
    await daemon.busybox();
  });

  beforeEach(async () => assert.equal(await docker('ps', '-aq'), '', 'the test before left nothing'));

  after(async () => {
    rmSync(work, { recursive: true, force: true });
    assert.deepEqual(await daemon.end(), []);
  });

  test('cp: in and out, running and stopped, volumes and tmpfs, links from the root of the container', async () => {
    await using _ = await running(
      'box',
      'mkdir /run/app; ln -s /run /var/run; ln -s ../../../run/app /up; echo t > /shm/t',
      '-v',
      '/vol',
      '--tmpfs',
      '/shm',
    );
    assert.equal(piped('docker cp box:/shm/t - | tar -xO'), 't\n');
    for (const state of ['running', 'stopped']) {
      for (const place of ['/var/run/app', '/up', '/vol']) {
        await docker('cp', join(work, 'a'), `box:${place}/${state}`);
        assert.equal(piped(`docker cp box:${place}/${state}/f - | tar -xO`), 'from the host\n');
      }
      await docker('cp', `box:/var/run/app/.`, join(work, state));
      assert.equal(readFileSync(join(work, state, state, 'f'), 'utf8'), 'from the host\n');
      await refused(/Could not find the file \/none in container box/, 'cp', 'box:/none', work);
      if (state === 'running') await docker('stop', '-t', '0', 'box');
    }
    await docker('start', 'box');
    assert.equal(
      await docker('exec', 'box', 'cat', '/vol/stopped/f', '/run/app/stopped/f'),
      'from the host\nfrom the host',
    );
  });

  test('cp of a container that never ran sees what the image has where its volumes are', async () => {
    await docker('create', '--name', 'box', '-v', '/etc', 'busybox', 'cat', '/etc/f', '/etc/passwd');
    try {
      assert.match(piped('docker cp box:/etc/passwd - | tar -xO'), /^root:/);
      await docker('cp', join(work, 'a/f'), 'box:/etc/');
      assert.match(await docker('start', '-a', 'box'), /^from the host\nroot:/);
    } finally {
      await docker('rm', '-v', 'box');
    }
  });

  test('fault R30: cp: links of /proc lead nowhere, also when the container sees the processes of the host', async () => {
    const outside = join(work, 'outside');
    mkdirSync(outside);
    await using _ = await running(
      'box',
      `ln -s /proc/1/root${outside} /out; ln -s ${outside} /plain`,
      '--pid',
      'host',
      '-v',
      '/proc:/host/proc',
    );
    for (const way of ['/out', '/plain', `/proc/1/root${outside}`, `/host/proc/1/root${outside}`]) {
      await refused(/Could not find the file|no such (file or )?directory/, 'cp', join(work, 'a/f'), `box:${way}/f`);
      await refused(/Could not find the file|no such (file or )?directory/, 'cp', `box:${way}/.`, work);
    }
    assert.deepEqual(readdirSync(outside), []);
  });

  test('fault R31: cp of a compressed archive runs nothing that the container brings', async () => {
    const trap =
      'for x in unpigz pigz gunzip gzip bzip2 xz zstd tar; do printf "#!/bin/sh\\n: > /trapped\\n" > /bin/$x; chmod 755 /bin/$x; done';
    await using _ = await running('box', trap);
    for (const [flag, folder] of [
      ['z', '/tmp'],
      ['j', '/root'],
      ['J', '/run'],
    ] as const) {
      piped(`tar -c${flag} -C a f | docker cp - box:${folder}`);
      assert.equal(await docker('exec', 'box', 'cat', `${folder}/f`), 'from the host');
    }
    assert.equal((await daemon.docker('exec', 'box', 'test', '-e', '/trapped')).code, 1);
  });

  test('cp: read-only places are refused, writable ones in them are not', async () => {
    await docker('create', '--name', 'box', '--read-only', '-v', '/rw', '-v', `${work}:/ro:ro`, 'busybox');
    try {
      await refused(/container rootfs is marked read-only/, 'cp', join(work, 'a/f'), 'box:/tmp/');
      await refused(/mounted volume is marked read-only/, 'cp', join(work, 'a/f'), 'box:/ro/');
      await docker('cp', join(work, 'a/f'), 'box:/rw/');
    } finally {
      await docker('rm', '-v', 'box');
    }
  });

  test('diff, export and commit tell of what was done, and of nothing else', async () => {
    await using _ = await running(
      'box',
      'echo 1 > /new; echo x >> /etc/passwd; rm /bin/arch; mkdir -p /a/b',
      '-v',
      '/vol',
    );
    for (const state of ['running', 'exited']) {
      const diff = (await docker('diff', 'box')).split('\n').sort();
      assert.deepEqual(diff, [
        'A /a',
        'A /a/b',
        'A /new',
        'A /vol',
        'C /bin',
        'C /etc',
        'C /etc/passwd',
        'D /bin/arch',
      ]);
      const names = piped('docker export box | tar -t').split('\n');
      assert.deepEqual(
        ['new', 'a/b/', 'bin/arch', 'proc/1/', 'bin/ls'].map((name) => names.includes(name)),
        [true, true, false, false, true],
      );
      await docker('commit', '-c', 'ENV A=b', '-m', 'said', 'box', `made:${state}`);
      assert.equal(await docker('inspect', '-f', '{{.State.Status}}', 'box'), state);
      const made = 'echo $A; cat /new; ls -d /a/b; ls /bin/arch 2>&1; true';
      const shown = await docker('run', '--rm', '--network', 'none', `made:${state}`, 'sh', '-c', made);
      assert.equal(shown, 'b\n1\n/a/b\nls: /bin/arch: No such file or directory');
      await docker('rmi', `made:${state}`);
      if (state === 'running') await docker('stop', '-t', '0', 'box');
    }
    const events = await docker(
      'events',
      '--since',
      '1h',
      // the client sends whole seconds: `0s` would leave out what happened in this one
      '--until',
      String(Math.ceil(Date.now() / 1000)),
      '--filter',
      'container=box',
      '--format',
      '{{.Action}}',
    );
    assert.deepEqual(
      events.split('\n').filter((action) => /^(export|commit|pause|unpause)$/.test(action)),
      ['export', 'pause', 'commit', 'unpause', 'export', 'commit'],
    );
  });

  test('archives with holes: import, save, load, cp and ADD; the holes take no space', async () => {
    mkdirSync(join(work, 'holes'));
    // more fragments than the header and one block behind it hold
    for (let i = 0; i < 30; i += 1)
      piped(`head -c 8192 /dev/urandom | dd of=holes/many bs=64k seek=${i} conv=notrunc 2>&1`);
    piped('truncate -s 3M holes/many; truncate -s 50M holes/hole; : > holes/empty');
    // 480 blocks are written, and the file system may need one or two of its own for them
    const look = 'sha256sum *; stat -c "%n %s" *; stat -c %b hole; [ $(stat -c %b many) -lt 500 ] && echo holes';
    const all = piped(`cd holes; ${look}`).trim();
    writeFileSync(join(work, 'Dockerfile'), 'FROM busybox\nADD a.tar /holes/\n');
    mkdirSync(join(work, 'put'));
    const forms = ['gnu', ...['0.0', '0.1', '1.0'].map((version) => `posix --sparse-version=${version}`)];
    for (const form of forms) {
      piped(`tar -S --format=${form} -C holes -cf a.tar many hole empty`);
      const sha = piped('sha256sum < a.tar').slice(0, 64);
      await docker('import', join(work, 'a.tar'), 'holes');
      piped('docker save holes > saved.tar; docker rmi holes; docker load < saved.tar');
      assert.equal(
        await docker('inspect', '-f', '{{index .RootFS.Layers 0}} {{.Size}}', 'holes'),
        `sha256:${sha} ${53 * 2 ** 20}`,
      );
      assert.equal(piped(`docker save holes | tar -xO blobs/sha256/${sha} | sha256sum`).slice(0, 64), sha);
      await docker('build', '-q', '-t', 'added', work);
      const script = `cd /holes; ${look}; cd /put; ${look}`;
      await docker('create', '--name', 'box', '--network', 'none', 'added', 'sh', '-c', script);
      piped('docker cp put box:/; docker cp - box:/put < a.tar');
      assert.equal(await docker('start', '-a', 'box'), `${all}\n${all}`, form);
      await docker('rm', 'box');
      await docker('rmi', 'added', 'holes');
    }
  });
});
