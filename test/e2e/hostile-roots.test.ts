// Root file systems that are odd or mean harm: links where the kernel's files are mounted, a runtime that is to be overwritten.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { findProgram } from '../../src/host/find.ts';
import { type Result, TestDaemon } from '../support/daemon.ts';
import { Bystander } from '../support/no-side-effects.ts';

let daemon: TestDaemon;
let bystander: Bystander;
let runtimes: readonly string[] = [];

const berth = (...args: string[]): Promise<Result> => daemon.berth(...args);

async function ok(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await berth(...args);
  assert.equal(code, 0, `berth ${args.join(' ')}: ${stderr}`);
  return stdout;
}

/** busybox with what this script makes of it; the script sees its root at $R. */
async function image(name: string, script: string): Promise<void> {
  const id = (await ok('create', '--network', 'none', 'busybox', 'true')).trim();
  const folder = mkdtempSync('/tmp/berth-roots-');
  try {
    await sh(`mkdir ${folder}/r && curl -sf --unix-socket ${daemon.socket} http://x/containers/${id}/export | tar x -C ${folder}/r
      R=${folder}/r O=../../../../../../../../..${bystander.folder}/sub; ${script}
      tar c -C ${folder}/r . > ${folder}/tar`);
    await ok('import', join(folder, 'tar'), name);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  await ok('rm', id);
}

async function sh(script: string): Promise<void> {
  const { execFile } = await import('node:child_process');
  await new Promise<void>((resolve, reject) => {
    execFile('sh', ['-ec', script], (error) => (error ? reject(error) : resolve()));
  });
}

/** Values of the kernel that a container must not reach. */
const kernel = (): string =>
  readFileSync('/proc/sys/kernel/core_pattern', 'utf8') + readFileSync('/proc/sys/kernel/hostname', 'utf8');
const digest = (file: string): string => createHash('sha256').update(readFileSync(file)).digest('hex');

suite('odd and hostile roots', () => {
  before(async () => {
    bystander = new Bystander();
    daemon = await TestDaemon.start();
    await daemon.busybox();
    const { body } = await daemon.get('/info');
    runtimes = Object.keys((JSON.parse(body) as { Runtimes: object }).Runtimes);
  });

  after(async () => {
    bystander[Symbol.dispose]();
    assert.deepEqual(await daemon.end(), []);
  });

  test('fault R32: absolute links of an image lead to places inside: mounts, cp, restarts', async () => {
    await image(
      'linked',
      'mkdir -p $R/run $R/data; rm -rf $R/var/run; mkdir -p $R/var; ln -s /run $R/var/run; ln -s /run/resolv $R/etc/resolv.conf; ln -s /data $R/place',
    );
    const folder = join(bystander.folder, 'given');
    mkdirSync(folder);
    writeFileSync(join(folder, 'f'), 'given\n');
    await ok(
      'run',
      '-d',
      '--name',
      'linked',
      '-v',
      `${folder}:/var/run/in`,
      '-w',
      '/place/sub',
      'linked',
      'sh',
      '-c',
      'echo up > /var/run/up; sleep 1000',
    );
    for (const round of ['first', 'after a restart']) {
      assert.equal(await ok('exec', 'linked', 'cat', '/run/in/f'), 'given\n', round);
      assert.equal((await ok('exec', 'linked', 'pwd')).trim(), '/data/sub', round);
      await ok('cp', join(folder, 'f'), 'linked:/var/run/copied');
      assert.equal(await ok('exec', 'linked', 'cat', '/run/copied'), 'given\n', round);
      assert.match(await ok('exec', 'linked', 'cat', '/etc/resolv.conf'), /nameserver/, round);
      await ok('restart', '-t', '0', 'linked');
    }
    await ok('stop', '-t', '0', 'linked');
    await ok('cp', 'linked:/var/run/up', join(folder, 'back'));
    assert.equal(readFileSync(join(folder, 'back'), 'utf8'), 'up\n');
    await ok('rm', '-f', 'linked');
  });

  test('fault R34: a container that writes to /proc/PID/exe of the runtime changes no program of the host', async () => {
    await image('seizer', "printf '#!/proc/self/exe\\n' > $R/evil; chmod 755 $R/evil; ln -s /proc/self/exe $R/self");
    const programs = ['crun', 'runc', 'conmon'].flatMap((name) => findProgram(name) ?? []);
    assert.ok(programs.length >= 2);
    const digests = programs.map(digest);
    // whatever is not busybox was the runtime's: written to as long as it is there
    const seize =
      'while :; do for p in /proc/[0-9]*; do case $(readlink $p/exe) in */busybox|"") ;; *) echo x > $p/exe; echo y >> $p/exe;; esac; done; done 2>/dev/null';
    for (const runtime of runtimes) {
      const name = `seizer-${runtime}`;
      await ok(
        'run',
        '-d',
        '--name',
        name,
        '--runtime',
        runtime,
        '--network',
        'none',
        '--entrypoint',
        'sh',
        'seizer',
        '-c',
        seize,
      );
      await Promise.all(
        ['/evil', '/self', '/proc/self/exe', '/evil', '/self', 'true'].map((program) => berth('exec', name, program)),
      );
      for (const entry of ['/evil', '/self', '/proc/self/exe'])
        await berth(
          'run',
          '--rm',
          '--runtime',
          runtime,
          '--network',
          'none',
          '--pid',
          `container:${name}`,
          '--entrypoint',
          entry,
          'seizer',
        );
      await ok('rm', '-f', name);
    }
    assert.deepEqual(programs.map(digest), digests);
    assert.equal(await ok('run', '--rm', '--network', 'none', 'busybox', 'echo', 'well'), 'well\n');
  });

  const HOSTILE: Readonly<Record<string, string>> = {
    '/dev': 'rm -rf $R/dev; ln -s /proc $R/dev',
    '/dev, out of the root': 'rm -rf $R/dev; ln -s $O $R/dev',
    '/proc, out of the root': 'rm -rf $R/proc; ln -s $O $R/proc',
    '/sys, out of the root': 'rm -rf $R/sys; ln -s $O $R/sys',
    '/etc, out of the root': 'rm -rf $R/etc; ln -s $O $R/etc',
    '/dev/null, console and pts':
      'mkdir -p $R/dev/pts; rm -f $R/dev/null $R/dev/console; ln -s /proc/sys/kernel/core_pattern $R/dev/null; ln -s /proc/sysrq-trigger $R/dev/console; ln -s /etc/passwd $R/dev/pts/0',
    '/etc/resolv.conf, hosts and hostname':
      'for f in resolv.conf hosts hostname; do rm -f $R/etc/$f; ln -s /proc/sys/kernel/hostname $R/etc/$f; done',
    '/dev/shm and mqueue':
      'mkdir -p $R/dev; rm -rf $R/dev/shm $R/dev/mqueue; ln -s /etc $R/dev/shm; ln -s /proc/self $R/dev/mqueue',
  };

  for (const [place, script] of Object.entries(HOSTILE))
    test(`fault R35: an image with a link for ${place} does not start, or is as confined as any`, async () => {
      await image('hostile', script);
      const values = kernel();
      await bystander.unharmed(daemon, place, async () => {
        for (const runtime of runtimes) {
          const write = (file: string): string => `(echo x > ${file}) 2>/dev/null && echo wrote`;
          const look = `cat /proc/kcore 2>/dev/null | head -c 1 | wc -c; ${write('/proc/sys/kernel/core_pattern')}; ${write('/proc/sysrq-trigger')}; echo end`;
          const { code, stdout, stderr } = await berth(
            'run',
            '--rm',
            '-t',
            '--runtime',
            runtime,
            'hostile',
            'sh',
            '-c',
            look,
          );
          if (code === 0) assert.match(stdout, /^0\r?\nend\r?\n$/, `${runtime}: ${stdout}`);
          else assert.match(stderr, /OCI runtime create failed|error/, `${runtime}: ${stdout}${stderr}`);
        }
      });
      assert.equal(kernel(), values);
      await ok('rmi', '-f', 'hostile');
    });
});
