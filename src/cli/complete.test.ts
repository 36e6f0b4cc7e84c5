import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { tree } from './commands/tree.ts';
import { completionOf, SCRIPTS } from './completion/index.ts';
import { globalFlags } from './globals.ts';

const at = (...words: string[]) => completionOf(tree, globalFlags('/c', '/c'), words);

async function values(...words: string[]): Promise<readonly string[]> {
  const completion = await at(...words);
  return completion.kind === 'words' ? completion.words.map(({ value }) => value) : [completion.kind];
}

test('commands and groups come from the grammar, those that are hidden do not', async () => {
  assert.ok((await values('')).includes('run'));
  const system = await values('system', '');
  assert.ok(system.includes('df') && !system.includes('dial-stdio'));
  assert.deepEqual(await values('nonsense', ''), ['nothing']);
});

test('flags are those of the command that the line has reached', async () => {
  assert.ok((await values('rm', '--')).includes('--force'));
  assert.ok((await values('-')).includes('--context'));
  assert.ok(!(await values('rm', '--')).includes('--context'));
});

test('what comes after a flag that wants a value is its value, also behind letters and an equals sign', async () => {
  const networks = { kind: 'objects', of: 'network', prefix: '', without: [] };
  assert.deepEqual(await at('run', '--network', ''), networks);
  assert.deepEqual(await at('run', '--network='), { ...networks, prefix: '--network=' });
  assert.deepEqual(await values('run', '--restart', ''), ['always', 'no', 'on-failure', 'unless-stopped']);
  assert.deepEqual(await values('run', '-itv', ''), ['nothing']);
  assert.deepEqual(await at('-c', ''), { kind: 'objects', of: 'context', prefix: '', without: [] });
});

test('arguments are the objects that the command takes, each once', async () => {
  const objects = (of: string, ...without: string[]) => ({ kind: 'objects', of, prefix: '', without });
  assert.deepEqual(await at('run', '-it', ''), objects('image'));
  assert.deepEqual(await at('run', 'busybox', '-'), { kind: 'files' });
  assert.deepEqual(await at('stop', 'a', ''), objects('running', 'a'));
  assert.deepEqual(await at('container', 'start', '-a', ''), objects('stopped'));
  assert.deepEqual(await at('network', 'connect', 'net', ''), objects('container', 'net'));
  assert.deepEqual(await at('rm', '--', '--force'), objects('container'));
});

test('the script for bash offers what the program prints, and only the rest of a word that bash divides', () => {
  const folder = mkdtempSync(join(tmpdir(), 'berth-completion-'));
  const program = join(folder, 'berth');
  writeFileSync(program, `#!/bin/sh\nprintf '%s\\n' "--network=a-$3	bridge" "--network=b c" :4\n`, { mode: 0o755 });
  writeFileSync(join(folder, 'script'), `${SCRIPTS['bash']}`);
  try {
    const shown = execFileSync(
      'bash',
      [
        '-c',
        `source "$0"; COMP_LINE="$1"; COMP_POINT=\${#COMP_LINE}; _berth; printf '%s\\n' "\${COMPREPLY[@]}"`,
        join(folder, 'script'),
        `${program} run --network=`,
      ],
      { encoding: 'utf8' },
    );
    assert.equal(shown, 'a---network=\nb c\n');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
