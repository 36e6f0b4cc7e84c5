import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { armFault, faultPoint } from './fault.ts';

const program = (lines: string): string[] => [
  '--disable-warning=ExperimentalWarning',
  '--input-type=module-typescript',
  '-e',
  `import { faultPoint } from '${new URL('./fault.ts', import.meta.url).pathname}';\n${lines}`,
];
const LIFE = "for (const point of ['a', 'b.c', 'a', 'b.c']) { faultPoint(point); console.log(point); }";

test('the process dies at the named pass of the named point, before what stands behind it', () => {
  const { signal, stdout } = spawnSync(process.execPath, program(LIFE), {
    env: { ...process.env, BERTH_FAULT: 'b.c:2' },
    encoding: 'utf8',
  });
  assert.equal(signal, 'SIGKILL');
  assert.equal(stdout, 'a\nb.c\na\n');
});

test('a trace names every pass in order', () => {
  const folder = mkdtempSync(join(tmpdir(), 'fault-'));
  const trace = join(folder, 'trace');
  execFileSync(process.execPath, program(LIFE), { env: { ...process.env, BERTH_FAULT_TRACE: trace } });
  assert.equal(readFileSync(trace, 'utf8'), 'a\nb.c\na\nb.c\n');
  rmSync(folder, { recursive: true });
});

test('a point can fail with an error of the system, once', () => {
  armFault('a:1:ENOSPC');
  assert.throws(() => faultPoint('a'), { code: 'ENOSPC' });
  faultPoint('a');
  armFault(undefined);
  assert.throws(() => armFault('a'), /POINT:PASS/);
});
