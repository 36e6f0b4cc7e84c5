// `berth machine` from init to rm, with the built programs, seen from the host as a person sees it: build, run, a folder, a port, a volume.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { findProgram } from '../../src/host/find.ts';
import { execute, type Result } from '../support/daemon.ts';
import { whyNoMachine } from './machine.ts';
import { staticBusybox } from './system.ts';

const ROOT = dirname(dirname(import.meta.dirname));
/** A second start takes as long as all before it: for whoever changes what is kept over one. */
const WITH_SECOND_START = process.env['BERTH_VM_SECOND_START'] === '1';
const missing = ['mmdebstrap', 'ssh', 'ssh-keygen', 'mke2fs'].find((name) => findProgram(name) === undefined);
const reason = (await whyNoMachine()) ?? (missing === undefined ? undefined : `${missing} is not installed`);

describe('berth machine', { skip: reason ?? false }, () => {
  // short, for the sockets in it
  const folder = mkdtempSync(join(tmpdir(), 'bm-'));
  const share = join(folder, 'share');
  const program = join(folder, 'dist/berth.cjs');
  const env = {
    BERTH_MACHINES: join(folder, 'm'),
    DOCKER_CONFIG: join(folder, 'config'),
    BERTH_HOST: '',
    DOCKER_HOST: '',
  };
  const berth = (...args: string[]): Promise<Result> =>
    execute(process.execPath, ['--', program, ...args], { env, timeoutMs: 400_000 });
  const good = async (...args: string[]): Promise<string> => {
    const { code, stdout, stderr } = await berth(...args);
    assert.equal(code, 0, `berth ${args.join(' ')}\n${stdout}${stderr}`);
    return stdout;
  };

  before(async () => {
    const built = await execute(process.execPath, [join(ROOT, 'scripts/build.ts')], {
      env: { BERTH_DIST: join(folder, 'dist') },
    });
    assert.equal(built.code, 0, built.stderr);
    symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
    mkdirSync(share);
    writeFileSync(join(share, 'busybox'), readFileSync(staticBusybox()), { mode: 0o755 });
    writeFileSync(
      join(share, 'Dockerfile'),
      'FROM scratch\nCOPY busybox /bin/busybox\nCOPY Dockerfile /www/\nENTRYPOINT ["/bin/busybox"]\n',
    );
  });
  after(async () => {
    await berth('machine', 'rm', '--force', 'vm');
    rmSync(folder, { recursive: true, force: true });
  });

  test('builds, runs, shares a folder, publishes a port, and keeps its data over a stop', {
    timeout: 900_000,
  }, async (t) => {
    const began = Date.now();
    const note = (text: string): void => t.diagnostic(`${((Date.now() - began) / 1000).toFixed(1)} s  ${text}`);
    await good('machine', 'init', 'vm', '--disk', '4g', '--volume', share);
    note('made');
    const before = await berth('ps');
    assert.equal(before.code, 1);
    assert.match(before.stderr, /m\/vm\/berth\.sock/);
    await good('machine', 'start', 'vm');
    note('ready');
    await good('build', '-q', '-t', 'tools', share);
    note('built');
    const seen = await good(
      'run',
      '--rm',
      '-v',
      `${share}:${share}`,
      '-w',
      share,
      'tools',
      'sh',
      '-c',
      '/bin/busybox ls; echo made inside >file',
    );
    assert.equal(seen, 'Dockerfile\nbusybox\n');
    assert.equal(readFileSync(join(share, 'file'), 'utf8'), 'made inside\n');
    note('ran');
    const port = 20_000 + (process.pid % 10_000);
    await good(
      'run',
      '-d',
      '--restart',
      'unless-stopped',
      '-p',
      `${port}:80`,
      '-v',
      'kept:/kept',
      'tools',
      'sh',
      '-c',
      '/bin/busybox echo >>/kept/starts; exec /bin/busybox httpd -f -h /www',
    );
    const fetched = await fetchText(`http://127.0.0.1:${port}/Dockerfile`);
    assert.match(fetched, /^FROM scratch/);
    note('port');
    const docker = findProgram('docker');
    if (docker !== undefined) {
      const { stdout } = await execute(docker, ['--context', 'vm', 'ps', '-q'], { env });
      assert.match(stdout, /^[0-9a-f]{12}\n$/);
    }
    await good('machine', 'stop', 'vm');
    note('stopped');
    await assert.rejects(fetch(`http://127.0.0.1:${port}/`));
    if (WITH_SECOND_START) {
      await good('machine', 'start', 'vm');
      note('ready again');
      assert.match(await fetchText(`http://127.0.0.1:${port}/Dockerfile`), /^FROM scratch/);
      assert.equal(
        await good('run', '--rm', '-v', 'kept:/kept', 'tools', 'wc', '-l', '/kept/starts'),
        '2 /kept/starts\n',
      );
      note('data and restarted container are there');
    }
    await good('machine', 'rm', '--force', 'vm');
    assert.equal(await good('machine', 'ls', '-q'), '');
    assert.equal((await good('context', 'show')).trim(), 'default');
  });
});

/** The port follows its container within moments. */
async function fetchText(url: string): Promise<string> {
  for (const end = Date.now() + 60_000; ; ) {
    try {
      return await (await fetch(url)).text();
    } catch (error) {
      if (Date.now() > end) throw error;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }
}
