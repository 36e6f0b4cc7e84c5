import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseFlags } from '../../grammar/index.ts';
import { createBody } from './config.ts';
import { landing, splitSide } from './files/cp.ts';
import { DetachKeys, parseKeys } from '../../../client/container/index.ts';
import { type ContainerFlags, containerFlags } from './flags.ts';
import { displayPorts } from './ports.ts';
import { statsRow } from './usage.ts';

/** The body that these words of `run` give. */
function body(...argv: string[]) {
  const parsed = parseFlags(containerFlags, argv, { flagsFirst: true });
  assert.equal(parsed.error, undefined);
  const [image = '', ...command] = parsed.args;
  return createBody({
    flags: Object.fromEntries(parsed.values) as unknown as ContainerFlags,
    changed: (name) => parsed.changed.has(name),
    image,
    command,
  });
}

test('a plain run has docker’s defaults', () => {
  const made = body('busybox', 'echo', 'a');
  assert.deepEqual(made.Cmd, ['echo', 'a']);
  assert.equal(made.Entrypoint, null);
  assert.equal(made.HostConfig?.MemorySwappiness, -1);
  assert.equal(made.HostConfig?.NetworkMode, 'default');
  assert.deepEqual(made.HostConfig?.RestartPolicy, { Name: 'no', MaximumRetryCount: 0 });
  assert.equal(made.AttachStdout, true);
  assert.equal(made.AttachStdin, false);
  assert.equal('Init' in (made.HostConfig ?? {}), false);
});

test('flags find their places', () => {
  const made = body(
    '-it',
    '-v',
    '/a:/b',
    '-v',
    '/c',
    '--init=false',
    '--entrypoint',
    '',
    '-m',
    '1g',
    '--cpus',
    '.5',
    '--tmpfs',
    '/t:size=1m',
    '--stop-timeout',
    '0',
    'x',
  );
  assert.deepEqual(made.HostConfig?.Binds, ['/a:/b']);
  assert.deepEqual(made.Volumes, { '/c': {} });
  assert.equal(made.HostConfig?.Init, false);
  assert.deepEqual(made.Entrypoint, ['']);
  assert.equal(made.HostConfig?.Memory, 1024 ** 3);
  assert.equal(made.HostConfig?.NanoCpus, 5e8);
  assert.deepEqual(made.HostConfig?.Tmpfs, { '/t': 'size=1m' });
  assert.equal(made.StopTimeout, 0);
  assert.equal(made.StdinOnce, true);
});

test('health flags make a check, and contradictions are refused', () => {
  assert.deepEqual(body('--health-cmd', 'x', '--health-interval', '2s', 'i').Healthcheck, {
    Test: ['CMD-SHELL', 'x'],
    Interval: 2e9,
  });
  assert.throws(() => body('--no-healthcheck', '--health-cmd', 'x', 'i'), /--no-healthcheck conflicts/);
  assert.throws(() => body('--rm', '--restart', 'always', 'i'), /cannot specify both --restart and --rm/);
});

test('detach keys are found across chunks and kept back', () => {
  const keys = new DetachKeys('');
  assert.deepEqual(keys.push(Buffer.from('a\x10')), { data: Buffer.from('a'), detach: false });
  assert.deepEqual(keys.push(Buffer.from('b')), { data: Buffer.from('\x10b'), detach: false });
  assert.equal(keys.push(Buffer.from('\x10')).detach, false);
  assert.equal(keys.push(Buffer.from('\x11')).detach, true);
  assert.deepEqual(parseKeys('ctrl-a,b,ctrl-['), Buffer.from([1, 98, 27]));
  assert.equal(parseKeys('long'), undefined);
});

test('copies land where cp puts them', () => {
  const at = {
    exists: 'directory',
    target: '/t',
    asked: false,
    sourceName: 's',
    sourceIsDirectory: true,
    contentOnly: false,
  } as const;
  assert.equal(landing(at), '/t/s');
  assert.equal(landing({ ...at, contentOnly: true }), '/t');
  assert.equal(landing({ ...at, exists: undefined }), '/t');
  assert.throws(() => landing({ ...at, exists: 'file' }), /cannot copy directory/);
  assert.throws(
    () => landing({ ...at, exists: undefined, sourceIsDirectory: false, asked: true }),
    /no such directory/,
  );
  assert.deepEqual(splitSide('c:/p'), { container: 'c', path: '/p' });
  assert.deepEqual(splitSide('./c:/p'), { container: '', path: './c:/p' });
});

test('neighbouring ports are drawn together', () => {
  const port = (PrivatePort: number, PublicPort?: number) => ({
    PrivatePort,
    Type: 'tcp',
    ...(PublicPort === undefined ? {} : { PublicPort, IP: '0.0.0.0' }),
  });
  assert.equal(displayPorts([port(81), port(80), port(90)]), '80-81/tcp, 90/tcp');
  assert.equal(displayPorts([port(80, 80), port(81, 81), port(1, 2)]), '0.0.0.0:80-81->80-81/tcp, 0.0.0.0:2->1/tcp');
});

test('a sample becomes columns', () => {
  const row = statsRow(
    'x',
    {
      id: 'abcdefabcdefabcdef',
      name: '/x',
      read: '2024-01-01T00:00:00Z',
      cpu_stats: { cpu_usage: { total_usage: 200 }, system_cpu_usage: 2000, online_cpus: 2 },
      precpu_stats: { cpu_usage: { total_usage: 100 }, system_cpu_usage: 1000 },
      memory_stats: { usage: 3 * 1024 ** 2, limit: 4 * 1024 ** 2, stats: { inactive_file: 1024 ** 2 } },
      pids_stats: { current: 3 },
    },
    true,
  );
  assert.equal(row['CPUPerc'], '20.00%');
  assert.equal(row['MemUsage'], '2MiB / 4MiB');
  assert.equal(row['MemPerc'], '50.00%');
  assert.equal(row['PIDs'], '3');
});
