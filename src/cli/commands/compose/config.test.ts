// The command line of `compose`: its own flags, its own words for errors.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { Context } from '../../session/context.ts';
import { composeMain } from './main.ts';

const directory = mkdtempSync(join(tmpdir(), 'compose-'));
after(() => rmSync(directory, { recursive: true }));
writeFileSync(
  join(directory, 'compose.yaml'),
  `name: shop
services:
  web: { image: "nginx:\${TAG}", depends_on: [db], profiles: [front] }
  db: { build: ., environment: { PASSWORD: "a$$b" } }
volumes: { unused: }
`,
);

async function run(...argv: string[]): Promise<{ code: number; out: string; err: string }> {
  let [out, err] = ['', ''];
  const context: Pick<Context, 'env' | 'cwd' | 'out' | 'err'> = {
    env: { TAG: '1' },
    cwd: directory,
    out: (text) => {
      out += String(text);
    },
    err: (text) => {
      err += String(text);
    },
  };
  const code = await composeMain(context as Context, argv);
  return { code, out, err };
}

test('config prints the project, with its dollars doubled', async () => {
  const { code, out, err } = await run('config');
  assert.equal(code, 0);
  assert.equal(err, '');
  assert.match(out, /^name: shop\nservices:\n {2}db:\n[^]*PASSWORD: a\$\$b\n/);
  assert.doesNotMatch(out, /web:/);
});

test('config lists what it is asked for', async () => {
  for (const [argv, expected] of [
    [['config', '--services'], 'db\n'],
    [['--profile', 'front', 'config', '--services'], 'db\nweb\n'],
    [['--profile', 'front', 'config', '--images'], 'shop-db\nnginx:1\n'],
    [['--compatibility', 'config', '--images'], 'shop_db\n'],
    [['config', '--profiles'], 'front\n'],
    [['config', '--volumes'], ''],
    [['--all-resources', 'config', '--volumes'], 'unused\n'],
    [['config', '--networks'], 'default\n'],
    [['config', '-q'], ''],
  ] as const)
    assert.equal((await run(...argv)).out, expected, argv.join(' '));
});

test('config --hash names the services in order, and refuses those that are not there', async () => {
  assert.match((await run('--profile', '*', 'config', '--hash', '*')).out, /^db [0-9a-f]{64}\nweb [0-9a-f]{64}\n$/);
  assert.deepEqual(await run('config', '--hash', 'web'), { code: 1, out: '', err: 'no such service: web: disabled\n' });
});

test('config --variables and --no-interpolate show templates', async () => {
  assert.match((await run('config', '--variables')).out, /^NAME {16}REQUIRED[^\n]*\nTAG {17}false/);
  assert.match((await run('config', '--no-interpolate')).out, /image: nginx:\$\{TAG\}/);
});

test('config -o writes a file', async () => {
  assert.equal((await run('config', '-o', 'out.yaml')).out, '');
  assert.match(readFileSync(join(directory, 'out.yaml'), 'utf8'), /^name: shop\n/);
});

test('errors are one line and exit code 1', async () => {
  for (const [argv, err] of [
    [['config', '--bogus'], 'unknown flag: --bogus\n'],
    [['-f'], "flag needs an argument: 'f' in -f\n"],
    [['--progress', 'bogus', 'config'], 'unsupported --progress value "bogus"\n'],
    [['config', '--format', 'xml'], 'unsupported format "xml"\n'],
    [['config', 'none'], 'no such service: none\n'],
    [['--progress', 'json', 'config', 'none'], '{"error":true,"message":"no such service: none"}\n'],
    [
      ['-p', 'BAD', 'config'],
      'invalid project name "BAD": must consist only of lowercase alphanumeric characters, hyphens, and underscores as well as start with a letter or number\n',
    ],
  ] as const)
    assert.deepEqual(await run(...argv), { code: 1, out: '', err }, argv.join(' '));
  assert.equal((await run('bogus')).err, 'unknown docker command: "compose bogus"\n');
});
