// The docker CLI mounts things into containers: directories of the host, volumes, tmpfs.
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { mount, unmountSync } from '../../src/host/mount.ts';
import { type Result, TestDaemon } from '../support/daemon.ts';
import { dockerMissing } from '../support/program.ts';

let daemon: TestDaemon;

/** `docker run --rm --network none …`. */
function run(...args: string[]): Promise<Result> {
  return daemon.docker('run', '--rm', '--network', 'none', ...args);
}

/** What a shell in the container prints; fails the test when it does not end with 0. */
async function shell(flags: string[], script: string): Promise<string> {
  const { code, stdout, stderr } = await run(...flags, 'busybox', 'sh', '-c', script);
  assert.equal(code, 0, stderr);
  assert.equal(stderr, '');
  return stdout;
}

suite('docker run with mounts', { skip: dockerMissing() }, () => {
  before(async () => {
    daemon = await TestDaemon.start();
    await daemon.busybox();
  });

  after(async () => assert.deepEqual(await daemon.end(), []));

  test('-v: a directory of the host, written and read-only', async () => {
    const folder = join(daemon.folder, 'shared');
    mkdirSync(folder);
    writeFileSync(join(folder, 'given'), 'from the host\n');
    assert.equal(await shell(['-v', `${folder}:/in`], 'cat /in/given; echo back > /in/made'), 'from the host\n');
    assert.equal(readFileSync(join(folder, 'made'), 'utf8'), 'back\n');
    assert.match(await shell(['-v', `${folder}:/in:ro`], 'touch /in/x 2>&1; true'), /Read-only file system/);
    assert.equal(await shell(['-v', `${join(folder, 'new')}:/in`], 'ls /in | wc -l'), '0\n');
    assert.ok(existsSync(join(folder, 'new')), '-v makes the directory');
  });

  test('--mount: bind, its readonly, a source that is missing, tmpfs and volume', async () => {
    const folder = join(daemon.folder, 'mounted');
    mkdirSync(folder);
    writeFileSync(join(folder, 'file'), 'content\n');
    assert.match(
      await shell(['--mount', `type=bind,src=${folder}/file,dst=/file,readonly`], 'cat /file; touch /file 2>&1; true'),
      /^content\ntouch: \/file: Read-only file system\n$/,
    );
    const missing = await run('--mount', `type=bind,src=${folder}/nosuch,dst=/x`, 'busybox', 'true');
    assert.equal(missing.code, 125);
    assert.match(missing.stderr, /bind source path does not exist: .*\/nosuch/);
    assert.match(
      await shell(
        ['--mount', 'type=tmpfs,dst=/t,tmpfs-size=2097152,tmpfs-mode=700'],
        'stat -c %a /t; df -k /t | tail -n 1',
      ),
      /^700\ntmpfs\s+2048 /,
    );
    assert.equal(await shell(['--mount', 'type=volume,src=named,dst=/v'], 'echo kept > /v/x; ls /v'), 'x\n');
    assert.equal(await shell(['-v', 'named:/elsewhere:ro'], 'cat /elsewhere/x'), 'kept\n');
    assert.equal((await daemon.docker('volume', 'rm', 'named')).stdout, 'named\n');
  });

  test('read-only holds for what is mounted below, on request not; bind-recursive=disabled leaves it out', async () => {
    const folder = join(daemon.folder, 'outer');
    mkdirSync(join(folder, 'inner'), { recursive: true });
    mount('inner', join(folder, 'inner'), 'tmpfs', 0, '');
    try {
      writeFileSync(join(folder, 'inner/file'), 'kept\n');
      const mounted = `type=bind,src=${folder},dst=/o,readonly`;
      const tries = 'cat /o/inner/file; touch /o/inner/x 2>&1; true';
      const nested = /^kept\ntouch: \/o\/inner\/x: Read-only file system\n$/;
      assert.match(await shell(['--mount', mounted], tries), nested);
      assert.match(await shell(['-v', `${folder}:/o:ro`], tries), nested);
      assert.equal(await shell(['--mount', `${mounted},bind-recursive=writable`], tries), 'kept\n');
      assert.equal(await shell(['--mount', `${mounted},bind-recursive=disabled`], 'ls /o/inner'), '');
    } finally {
      unmountSync(join(folder, 'inner'));
    }
  });

  test('anonymous volumes go with --rm, are copied up, and --volumes-from shares them', async () => {
    assert.equal(await shell(['-v', '/etc'], 'grep -c ^root: /etc/passwd'), '1\n');
    await daemon.docker(
      'run',
      '-d',
      '--network',
      'none',
      '--name',
      'holder',
      '-v',
      '/data',
      'busybox',
      'sh',
      '-c',
      'echo held > /data/x; sleep 1000',
    );
    assert.equal(
      await shell(['--volumes-from', 'holder'], 'until [ -s /data/x ]; do sleep 0.05; done; cat /data/x'),
      'held\n',
    );
    await daemon.docker('rm', '-f', '-v', 'holder');
    assert.equal((await daemon.docker('volume', 'ls', '-q')).stdout, '');
  });

  test('a volume in use cannot be removed', async () => {
    await daemon.docker('create', '--name', 'user', '-v', 'used:/v', 'busybox');
    const refused = await daemon.docker('volume', 'rm', 'used');
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /volume is in use - \[[0-9a-f]{64}\]/);
    await daemon.docker('rm', 'user');
    assert.equal((await daemon.docker('volume', 'rm', 'used')).code, 0);
  });

  test('--mount type=image: an image’s files, read-only, of several layers, and kept when the image is removed', async () => {
    const context = join(daemon.folder, 'mounted-image');
    mkdirSync(context);
    const lines = [
      'FROM busybox',
      'RUN mkdir /d && echo one > /d/f && ln -s d /in && ln -s /etc /out',
      'RUN echo two > /g',
    ];
    writeFileSync(join(context, 'Dockerfile'), `${lines.join('\n')}\n`);
    assert.equal((await daemon.berth('build', '-q', '-t', 'files', context)).code, 0);
    const image = (subpath = ''): string[] => [
      '--mount',
      `type=image,src=files,dst=/i${subpath === '' ? '' : `,image-subpath=${subpath}`}`,
    ];
    const create = ['create', '--name', 'reader', '--network', 'none', ...image(), 'busybox', 'cat', '/i/d/f', '/i/g'];
    assert.equal((await daemon.docker(...create)).code, 0);
    const written = await run(...image(), 'busybox', 'touch', '/i/x');
    assert.match(written.stderr, /Read-only file system/);
    assert.match((await run(...image('in'), 'busybox', 'cat', '/i/f')).stdout, /^one$/m);
    assert.match((await run(...image('d/f'), 'busybox', 'cat', '/i')).stdout, /^one$/m);
    assert.match(
      (await run(...image('out'), 'busybox', 'true')).stderr,
      /path concatenation escapes the base directory/,
    );
    assert.match(
      (await run(...image('no'), 'busybox', 'true')).stderr,
      /cannot access path .*\/no: .*ENOENT|no such file/,
    );
    const used = await daemon.docker('rmi', 'files');
    assert.match(used.stderr, /container \w+ is using its referenced image/);
    assert.equal((await daemon.docker('rmi', '-f', 'files')).code, 0);
    assert.equal((await daemon.docker('start', '-a', 'reader')).stdout, 'one\ntwo\n');
    const shown = await daemon.docker(
      'inspect',
      '-f',
      '{{(index .Mounts 0).Type}} {{(index .Mounts 0).Name}} {{(index .Mounts 0).RW}}',
      'reader',
    );
    assert.equal(shown.stdout, 'image files false\n');
    assert.equal((await daemon.docker('rm', 'reader')).code, 0);
  });

  test('volume-subpath: through links of the volume, never out of it, and filled from the image', async () => {
    const script = 'mkdir /v/d /v/bin && echo here > /v/d/f && ln -s d /v/in && ln -s / /v/out && ln -s ../.. /v/up';
    assert.equal(await shell(['-v', 'parts:/v'], script), '');
    const part = (subpath: string, at = '/p'): string[] => [
      '--mount',
      `type=volume,src=parts,dst=${at},volume-subpath=${subpath}`,
    ];
    assert.equal(await shell(part('in'), 'cat /p/f; echo more > /p/g'), 'here\n');
    assert.equal(await shell(part('d/g'), 'cat /p'), 'more\n');
    for (const away of ['out', 'up', 'in/../out'])
      assert.match((await run(...part(away), 'busybox', 'true')).stderr, /escapes the base directory/, away);
    assert.match((await run(...part('no'), 'busybox', 'true')).stderr, /cannot access path/);
    assert.equal(await shell(part('bin', '/bin'), 'test -e /bin/busybox && echo filled'), 'filled\n');
    const made = await daemon.docker('create', '--name', 'copied', ...part('in'), 'busybox');
    assert.equal(made.code, 0, made.stderr);
    assert.equal((await daemon.docker('cp', 'copied:/p/f', '-')).code, 0);
    assert.equal((await daemon.docker('rm', 'copied')).code, 0);
    assert.equal((await daemon.docker('volume', 'rm', 'parts')).stdout, 'parts\n');
  });
});
