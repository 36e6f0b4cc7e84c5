import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { sealProgram } from '../host/sealed.ts';
import type { OciRuntime } from './choice/choose.ts';
import { enterMounts } from './enter.ts';
import { sealed } from './sealed.ts';

const work = mkdtempSync(join(tmpdir(), 'sealed-'));
after(() => rmSync(work, { recursive: true, force: true }));

function runtimeAt(path: string, startBy: OciRuntime['startBy'] = 'fifo-write'): OciRuntime {
  return { name: 'crun', path, command: [path], arguments: [], version: '1.0', startBy, recursiveReadOnly: true };
}

test('a sealed program runs, and cannot be written to', (t) => {
  const program = sealProgram('echo', readFileSync('/bin/echo'));
  t.after(() => program.close());
  assert.equal(execFileSync(program.path, ['hello'], { encoding: 'utf8' }), 'hello\n');
  assert.throws(() => writeFileSync(program.path, 'other'), { code: /EPERM|ETXTBSY/ });
});

test('a runtime runs from a copy that nobody can change', () => {
  const [program = ''] = sealed(runtimeAt('/bin/echo')).command;
  assert.match(readlinkSync(program), /^\/memfd:crun/);
});

test('a runtime that is no program, or of a kind that is not known, runs from its path', () => {
  const script = join(work, 'script');
  writeFileSync(script, 'no program', { mode: 0o755 });
  assert.deepEqual(sealed(runtimeAt(script)).command, [script]);
  assert.deepEqual(sealed(runtimeAt('/bin/echo', 'command')).command, ['/bin/echo']);
});

test('a runtime that is replaced on disk is read anew', (t) => {
  t.mock.method(performance, 'now', () => (clock += 5000));
  let clock = 0;
  const path = join(work, 'runtime');
  copyFileSync('/bin/true', path);
  const runtime = sealed(runtimeAt(path));
  const [before = ''] = runtime.command;
  assert.equal(execFileSync(before, ['words'], { encoding: 'utf8' }), '');
  rmSync(path);
  copyFileSync('/bin/echo', path);
  assert.equal(execFileSync(runtime.command[0] ?? '', ['words'], { encoding: 'utf8' }), 'words\n');
});

test('a program is run in the mount namespace of a file with its arguments and its environment', () => {
  const [file, ...words] = [...enterMounts('/proc/self/ns/mnt'), '/bin/sh', '-c', 'echo "$VALUE $1"', 'sh', 'argument'];
  assert.equal(execFileSync(file, words, { encoding: 'utf8', env: { VALUE: 'value' } }), 'value argument\n');
});

test('a mount namespace that is not there is a failure', () => {
  const [file, ...words] = [...enterMounts(join(work, 'nowhere')), '/bin/true'];
  assert.throws(() => execFileSync(file, words, { stdio: 'ignore' }));
});
