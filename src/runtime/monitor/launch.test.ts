import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { launch } from './launch.ts';

const bundle = mkdtempSync(join(tmpdir(), 'berth-launch-'));
after(() => rmSync(bundle, { recursive: true, force: true }));

/** A program in conmon's place. */
function launchWith(script: string): ReturnType<typeof launch> {
  const conmon = join(bundle, 'conmon');
  writeFileSync(conmon, `#!/bin/sh\n${script}`);
  chmodSync(conmon, 0o755);
  return launch({
    conmon,
    runtime: {
      name: 'r',
      path: '/r',
      command: [],
      arguments: [],
      version: '',
      startBy: 'fifo-read',
      recursiveReadOnly: false,
    },
    runtimeRoot: bundle,
    containerId: 'c',
    name: 'c',
    bundle,
    exitDirectory: bundle,
    logFile: undefined,
    logMaxBytes: undefined,
    terminal: false,
    stdin: false,
    keepStdin: false,
  });
}

test('the process may be there before the monitor’s first process has written who the monitor is', async () => {
  const made = await launchWith(`echo '{"data": 41}' >&3; sleep 0.2; echo 42 >${bundle}/monitor.pid`);
  assert.deepEqual(made, { pid: 41, monitorPid: 42 });
});

test('what the monitor and the runtime say is said', async () => {
  await assert.rejects(launchWith('echo broken >&2; exit 1'), { name: 'LaunchError', message: 'broken' });
  await assert.rejects(launchWith(`echo '{"data": -1, "message": "no such program"}' >&3`), {
    name: 'LaunchError',
    message: 'no such program',
  });
});
