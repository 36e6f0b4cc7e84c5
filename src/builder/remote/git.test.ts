import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer as createWeb } from 'node:http';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fetchGit, resolveGit } from './git.ts';
import { parseGitRef } from './git-ref.ts';

const home = mkdtempSync(join(tmpdir(), 'berth-git-'));
const repository = join(home, 'served', 'x.git');
const options = { signal: AbortSignal.timeout(300_000), ssh: { knownHosts: join(home, 'known_hosts') } };
let port = 0;
let end = (): void => undefined;

function git(...args: string[]): string {
  const identity = ['-c', 'user.name=t', '-c', 'user.email=t@example.com', '-c', 'init.defaultBranch=main'];
  return execFileSync('git', [...identity, '-c', 'protocol.file.allow=always', '-C', repository, ...args], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  }).trim();
}

before(async () => {
  mkdirSync(join(repository, 'sub'), { recursive: true });
  git('init', '-q');
  writeFileSync(join(repository, 'file'), 'one\n');
  writeFileSync(join(repository, 'sub', 'Dockerfile'), 'FROM scratch\n');
  symlinkSync('/etc', join(repository, 'out'));
  git('add', '.');
  git('commit', '-qm', 'one');
  git('tag', '-a', '-m', 'first', 'v1');
  writeFileSync(join(repository, 'file'), 'two\n');
  git('commit', '-qam', 'two');
  port = await freePort();
  const daemon = spawn(
    'git',
    [
      'daemon',
      '--export-all',
      '--reuseaddr',
      '--listen=127.0.0.1',
      `--port=${port}`,
      `--base-path=${join(home, 'served')}`,
    ],
    { stdio: 'ignore' },
  );
  end = () => void daemon.kill();
  for (let attempt = 0; attempt < 100 && !(await answers(port)); attempt += 1)
    await new Promise((done) => setTimeout(done, 20));
});

after(() => {
  end();
  rmSync(home, { recursive: true, force: true });
});

function freePort(): Promise<number> {
  return new Promise((done) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => done(typeof address === 'object' && address ? address.port : 0));
    });
  });
}

function answers(at: number): Promise<boolean> {
  return new Promise((done) => {
    const socket = connect(at, '127.0.0.1');
    socket.once('connect', () => done(true)).once('error', () => done(false));
    socket.once('connect', () => socket.destroy());
  });
}

function spec(rest = ''): NonNullable<ReturnType<typeof parseGitRef>> {
  const found = parseGitRef(`git://127.0.0.1:${port}/x.git${rest}`);
  assert.ok(found);
  return found;
}

async function fetched(rest: string): Promise<{ folder: string; into: string }> {
  const into = mkdtempSync(join(home, 'into-'));
  const found = await resolveGit(spec(rest), options);
  return { into, folder: await fetchGit(spec(rest), found, into, options) };
}

test('the default branch, a tag, a commit and a folder', async () => {
  const first = git('rev-parse', 'v1^{commit}');
  assert.deepEqual(await resolveGit(spec(), options), { ref: 'refs/heads/main', commit: git('rev-parse', 'main') });
  assert.deepEqual(await resolveGit(spec('#v1'), options), { ref: 'refs/tags/v1', commit: first });
  const whole = await fetched('');
  assert.equal(readFileSync(join(whole.folder, 'file'), 'utf8'), 'two\n');
  assert.equal(existsSync(join(whole.folder, '.git')), false);
  assert.equal(readFileSync(join((await fetched('#v1')).folder, 'file'), 'utf8'), 'one\n');
  assert.equal(readFileSync(join((await fetched(`#${first}`)).folder, 'file'), 'utf8'), 'one\n');
  const sub = await fetched('#:sub');
  assert.equal(sub.folder, join(sub.into, 'sub'));
  assert.ok(existsSync(join(sub.folder, 'Dockerfile')));
});

test('the repository itself is kept where that is asked for', async () => {
  const { folder } = await fetched('?keep-git-dir=true');
  const inside = (...args: string[]): string =>
    execFileSync('git', ['-C', folder, ...args], { encoding: 'utf8' }).trim();
  assert.equal(inside('rev-parse', 'HEAD'), git('rev-parse', 'main'));
  assert.equal(inside('remote', 'get-url', 'origin'), `git://127.0.0.1:${port}/x.git`);
});

test('a web server of plain files gives all of the repository, where a part cannot be asked for', async () => {
  git('update-server-info');
  const web = createWeb((request, response) => {
    const path = join(home, 'served', (request.url ?? '').split('?')[0] ?? '');
    if (!existsSync(path) || path.endsWith('/')) response.writeHead(404).end();
    else response.end(readFileSync(path));
  });
  await new Promise<void>((done) => void web.listen(0, '127.0.0.1', done));
  try {
    const address = web.address();
    const at = typeof address === 'object' && address ? address.port : 0;
    const first = git('rev-parse', 'HEAD~1');
    for (const [part, content] of [
      ['', 'two\n'],
      ['#v1', 'one\n'],
      [`#${first}`, 'one\n'],
    ] as const) {
      const found = parseGitRef(`http://127.0.0.1:${at}/x.git/.git${part}`);
      assert.ok(found);
      const into = mkdtempSync(join(home, 'plain-'));
      await fetchGit(found, await resolveGit(found, options), into, options);
      assert.equal(readFileSync(join(into, 'file'), 'utf8'), content, part);
    }
  } finally {
    web.closeAllConnections();
    web.close();
  }
});

test('a commit must be the one that was promised', async () => {
  const commit = git('rev-parse', 'main');
  await resolveGit(spec(`?checksum=${commit.slice(0, 12)}`), options);
  await assert.rejects(resolveGit(spec('?checksum=0000'), options), /expected checksum to match 0000, got/);
  await assert.rejects(resolveGit(spec('#nowhere'), options), /repository does not contain ref nowhere/);
});

test('fault B56: a folder that is a link leads nowhere', async () => {
  await assert.rejects(fetched('#:out'), /subdir not found: out/);
  await assert.rejects(fetched('#:out/ssl'), /subdir not found/);
});

test('fault B56: a submodule cannot name a repository of the host', async () => {
  git('checkout', '-q', '-b', 'evil');
  git('submodule', '--quiet', 'add', repository, 'module');
  git('commit', '-qm', 'evil');
  git('checkout', '-qf', 'main');
  await assert.rejects(fetched('#evil'), /transport 'file' not allowed/);
  assert.ok((await fetched('?branch=evil&submodules=false')).folder);
});

test('fault B56: credentials of an address are not in what is said', async () => {
  const found = parseGitRef('http://someone:secret@127.0.0.1:9/x.git');
  assert.ok(found);
  await assert.rejects(resolveGit(found, options), (error: Error) => {
    assert.match(error.message, /failed to fetch remote http:\/\/xxxxx:xxxxx@127/);
    assert.doesNotMatch(error.message, /secret/);
    return true;
  });
});

test('an abort ends git', async () => {
  const aborted = AbortSignal.abort(new Error('enough'));
  await assert.rejects(resolveGit(spec(), { ...options, signal: aborted }));
});
