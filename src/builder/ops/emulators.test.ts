import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseEmulator } from './emulators.ts';

const ENTRY = `enabled
interpreter /usr/libexec/qemu-binfmt/aarch64-binfmt-P
flags: POCF
offset 0
magic 7f454c460201010000000000000000000200b700
mask ffffffffffffff00fffffffffffffffffeffffff
`;

test('an entry of binfmt_misc, by the processor that its magic names', () => {
  assert.deepEqual(parseEmulator(ENTRY), {
    architecture: 'arm64',
    interpreter: '/usr/libexec/qemu-binfmt/aarch64-binfmt-P',
    fixed: true,
  });
  assert.equal(parseEmulator(ENTRY.replace('POCF', ''))?.fixed, false);
  for (const [magic, architecture] of [
    ['7f454c4601010100000000000000000002002800', 'arm'],
    ['7f454c4602020100000000000000000000020016', 's390x'],
    ['7f454c460201010000000000000000000200f300', 'riscv64'],
    ['7f454c4602010100000000000000000002000201', 'loong64'],
  ] as const)
    assert.equal(parseEmulator(ENTRY.replace(/^magic .*$/m, `magic ${magic}`))?.architecture, architecture);
  for (const text of ['', ENTRY.replace('enabled', 'disabled'), ENTRY.replace(/^magic .*$/m, 'extension .py')])
    assert.equal(parseEmulator(text), undefined, text);
});
