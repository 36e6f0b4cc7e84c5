// Compose in front of a person: progress that is drawn anew, Ctrl-C once and twice, files that are watched.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type Result, TestDaemon, until } from '../support/daemon.ts';
import { Terminal } from '../support/pty.ts';

let daemon: TestDaemon;
let folder: string;

before(async () => {
  daemon = await TestDaemon.start();
  folder = join(daemon.folder, 'projects');
  const made = await daemon.berth('image', 'bootstrap', 'busybox');
  assert.equal(made.code, 0, made.stderr);
});
after(async () => {
  await daemon[Symbol.asyncDispose]();
});

function project(name: string, text: string) {
  const place = join(folder, name);
  mkdirSync(place, { recursive: true });
  const file = join(place, 'compose.yaml');
  writeFileSync(file, text);
  const words = (more: readonly string[]): string[] => ['compose', '-f', file, ...more];
  const run = (...more: string[]): Promise<Result> => daemon.berth(...words(more));
  const command = (...more: string[]) => daemon.command('berth', words(more));
  const terminal = (...more: string[]): Terminal => {
    const { file: program, args, env } = command(...more);
    return new Terminal(program, args, { env });
  };
  return { place, run, command, terminal };
}

const CTRL_C = '\x03';

const ESC = '\u001b';

test('in a terminal one row for each thing is drawn anew until all are done', async () => {
  const { run, terminal } = project(
    'rows',
    'services: {a: {image: busybox, command: sleep 1000, stop_grace_period: 0s}}\n',
  );
  using screen = terminal('up', '-d');
  assert.equal(await screen.ended, 0);
  await screen.expect(/Running 2\/2/);
  assert.match(screen.shown, new RegExp(`${ESC}\\[\\d+A${ESC}\\[2K`));
  const last = screen.shown.slice(screen.shown.lastIndexOf('[+] Running 2/2'));
  assert.match(last, new RegExp(`✔${ESC}\\[0m Network rows_default +Created +\\d+\\.\\ds`));
  assert.match(last, new RegExp(`✔${ESC}\\[0m Container rows-a-1 +Started +\\d+\\.\\ds`));
  await run('down');
});

test('Ctrl-C stops what runs, and a second one does not wait', async () => {
  const command = `["sh", "-c", "trap : TERM; echo up; while :; do sleep 1; done"]`;
  const text = `services: {a: {image: busybox, command: ${command}}}\n`;
  const { run, terminal } = project('keys', text);
  using screen = terminal('up');
  await screen.expect(new RegExp(`${ESC}\\[0mup`));
  const began = Date.now();
  screen.type(CTRL_C);
  await screen.expect(/Gracefully Stopping\.\.\. press Ctrl\+C again to force/);
  screen.type(CTRL_C);
  assert.equal(await screen.ended, 130);
  // its own time to stop is 10 s
  assert.ok(Date.now() - began < 9000);
  assert.equal((await run('ps', '-a', '--format', '{{.State}}')).stdout, 'exited\n');
  await run('down');
});

test('watch brings changed files into the containers, without what is ignored, and builds anew where it must', async () => {
  const { place, run, command } = project(
    'watch',
    `services:
  a:
    image: watch-a
    build: .
    command: sleep 1000
    stop_grace_period: 0s
    develop:
      watch:
        - {path: src, action: sync, target: /app, ignore: ["*.tmp"]}
        - {path: ex, action: sync+exec, target: /ex, exec: {command: "sh -c 'cat /ex/e > /ran'"}}
        - {path: Dockerfile, action: rebuild}
`,
  );
  for (const name of ['src', 'ex']) mkdirSync(join(place, name));
  const write = (name: string, text: string): void => writeFileSync(join(place, name), text);
  write('src/a', 'one');
  write('Dockerfile', 'FROM busybox\nCOPY src /app\n');
  const { file, args, env } = command('watch');
  const watching = spawn(file, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'inherit'] });
  let said = '';
  watching.stdout.setEncoding('utf8').on('data', (chunk: string) => (said += chunk));
  const ended = new Promise((resolve) => watching.once('exit', resolve));
  try {
    const says = (pattern: RegExp): Promise<void> => until(() => Promise.resolve(assert.match(said, pattern)), 60_000);
    const inside = (script: string, wanted: string): Promise<void> =>
      until(async () => assert.equal((await run('exec', '-T', 'a', 'sh', '-c', script)).stdout, wanted), 60_000);
    await says(/^Watch enabled$/m);
    write('src/x.tmp', 'no');
    write('src/b', 'two');
    rmSync(join(place, 'src/a'));
    await inside('ls /app; cat /app/b', 'b\ntwo');
    write('ex/e', 'three');
    await inside('cat /ran', 'three');
    write('Dockerfile', 'FROM busybox\nCOPY src /new\n');
    await says(/^service\(s\) \["a"\] successfully built$/m);
    await inside('ls /new', 'b\nx.tmp\n');
  } finally {
    watching.kill('SIGINT');
  }
  assert.equal(await ended, 0);
  await run('down');
});
