// BuildKit's protocol: a client of the test's own, with files that no honest client has, and Docker's client where it speaks it.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import type { Of } from '../../src/builder/buildkit/protocol/codec.ts';
import * as messages from '../../src/builder/buildkit/protocol/messages.ts';
import { findProgram } from '../../src/host/find.ts';
import { BuildKitClient, type ClientFile } from '../support/buildkit.ts';
import { execute, TestDaemon } from '../support/daemon.ts';
import { unpackedPackage } from '../support/package.ts';

let daemon: TestDaemon;
const withoutDebian = findProgram('apt-get') ? false : 'the client comes from Debian, and this host has no apt-get';

const DOCKERFILE = 'FROM busybox\nCOPY . /src\nRUN --mount=type=secret,id=s cat /run/secrets/s /src/d/a > /out\n';
const TREE: readonly ClientFile[] = [
  { path: 'd', directory: true },
  { path: 'd/a', data: 'first\n' },
  { path: 'd/b', data: 'second\n' },
  { path: 'e', link: 'd/a' },
  { path: 'f', hardlink: 'd/b' },
];

async function client(key: string, files = TREE, dockerfile = DOCKERFILE): Promise<BuildKitClient> {
  const made = new BuildKitClient(daemon.socket, key);
  made.files.set('dockerfile', [{ path: 'Dockerfile', data: dockerfile }]);
  made.files.set('context', files);
  made.secrets.set('s', 'hush ');
  await made.open();
  return made;
}

/** What a container of the image prints. */
async function printed(image: string, ...command: string[]): Promise<string> {
  const { code, stdout, stderr } = await daemon.berth('run', '--rm', '--network', 'none', image, ...command);
  assert.equal(code, 0, stderr);
  return stdout;
}

/** Directories of clients' files; each has its list while it is whole. */
const kept = (): string[] => readdirSync(join(daemon.dataRoot, 'build/clients')).sort();

suite('BuildKit', () => {
  before(async () => {
    daemon = await TestDaemon.start();
    await daemon.busybox();
  });
  after(async () => daemon[Symbol.asyncDispose]());

  test('a build by session: files, secrets and the image; the next one fetches only what changed', async () => {
    await using first = await client('checkout');
    const built = await first.build('one');
    assert.equal(built.status, 0, built.message);
    assert.deepEqual(first.fetched.toSorted(), ['d/a', 'd/b']);
    assert.equal(await printed('one', 'cat', '/out', '/src/e', '/src/f'), 'hush first\nfirst\nsecond\n');

    await using second = await client(
      'checkout',
      TREE.map((file) => (file.path === 'd/a' ? { ...file, data: 'third!\n', time: 2n } : file)),
    );
    assert.equal((await second.build('two')).status, 0);
    assert.deepEqual(second.fetched, ['d/a']);
    assert.equal(await printed('two', 'cat', '/out', '/src/f'), 'hush third!\nsecond\n');

    await using gone = await client(
      'checkout',
      [{ path: 'd', data: 'a file now\n', time: 3n }],
      'FROM busybox\nCOPY . /src\n',
    );
    assert.equal((await gone.build('three')).status, 0);
    assert.equal(await printed('three', 'sh', '-c', 'cat /src/d; ls /src'), 'a file now\nd\n');
  });

  test('two builds of one checkout at a time have a copy each', async () => {
    await using one = await client('shared');
    await using other = await client('shared');
    const [a, b] = await Promise.all([one.build('a'), other.build('b')]);
    assert.deepEqual([a.status, b.status], [0, 0], a.message + b.message);
  });

  test('users B9: a session that several builds share ends when its client closes it, and hangs nobody', async () => {
    await using one = await client('own');
    for (const way of ['closeOurSide', 'giveUp'] as const) {
      const shared = one.share('shared-by-two');
      const attributes = { 'local-sessionid:context': 'shared-by-two' };
      const built = await Promise.all([one.build('one', attributes), one.build('other', attributes)]);
      assert.deepEqual(
        built.map(({ status }) => status),
        [0, 0],
        built.map(({ message }) => message).join(),
      );
      shared[way]();
      const status = await Promise.race([shared.ended, new Promise((resolve) => setTimeout(resolve, 5000, 'hangs'))]);
      // the name is free again then
      assert.equal(status, way === 'giveUp' ? -1 : 0);
    }
  });

  test('users B9: a build uses what another made, which is over when it begins', async () => {
    await using one = await client('parent', TREE, 'FROM busybox AS parent\nRUN echo made > /made\nFROM parent\n');
    await using other = await client('child', TREE, 'FROM parent\nCOPY d /d\n');
    const solve = '/moby.buildkit.v1.Control/Solve';
    const bridge = '/moby.buildkit.v1.frontend.LLBBridge';
    const attributes = new Map([['force-network-mode', 'none']]);
    const ask = async (ref: string, request: Partial<Of<typeof messages.GatewaySolveRequest>>) => {
      const build = { 'buildkit-controlapi-buildid': ref };
      const got = await one.call(`${bridge}/Solve`, messages.GatewaySolveRequest, request, build);
      assert.equal(got.status, 0, got.message);
      return messages.GatewaySolveResponse.decode(got.answer ?? Buffer.alloc(0)).result?.ref;
    };
    const parent = one.call(solve, messages.SolveRequest, { ref: 'parent', session: one.id });
    const exporter = { exporter: 'moby', exporterAttrs: new Map([['name', 'child']]) };
    const child = one.call(solve, messages.SolveRequest, { ref: 'child', session: other.id, ...exporter });
    const made = await ask('parent', { frontend: 'dockerfile.v0', frontendOpt: attributes });
    const used = await ask('child', {
      frontend: 'dockerfile.v0',
      frontendOpt: new Map([...attributes, ['context:parent', 'input:parent']]),
      frontendInputs: new Map([['parent', made?.def ?? { def: [], metadata: new Map() }]]),
    });
    const give = (ref: string, id = '') =>
      one.call(
        `${bridge}/Return`,
        messages.ReturnRequest,
        { result: { ref: { id, def: undefined }, refs: undefined, metadata: new Map() }, error: undefined },
        { 'buildkit-controlapi-buildid': ref },
      );
    await give('parent', made?.id);
    assert.equal((await parent).status, 0);
    await give('child', used?.id);
    const built = await child;
    assert.equal(built.status, 0, built.message);
    assert.equal(await printed('child', 'cat', '/made', '/d/a'), 'made\nfirst\n');
  });

  test('users B9: a session whose client half closes its connection in the middle ends the build that needs it', async () => {
    await using one = await client('half');
    one.stallAt = 'd/b';
    const building = one.build('never');
    while (!one.fetched.includes('d/b')) await new Promise((resolve) => setTimeout(resolve, 10));
    await one.closeSessionSide();
    assert.notEqual((await building).status, 0);
  });

  test('fault B53: names that lead outside are refused, and nothing is written there', async () => {
    const outside = join(daemon.folder, 'outside');
    const bad: readonly (readonly ClientFile[])[] = [
      [{ path: `../../../../../../..${outside}`, data: 'x' }],
      [{ path: outside, data: 'x' }],
      [
        { path: 'l', link: daemon.folder },
        { path: 'l/outside', data: 'x' },
      ],
      [{ path: 'f', hardlink: '../../../../../../etc/passwd' }],
    ];
    for (const files of bad) {
      await using hostile = await client('hostile', files, 'FROM busybox\nCOPY . /src\n');
      const result = await hostile.build('never');
      assert.notEqual(result.status, 0);
      assert.match(result.message, /in the files of the client|which is no file/);
    }
    assert.ok(!existsSync(outside));
  });

  test('fault B60: a client that goes in the middle leaves no half tree behind', async () => {
    const before = kept();
    const leaving = await client('leaving');
    leaving.stallAt = 'd/b';
    const building = leaving.build('never');
    while (!leaving.fetched.includes('d/b')) await new Promise((resolve) => setTimeout(resolve, 10));
    await leaving[Symbol.asyncDispose]();
    await building;
    for (let turn = 0; kept().length !== before.length && turn < 200; turn += 1)
      await new Promise((resolve) => setTimeout(resolve, 20));
    assert.deepEqual(kept(), before);
    await using again = await client('leaving');
    assert.equal((await again.build('after')).status, 0);
  });

  test('a context from a git repository, and the address that the host has for containers', async () => {
    await using repository = await served({ Dockerfile: 'FROM busybox\nCOPY sub/f /f\n', 'sub/f': 'from git\n' });
    await using one = await client('git', []);
    const built = await one.build('remote', { context: repository.url });
    assert.equal(built.status, 0, built.message);
    assert.equal(await printed('remote', 'cat', '/f'), 'from git\n');
    const missing = await one.build('never', { context: `${repository.url}#nothing` });
    assert.notEqual(missing.status, 0);
    assert.match(missing.message, /nothing/);
    // what the builder itself is told by build arguments
    await using whole = await served({ Dockerfile: 'FROM busybox\nCOPY . /s\nRUN hostname > /name\n' });
    const named = { 'build-arg:BUILDKIT_CONTEXT_KEEP_GIT_DIR': '1', 'build-arg:BUILDKIT_SANDBOX_HOSTNAME': 'hb' };
    const kept = await one.build('kept', { context: whole.url, 'force-network-mode': 'none', ...named });
    assert.equal(kept.status, 0, kept.message);
    assert.match(await printed('kept', 'cat', '/s/.git/HEAD', '/name'), /^[0-9a-f]{40}\nhb\n$/);
    const other = await one.build('never', { context: whole.url, 'build-arg:BUILDKIT_SYNTAX': 'nosuch/frontend' });
    assert.match(other.message, /frontend nosuch\/frontend is not implemented by this daemon/);

    const workers = await one.call('/moby.buildkit.v1.Control/ListWorkers', messages.Empty, {});
    const [worker] = messages.ListWorkersResponse.decode(workers.answer ?? Buffer.alloc(0)).record;
    assert.match(worker?.labels.get('org.mobyproject.buildkit.worker.moby.host-gateway-ip') ?? '', /^\d+(\.\d+){3}$/);
  });

  test('checks and targets are answered without a build', async () => {
    const text = 'FROM busybox AS base\nMAINTAINER me\nFROM base AS last\nRUN exit 1\n';
    await using one = await client('describe', TREE, text);
    const ref = 'described';
    const open = one.call('/moby.buildkit.v1.Control/Solve', messages.SolveRequest, { ref, session: one.id });
    const bridge = '/moby.buildkit.v1.frontend.LLBBridge';
    const build = { 'buildkit-controlapi-buildid': ref };
    const ask = async (requestid: string): Promise<(name: string) => string> => {
      const frontendOpt = new Map([['requestid', requestid]]);
      const request = { frontend: 'dockerfile.v0', frontendOpt };
      const got = await one.call(`${bridge}/Solve`, messages.GatewaySolveRequest, request, build);
      assert.equal(got.status, 0, got.message);
      const { result } = messages.GatewaySolveResponse.decode(got.answer ?? Buffer.alloc(0));
      return (name) => Buffer.from(result?.metadata.get(name) ?? []).toString();
    };
    const lint = await ask('frontend.lint');
    assert.equal(lint('result.statuscode'), '1');
    const { warnings, sources } = JSON.parse(lint('result.json')) as {
      warnings: { ruleName: string; location: { ranges: { start: { line: number } }[] } }[];
      sources: { data: string }[];
    };
    assert.deepEqual(
      warnings.map(({ ruleName, location }) => [ruleName, location.ranges[0]?.start.line]),
      [['MaintainerDeprecated', 2]],
    );
    assert.equal(Buffer.from(sources[0]?.data ?? '', 'base64').toString(), text);
    const targets = await ask('frontend.targets');
    assert.match(targets('result.txt'), /^TARGET +DESCRIPTION\nbase +\nlast \(default\) +\n$/);
    const outline = await ask('frontend.outline');
    assert.equal(outline('result.txt'), 'TARGET: last\n\n');
    const request = { frontend: 'dockerfile.v0', frontendOpt: new Map([['requestid', 'frontend.other']]) };
    assert.equal((await one.call(`${bridge}/Solve`, messages.GatewaySolveRequest, request, build)).status, 12);
    await one.call(`${bridge}/Return`, messages.ReturnRequest, {}, build);
    assert.equal((await open).status, 0);
  });

  test('the course of a build is told again when it is over and was told once', async () => {
    await using one = await client('logged', TREE, 'FROM busybox\nRUN echo what it said\n');
    const status = '/moby.buildkit.v1.Control/Status';
    const ref = 'logged';
    const built = await one.call('/moby.buildkit.v1.Control/Solve', messages.SolveRequest, {
      ref,
      session: one.id,
      frontend: 'dockerfile.v0',
      frontendAttrs: new Map([['force-network-mode', 'none']]),
    });
    assert.equal(built.status, 0, built.message);
    for (const time of ['while it is remembered', 'from the history']) {
      const notified = await one.call(status, messages.StatusRequest, { ref });
      assert.equal(notified.status, 0, notified.message);
      const { logs } = messages.StatusResponse.decode(notified.answer ?? Buffer.alloc(0));
      assert.equal(logs.map(({ msg }) => Buffer.from(msg).toString()).join(''), 'what it said\n', time);
    }
  });

  test('what cannot be done is said, and a Dockerfile that is wrong fails with its line', async () => {
    await using wrong = await client('wrong', TREE, 'FROM busybox\nRNU x\n');
    assert.match((await wrong.build('never')).message, /dockerfile parse error on line 2: unknown instruction: RNU/);
    // also one that is only found when the graph is made
    await using planned = await client('planned', TREE, 'FROM busybox\nEXPOSE abc\n');
    const { status, message, details } = await planned.build('never');
    assert.deepEqual([status, message], [2, 'invalid containerPort: abc']);
    assert.match(details, /"ranges":\[\{"start":\{"line":2\},/);
    const llb = await wrong.call('/moby.buildkit.v1.Control/Solve', messages.SolveRequest, {
      ref: 'graph',
      definition: { def: [Buffer.from('x')], metadata: new Map() },
    });
    assert.equal(llb.status, 12);
    const unknown = await wrong.call('/moby.buildkit.v1.Control/Nothing', messages.Empty, {});
    assert.deepEqual(
      [unknown.status, unknown.message],
      [12, 'unknown method Nothing for service moby.buildkit.v1.Control'],
    );
    const nonsense = { encode: () => Buffer.alloc(9, 0xff), decode: () => ({}) };
    const garbage = await wrong.call('/moby.buildkit.v1.Control/Solve', nonsense, {});
    assert.notEqual(garbage.status, 0);
    await using alive = await client('alive');
    assert.equal((await alive.build('alive')).status, 0);
  });

  test("Docker's own client, of the last version with BuildKit in itself", { skip: withoutDebian }, async (t) => {
    const docker = join(await unpackedPackage('docker.io'), 'usr/bin/docker');
    const version = execFileSync(docker, ['--version'], { encoding: 'utf8' }).trim();
    if (!version.includes(' 20.10.')) return t.skip(`the package of this distribution is ${version}`);
    const work = mkdtempSync(join(tmpdir(), 'buildkit-'));
    try {
      writeFileSync(join(work, 'Dockerfile'), 'FROM busybox\nCOPY a /a\nRUN echo ran; cat /a > /b\n');
      writeFileSync(join(work, 'a'), 'from the host\n');
      const run = (...args: string[]) =>
        execute(docker, ['-H', daemon.host, 'build', '--network', 'none', '--progress', 'plain', ...args, work], {
          env: { DOCKER_BUILDKIT: '1' },
        });
      const built = await run('-t', 'cli');
      assert.equal(built.code, 0, built.stderr);
      assert.match(built.stderr, /\[3\/3\] RUN echo ran; cat \/a > \/b\n[^]*ran\n[^]*naming to .*cli/);
      assert.equal(await printed('cli', 'cat', '/b'), 'from the host\n');
      assert.match((await run()).stderr, /CACHED/);
      writeFileSync(join(work, 'Dockerfile'), 'FROM busybox\nRUN exit 7\n');
      const failed = await run();
      assert.equal(failed.code, 1);
      assert.match(failed.stderr, /process "\/bin\/sh -c exit 7" did not complete successfully: exit code: 7/);
    } finally {
      rmSync(work, { recursive: true, force: true });
    }
  });
});

/** A repository with these files, served on this host until it is disposed. */
async function served(files: Readonly<Record<string, string>>): Promise<AsyncDisposable & { readonly url: string }> {
  const home = mkdtempSync(join(tmpdir(), 'buildkit-git-'));
  const folder = join(home, 'x.git');
  const git = (...args: string[]): void => {
    const who = ['-c', 'user.name=t', '-c', 'user.email=t@example.com', '-c', 'init.defaultBranch=main'];
    execFileSync('git', [...who, '-C', folder, ...args], { stdio: 'ignore' });
  };
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(join(folder, name, '..'), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  git('init', '-q');
  git('add', '.');
  git('commit', '-qm', 'one');
  const port = await new Promise<number>((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
  const flags = ['--export-all', '--reuseaddr', '--listen=127.0.0.1', `--port=${port}`, `--base-path=${home}`];
  const child = spawn('git', ['daemon', ...flags], { stdio: 'ignore' });
  const answers = (): Promise<boolean> =>
    new Promise((resolve) => {
      const socket = connect(port, '127.0.0.1', () => (socket.destroy(), resolve(true)));
      socket.once('error', () => resolve(false));
    });
  for (let turn = 0; turn < 100 && !(await answers()); turn += 1) await new Promise((done) => setTimeout(done, 20));
  return {
    url: `git://127.0.0.1:${port}/x.git`,
    async [Symbol.asyncDispose]() {
      child.kill();
      rmSync(home, { recursive: true, force: true });
    },
  };
}
