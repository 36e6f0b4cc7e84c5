// Scenario: a person who wonders what a cluster is plays one on a single machine, to its end or until Ctrl-C, and keeps nothing of it.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { mountsBelow } from '../../src/host/mount.ts';
import { execute, until } from '../support/daemon.ts';

const ENTRY = process.env['BERTH_TEST_ENTRY'] ?? new URL('../../src/bin/berth.ts', import.meta.url).pathname;
const PROGRAMS = new URL('../../.berth/programs', import.meta.url).pathname;
/** The demo's folder lies in one of this test's, so that what an older demo left is not taken for its own. */
const folder = realpathSync(mkdtempSync(join(tmpdir(), 'demo-')));
after(() => rmSync(folder, { recursive: true }));
const env = { ...process.env, PATH: `${process.env['PATH']}:${PROGRAMS}`, TMPDIR: folder };
const command = (...args: string[]): string[] => [
  '--disable-warning=ExperimentalWarning',
  ENTRY,
  'cluster',
  'demo',
  ...args,
];

/** Folders, mounts and processes of the demos. */
function left(): string[] {
  const processes = readdirSync('/proc').flatMap((pid) => {
    try {
      const line = /^\d+$/.test(pid) ? readFileSync(`/proc/${pid}/cmdline`, 'latin1') : '';
      return line.includes(`${folder}/`) ? [line.replaceAll('\0', ' ')] : [];
    } catch {
      return [];
    }
  });
  return [...processes, ...readdirSync(folder), ...mountsBelow(folder)];
}

test('three hosts of one machine become a cluster, one dies, a version is rolled out, and nothing of it is left', async () => {
  const { code, stdout, stderr } = await execute(process.execPath, command('--nodes', '3'), {
    env,
    timeoutMs: 170_000,
  });
  assert.deepEqual([code, stderr], [0, ''], stdout);
  assert.match(stdout, /n1 +Ready +Active +Leader/);
  assert.match(stdout, /n1: 2 tasks\n.*n2: 2 tasks\n.*n3: 2 tasks/);
  assert.match(stdout, /the host n3 dies .*\n.*n1: 3 tasks\n.*n2: 3 tasks\n/);
  assert.match(stdout, /All is taken away again\./);
  assert.deepEqual(left(), []);
});

for (const [moment, seen] of [
  ['while its hosts start', /image bootstrap busybox/],
  ['while its cluster forms', /n3 10\.88\.0\.3/],
] as const)
  test(`a cluster’s demo that is broken off ${moment} takes away what it has made`, async () => {
    const child = spawn(process.execPath, command('--nodes', '3'), { env, stdio: ['ignore', 'pipe', 'pipe'] });
    let shown = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (shown += text));
    await until(() => assert.match(shown, seen), 90_000);
    const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
    child.kill('SIGINT');
    assert.equal(await ended, 130);
    assert.deepEqual(left(), []);
  });

test('a count that makes no cluster is refused', async () => {
  for (const [args, problem] of [
    [['--nodes', '2'], '--nodes takes 3 to 7'],
    [['--nodes', '8'], '--nodes takes 3 to 7'],
    [['--nodes'], 'flag needs an argument: --nodes'],
    [['--nodes=x'], 'invalid argument "x" for "--nodes" flag: strconv.ParseUint: parsing "x": invalid syntax'],
    [['more'], '"berth cluster demo" accepts no arguments.'],
  ] as const) {
    const { code, stderr } = await execute(process.execPath, command(...args), { env });
    assert.equal(code, 125, args.join(' '));
    assert.equal(stderr, `${problem}\nSee 'berth cluster demo --help'.\n`);
  }
});
