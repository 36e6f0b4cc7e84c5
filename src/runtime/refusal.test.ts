import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exitCodeOf, refusalWords } from './refusal.ts';

const cases: readonly [string, 'create' | 'exec', string, string, string, number][] = [
  [
    'crun',
    'create',
    'sh',
    "error stat'ing file `/run/exec/tasks/key`: No such file or directory",
    "error stat'ing file `/run/exec/tasks/key`: No such file or directory",
    127,
  ],
  [
    'crun',
    'create',
    'nope',
    'executable file `nope` not found in $PATH: No such file or directory',
    'crun create failed: unable to start container process: exec: "nope": executable file not found in $PATH',
    127,
  ],
  [
    'crun',
    'create',
    '/nope',
    'executable file `/nope` not found: No such file or directory',
    'crun create failed: unable to start container process: exec: "/nope": stat /nope: no such file or directory',
    127,
  ],
  [
    'crun',
    'create',
    '',
    'open executable: Operation not permitted',
    'crun create failed: unable to start container process: exec: "": executable file not found in $PATH',
    127,
  ],
  [
    'crun',
    'create',
    '/etc',
    'open executable: Operation not permitted',
    'crun create failed: unable to start container process: exec: "/etc": permission denied',
    126,
  ],
  [
    'crun',
    'create',
    '/etc/passwd',
    'open executable: Permission denied',
    'crun create failed: unable to start container process: exec: "/etc/passwd": permission denied',
    126,
  ],
  [
    'crun',
    'exec',
    'nope',
    '2026-11-21T08:44:45.000000Z: executable file `nope` not found in $PATH: No such file or directory',
    'exec failed: unable to start container process: exec: "nope": executable file not found in $PATH',
    127,
  ],
  [
    'runc',
    'create',
    'nope',
    'time="2026" level=error msg="runc create failed: unable to start container process: exec: \\"nope\\": executable file not found in $PATH"',
    'runc create failed: unable to start container process: exec: "nope": executable file not found in $PATH',
    127,
  ],
  [
    'runc',
    'exec',
    'nope',
    'exec failed: unable to start container process: exec: "nope": executable file not found in $PATH',
    'exec failed: unable to start container process: exec: "nope": executable file not found in $PATH',
    127,
  ],
  ['crun', 'create', 'sh', 'mount `/a` to `/b`: Not a directory', 'mount `/a` to `/b`: Not a directory', 126],
  ['crun', 'create', 'sh', 'something else', 'something else', 128],
];

for (const [runtime, verb, program, text, wanted, code] of cases) {
  test(`${runtime} ${verb}: ${text.slice(0, 60)}`, () => {
    const words = refusalWords({ runtime, verb, program, text });
    assert.equal(words, wanted);
    assert.equal(exitCodeOf(words), code);
  });
}
