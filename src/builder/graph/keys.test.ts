import assert from 'node:assert/strict';
import { test } from 'node:test';
import { explain } from '../history/explain.ts';
import { execCauses, execInputs, keyOf, type ShownFiles } from './keys.ts';
import type { ExecMount, Op } from './vertex.ts';

const mount = { type: 'bind', input: 1, source: '/src', target: '/x', readOnly: true } as unknown as ExecMount;
const op = {
  args: ['make'],
  env: [],
  user: '',
  cwd: '/',
  platform: { os: 'linux', architecture: 'amd64' },
  network: 'default',
  insecure: false,
  scripts: [],
  mounts: [mount],
} as unknown as Op<'exec'>;
const extra = { hosts: '', limits: '', epoch: '' };

function shown(content: string, mode = 0o644): ShownFiles[] {
  const entry = { type: 'file', mode, sha256: content, linkname: '' };
  const files = [{ path: '/src/a.c', to: 'a.c', entry }] as unknown as NonNullable<ShownFiles['files']>;
  return [
    { id: 'base', files: undefined },
    { id: `digest of ${content} ${mode}`, files },
  ];
}

test('a step with files mounted says which of them changed', () => {
  const before = { inputs: execCauses(op, shown('1'), extra) };
  assert.equal(explain(execCauses(op, shown('2'), extra), before, false), 'file src/a.c changed');
  assert.equal(
    explain(execCauses(op, shown('1', 0o755), extra), before, false),
    'file src/a.c changed its mode from 644 to 755',
  );
  const elsewhere = { ...op, mounts: [{ ...mount, readOnly: false }] };
  assert.equal(explain(execCauses(elsewhere, shown('1'), extra), before, false), 'mount /x changed');
});

test('the key of such a step is that of what all of its files are', () => {
  const key = (content: string): string =>
    keyOf(
      execInputs(
        op,
        shown(content).map(({ id }) => id),
        extra,
      ),
    );
  assert.notEqual(key('1'), key('2'));
  assert.equal(key('1'), key('1'));
});
