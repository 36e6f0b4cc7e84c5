// Berth's own client builds: contexts from everywhere, secrets, outputs, checks, and only what changed is sent again.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { type Result, TestDaemon } from '../support/daemon.ts';
import { FOREIGN, registerInterpreter, whyNoInterpreter } from '../support/interpreter.ts';
import { Terminal } from '../support/pty.ts';

let daemon: TestDaemon;
const folder = mkdtempSync('/tmp/berth-bc-');

before(async () => {
  daemon = await TestDaemon.start();
  assert.equal((await daemon.berth('image', 'bootstrap', 'busybox')).code, 0);
});

after(async () => {
  await daemon[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

function context(files: Readonly<Record<string, string>>): string {
  const at = mkdtempSync(join(folder, 'c-'));
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(join(at, name, '..'), { recursive: true });
    writeFileSync(join(at, name), content);
  }
  return at;
}

const build = (...args: string[]): Promise<Result> => daemon.berth('build', '--progress', 'plain', ...args);
const fed = (input: string, ...args: string[]): Promise<Result> =>
  daemon.client('berth', ['build', '--progress', 'plain', ...args], { input });

const TWO_STAGES = `FROM busybox AS make
ARG WHO=world
COPY --link in.txt sub/ /w/
RUN cat /w/* > /out && echo "$WHO" >> /out
FROM scratch
COPY --from=make /out /
`;

test('the second build sends only what changed, and says why a step ran again', async () => {
  const at = context({
    Dockerfile: TWO_STAGES,
    'in.txt': 'one\n',
    'sub/big': 'x'.repeat(2_000_000),
    skipped: 'y',
    '.dockerignore': '*\n!in.txt\n!sub\n',
  });
  const sent = (result: Result): string => /transferring context: ([\d.]+\w+)/.exec(result.stderr)?.[1] ?? '';
  const first = await build('-t', 'two', at);
  assert.equal(first.code, 0, first.stderr);
  assert.match(sent(first), /^2\.\d+MB$/);
  const again = await build('-t', 'two', '--require-cached', at);
  assert.equal(again.code, 0, again.stderr);
  assert.match(sent(again), /^\d+B$/);
  writeFileSync(join(at, 'in.txt'), 'changed\n');
  const refused = await build('--require-cached', at);
  assert.equal(refused.code, 1);
  const third = await build('--explain', '-o', join(folder, 'files'), at);
  assert.equal(third.code, 0, third.stderr);
  assert.match(sent(third), /^\d+B$/);
  assert.match(third.stderr, /because .*in\.txt/);
  assert.equal(readFileSync(join(folder, 'files/out'), 'utf8').replace(/x+/, 'x'), 'xchanged\nworld\n');
});

test('owners, modes and times of what instructions make', async () => {
  const at = context({
    Dockerfile: `FROM busybox
COPY --chmod=u=rwX,go=rX tree /tree/
COPY --chmod=go-r,+t in.txt /in.txt
ADD packed.gz archive.tar.gz /added/
USER 33:44
WORKDIR /app/own
RUN touch mine
USER 0
RUN --mount=type=tmpfs,target=/made/t echo 'exit 0' >/made/t/x && chmod +x /made/t/x && /made/t/x && touch /made/left
RUN grep -q " $(hostname)$" /etc/hosts
RUN stat -c '%n %a %u:%g' /tree/* /in.txt /app /app/own /app/own/mine /made /made/* /added/* >/told
FROM scratch
COPY --chown=root --from=0 /told /
`,
    'tree/run': 'x',
    'tree/sub/f': 'y',
    'in.txt': 'one\n',
  });
  chmodSync(join(at, 'tree/run'), 0o700);
  writeFileSync(join(at, 'packed.gz'), gzipSync('select 1;\n'));
  execFileSync('tar', [
    '-czf',
    join(at, 'archive.tar.gz'),
    '--mode=0640',
    '--owner=7',
    '--group=8',
    '-C',
    at,
    'in.txt',
  ]);
  const files = join(folder, 'told');
  const built = await build('-o', files, at);
  assert.equal(built.code, 0, built.stderr);
  assert.deepEqual(readFileSync(join(files, 'told'), 'utf8').trim().split('\n'), [
    '/tree/run 755 0:0',
    '/tree/sub 755 0:0',
    '/in.txt 1600 0:0',
    '/app 755 33:44',
    '/app/own 755 33:44',
    '/app/own/mine 644 33:44',
    '/made 755 0:0',
    '/made/left 644 0:0',
    '/added/in.txt 640 7:8',
    '/added/packed.gz 644 0:0',
  ]);
  const wrong = await build(context({ Dockerfile: 'FROM busybox\nCOPY --chmod=u=rwq f /f\n', f: '' }));
  assert.match(wrong.stderr, /invalid chmod parameter: 'u=rwq'/);
});

test('secrets and the agent of ssh keys are there for the step that asks, and nowhere else', async () => {
  const agent = join(folder, 'agent.sock');
  const server = createServer();
  await new Promise<void>((done) => server.listen(agent, done));
  const at = context({
    Dockerfile: `FROM busybox
RUN --mount=type=secret,id=file,required rev < /run/secrets/file
RUN --mount=type=secret,id=env,env=TOKEN echo "$TOKEN" | rev
RUN --mount=type=ssh test -S $SSH_AUTH_SOCK
RUN ! test -e /run/secrets/file
`,
    secret: 'abc',
  });
  const args = ['--secret', `id=file,src=${join(at, 'secret')}`, '--secret', 'id=env', '--ssh', `default=${agent}`];
  const done = await daemon.client('berth', ['build', '--progress', 'plain', ...args, at], { env: { env: 'xyz' } });
  server.close();
  assert.equal(done.code, 0, done.stderr);
  assert.match(done.stderr, /^#\d+ [\d.]+ cba$/m);
  assert.match(done.stderr, /^#\d+ [\d.]+ zyx$/m);
  const missing = await build('--no-cache', at);
  assert.equal(missing.code, 1);
});

const SSH = ['ssh-agent', 'ssh-add', 'ssh-keygen'].map((name) => `/usr/bin/${name}`);

test('keys in files are signed with by an agent that ends with the build', {
  skip: !SSH.every(existsSync),
}, async () => {
  const key = join(folder, 'key');
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', key]);
  // ssh-add of this machine, with what it is linked to
  const at = context({
    Dockerfile: 'FROM busybox\nCOPY tools /\nRUN --mount=type=ssh,id=k ["/usr/bin/ssh-add", "-L"]\n',
  });
  const linked = execFileSync('ldd', ['/usr/bin/ssh-add']).toString().match(/\/\S+/g) ?? [];
  for (const path of ['/usr/bin/ssh-add', ...linked]) {
    mkdirSync(join(at, 'tools', dirname(path)), { recursive: true });
    copyFileSync(path, join(at, 'tools', path));
  }
  const agents = (): string[] => readdirSync(tmpdir()).filter((name) => name.startsWith('berth-ssh-'));
  const before = agents();
  const [, publicKey = ''] = readFileSync(`${key}.pub`, 'utf8').split(' ');
  const listed = await build('--ssh', `k=${key}`, at);
  assert.equal(listed.code, 0, listed.stderr);
  assert.ok(listed.stderr.includes(publicKey), listed.stderr);
  execFileSync('ssh-keygen', ['-q', '-p', '-P', '', '-N', 'secret', '-f', key]);
  const locked = await build('--no-cache', '--ssh', `k=${key}`, at);
  assert.equal(locked.code, 1);
  assert.doesNotMatch(locked.stderr, /ssh-ed25519/);
  assert.deepEqual(agents(), before);
});

test('the Dockerfile from stdin, an archive from stdin, another Dockerfile, named contexts', async () => {
  const plain = await fed('FROM scratch\nLABEL from=stdin\n', '-q', '-t', 'stdin', '-');
  assert.match(plain.stdout, /^sha256:[0-9a-f]{64}\n$/);
  const at = context({
    'a.txt': 'A',
    'other/b.txt': 'B',
    'docker/My.Dockerfile': 'FROM scratch\nCOPY a.txt /\nCOPY --from=more b.txt /\n',
    'docker/My.Dockerfile.dockerignore': 'other\n',
  });
  const named = await build(
    '-f',
    join(at, 'docker/My.Dockerfile'),
    '--build-context',
    `more=${join(at, 'other')}`,
    '-o',
    `type=tar,dest=${join(folder, 'o.tar')}`,
    at,
  );
  assert.equal(named.code, 0, named.stderr);
  assert.ok(existsSync(join(folder, 'o.tar')));
  const given = await fed('FROM scratch\nCOPY a.txt /\n', '-f', '-', '-q', at);
  assert.equal(given.code, 0, given.stderr);
  const archive = execFileSync('tar', ['-C', at, '-cf', '-', '.']);
  const more = `more=${join(at, 'other')}`;
  const command = daemon.command('berth', ['build', '-f', 'docker/My.Dockerfile', '--build-context', more, '-']);
  const packed = spawnSync(command.file, command.args, { input: archive, env: command.env });
  assert.equal(packed.status, 0, packed.stderr.toString());
});

test('an image in OCI layout is a base, by its tag or its digest; its names stay out of the store', async () => {
  const layout = join(folder, 'laid');
  mkdirSync(layout);
  const made = context({ Dockerfile: 'FROM busybox\nRUN echo laid > /laid\n' });
  const archive = join(folder, 'laid.tar');
  const packed = await build('-t', 'laid/out:one', '-o', `type=oci,dest=${archive}`, made);
  assert.equal(packed.code, 0, packed.stderr);
  execFileSync('tar', ['-C', layout, '-xf', archive]);
  const straight = join(folder, 'straight');
  const asFiles = await build('-t', 'laid/out:one', '-o', `type=oci,dest=${straight},tar=false`, made);
  assert.equal(asFiles.code, 0, asFiles.stderr);
  assert.equal(readFileSync(join(straight, 'index.json'), 'utf8'), readFileSync(join(layout, 'index.json'), 'utf8'));
  const index = JSON.parse(readFileSync(join(layout, 'index.json'), 'utf8')) as { manifests: { digest: string }[] };
  const at = context({ Dockerfile: 'FROM base\nRUN cat /laid\nCOPY --from=base /laid /twice\n' });
  for (const name of ['', ':one', `@${index.manifests[0]?.digest ?? ''}`]) {
    const used = await build('--no-cache', '--build-context', `base=oci-layout://${layout}${name}`, at);
    assert.equal(used.code, 0, used.stderr);
    assert.match(used.stderr, /^#\d+ [\d.]+ laid$/m);
  }
  assert.equal((await daemon.docker('images', '-q', 'laid/out')).stdout, '');
  const other = await build('--build-context', `base=oci-layout://${layout}:two`, at);
  assert.match(other.stderr, /could not find image two in the OCI layout of the context base/);
  const none = await build('--build-context', `base=oci-layout://${at}`, at);
  assert.match(none.stderr, /the context base is no OCI layout: it has no index.json/);
});

test('owners that the image does not know are root, as in BuildKit; a known user keeps its group', async () => {
  const lines = [
    'FROM busybox',
    'COPY --chown=nosuch a /one',
    'COPY --chown=nosuch:5 a /two',
    'COPY --chown=5:nosuch a /three',
    'COPY --chown=:5 a /four',
    'USER nosuch',
    'WORKDIR /five',
    'USER 0',
    "RUN stat -c '%n=%u:%g' /one /two /three /four /five",
  ];
  const made = await build('--no-cache', context({ Dockerfile: `${lines.join('\n')}\n`, a: 'a' }));
  assert.equal(made.code, 0, made.stderr);
  const owners = [...made.stderr.matchAll(/ (\/\w+=\d+:\d+)$/gm)].map(([, owner]) => owner);
  assert.deepEqual(owners, ['/one=0:0', '/two=0:5', '/three=5:5', '/four=0:5', '/five=0:0']);
});

test('what fails is shown with its place and its output', async () => {
  const failed = await build(context({ Dockerfile: 'FROM busybox\nRUN echo before; exit 3\n' }));
  assert.equal(failed.code, 1);
  assert.match(failed.stderr, /^ > \[2\/2\] RUN echo before; exit 3:\nbefore\n------\nDockerfile:2\n/m);
  assert.match(failed.stderr, /^ {3}2 \| >>> RUN echo before; exit 3$/m);
  assert.match(
    failed.stderr,
    /^ERROR: failed to build: failed to solve: process "\/bin\/sh -c .*" did not complete successfully: exit code: 3$/m,
  );
  const missing = await build(context({ Dockerfile: 'FROM busybox\nCOPY nothing /x\n' }));
  assert.match(
    missing.stderr,
    /Dockerfile:2\n-+\n.*\n {3}2 \| >>> COPY nothing \/x\n[^]*^ERROR: failed to build: failed to solve: "\/nothing": not found$/m,
  );
  const typo = await build(context({ Dockerfile: 'FROM busybox\nRUNN x\n' }));
  assert.match(typo.stderr, /dockerfile parse error on line 2: unknown instruction: RUNN \(did you mean RUN\?\)/);
  assert.match((await build(join(folder, 'nothing'))).stderr, /unable to prepare context: path ".*" not found/);
});

test('a shell in what a failed step left: its files, its variables, its mounts', async () => {
  const recipe =
    'FROM busybox\nENV COLOR=blue\nWORKDIR /w\nRUN --mount=type=tmpfs,target=/fast echo half > made; false\n';
  const at = context({ Dockerfile: recipe });
  const nobody = await build('--on-error=shell', at);
  assert.equal(nobody.code, 1);
  assert.match(nobody.stderr, /There is no terminal for a shell/);
  const { file, args, env } = daemon.command('berth', ['build', '--on-error=shell', at]);
  using terminal = new Terminal(file, args, { env, size: [40, 100] });
  await terminal.expect(/\/w # /, 60_000);
  terminal.type('echo "<$COLOR-$(cat made)-$(grep -c " /fast " /proc/mounts)-$(stty size)>"; exit\n');
  await terminal.expect(/<blue-half-1-40 100>/, 60_000);
  await terminal.expect(/ERROR: failed to build: failed to solve: process/, 60_000);
  assert.equal(await terminal.ended, 1);
  // nothing of the shell is left
  assert.deepEqual(readdirSync(join(daemon.execRoot, 'c')), []);
  assert.deepEqual(readdirSync(join(daemon.execRoot, 'exits')), []);
});

test('one layer for all that the build did: the same files, what is gone is gone', async () => {
  const recipe = `FROM busybox
RUN mkdir -p /a/b /re /gone; echo 1 > /a/b/1; ln /a/b/1 /a/2; echo old > /re/old; echo x > /gone/x; rm /bin/vi
RUN rm -r /gone /a/b /re; mkdir /re; echo new > /re/new; rm -r /var; mkdir /var; echo p >> /etc/passwd
CMD ["true"]
`;
  const at = context({ Dockerfile: recipe });
  const files = async (tag: string): Promise<string> => {
    const id = (await daemon.docker('create', tag)).stdout.trim();
    const archive = execFileSync('sh', ['-c', `docker -H ${daemon.host} export ${id} | tar -tv --numeric-owner`]);
    await daemon.docker('rm', id);
    return archive.toString().split('\n').sort().join('\n');
  };
  for (const [tag, ...flags] of [['whole'], ['squashed', '--squash']] as const) {
    const built = await build(...flags, '-t', tag, at);
    assert.equal(built.code, 0, built.stderr);
  }
  assert.equal(await files('squashed'), await files('whole'));
  const inspected = await daemon.docker('inspect', '-f', '{{len .RootFS.Layers}}', 'squashed', 'whole');
  assert.equal(inspected.stdout, '2\n3\n');
  const history = await daemon.docker('history', '--format', '{{.CreatedBy}} {{.Comment}}', '--no-trunc', 'squashed');
  assert.match(history.stdout, /^ merge sha256:\w+ to sha256:\w+\nCMD \["true"\] /);
});

test('cache mounts go from machine to machine as archives', async () => {
  const recipe = (line: string): string =>
    context({ Dockerfile: `FROM busybox\nRUN --mount=type=cache,id=deps,target=/deps ${line}\n` });
  assert.equal((await build(recipe('mkdir -p /deps/a; echo one > /deps/a/one; chmod 600 /deps/a/one'))).code, 0);
  const archive = join(folder, 'deps.tar');
  const exported = await daemon.berth('builder', 'cache', 'export', '-o', archive, 'deps');
  assert.equal(exported.code, 0, exported.stderr);
  assert.match(execFileSync('tar', ['-tvf', archive]).toString(), /^-rw------- .* a\/one$/m);
  // contexts that are kept for the next build are a part of the cache: shown, and removed with it
  const kept = join(daemon.dataRoot, 'build/clients');
  assert.notDeepEqual(readdirSync(kept), []);
  const shown = JSON.parse((await daemon.get('/system/df?type=build-cache')).body) as {
    BuildCache: { Type: string }[];
  };
  assert.ok(shown.BuildCache.some(({ Type }) => Type === 'source.local'));
  await daemon.berth('builder', 'prune', '-af');
  assert.deepEqual(readdirSync(kept), []);
  assert.match((await daemon.berth('builder', 'cache', 'export', 'deps')).stderr, /no cache mount deps/);
  assert.equal((await build(recipe('! test -e /deps/a && echo two > /deps/two'))).code, 0);
  const filled = await daemon.berth('builder', 'cache', 'import', 'deps', archive);
  assert.equal(filled.code, 0, filled.stderr);
  const seen = await build(recipe('! test -e /deps/two && cat /deps/a/one'));
  assert.equal(seen.code, 0, seen.stderr);
  assert.match(seen.stderr, /^#\d+ [\d.]+ one$/m);
  assert.match(
    (await daemon.berth('builder', 'cache', 'ls')).stdout,
    /^KEY +CACHE ID +USES +LAST USED\n\w{24}-0 +deps +/,
  );
  const broken = join(folder, 'broken.tar');
  writeFileSync(broken, readFileSync(archive).subarray(0, 700));
  assert.equal((await daemon.berth('builder', 'cache', 'import', 'deps', broken)).code, 1);
  assert.equal((await build('--no-cache', recipe('cat /deps/a/one'))).code, 0);
});

test('checks, targets, metadata', async () => {
  const at = context({ Dockerfile: '# base what all begins with\nFROM busybox AS base\nFROM base as Two\nCMD x\n' });
  const checked = await daemon.berth('build', '--check', at);
  assert.equal(checked.code, 1);
  assert.match(checked.stdout, /^Check complete, 3 warnings have been found!$/m);
  for (const rule of ['StageNameCasing', 'FromAsCasing', 'JSONArgsRecommended'])
    assert.match(checked.stdout, new RegExp(rule));
  const targets = await daemon.berth('build', '--call', 'targets', at);
  assert.match(targets.stdout, /^base +what all begins with\ntwo \(default\)$/m);
  const json = await daemon.berth('build', '--call', 'check,format=json', at);
  assert.equal((JSON.parse(json.stdout) as { warnings: unknown[] }).warnings.length, 3);
  const wrong = await daemon.berth('build', '--check', context({ Dockerfile: 'FROM busybox\nEXPOSE zz\n' }));
  assert.deepEqual([wrong.code, wrong.stdout], [1, '']);
  assert.match(wrong.stderr, /^ERROR: invalid containerPort: zz\nDockerfile:2\n-+\n.*\n   2 \| >>> EXPOSE zz\n/);
  const [iid, metadata] = [join(folder, 'iid'), join(folder, 'metadata')];
  const named = ['-t', 'meta/data', '-t', 'localhost/own:1'];
  const built = await daemon.berth(
    'buildx',
    'build',
    '-q',
    ...named,
    '--iidfile',
    iid,
    '--metadata-file',
    metadata,
    at,
  );
  assert.equal(built.stdout, `${readFileSync(iid, 'utf8')}\n`);
  const read = JSON.parse(readFileSync(metadata, 'utf8')) as Record<string, unknown>;
  assert.equal(read['containerimage.config.digest'], readFileSync(iid, 'utf8'));
  assert.equal(read['image.name'], 'docker.io/meta/data,localhost/own:1');
  const strict = await build(context({ Dockerfile: '# check=error=true\nFROM busybox\nCMD x\n' }));
  assert.match(strict.stderr, /lint violation found for rules: JSONArgsRecommended/);
});

test('the classic builder is asked for what it has, and nothing is left unsaid', async () => {
  const at = context({ Dockerfile: 'FROM busybox\nLABEL a=b\n' });
  const env = { DOCKER_BUILDKIT: '0' };
  const built = await daemon.client('berth', ['build', '-t', 'classic', at], { env });
  assert.match(built.stdout, /^Successfully tagged classic:latest$/m);
  const refused = await daemon.client('berth', ['build', '--secret', 'id=x,src=/dev/null', at], { env });
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /--secret is not supported by the classic builder/);
  // users S17: the Dockerfile from stdin, beside a context in which it is in small letters
  const small = context({ dockerfile: 'FROM busybox\nRUN echo in small letters\n', f: '' });
  assert.match((await daemon.client('berth', ['build', small], { env })).stdout, /^in small letters$/m);
  const input = 'FROM busybox\nCOPY . /d\nRUN ls -A /d\n';
  const piped = await daemon.client('berth', ['build', '-f', '-', small], { env, input });
  assert.match(piped.stdout, /^ ---> Running in [0-9a-f]+\ndockerfile\nf\n/m, piped.stderr);
});

const CROSS = `FROM --platform=$BUILDPLATFORM busybox AS cross
ARG TARGETARCH
RUN echo "for $TARGETARCH" > /out
FROM scratch
COPY --from=cross /out /
`;

test('users S16: several platforms are one image, a folder each as files, and what is said of them goes along', async () => {
  const at = context({ Dockerfile: CROSS });
  const many = ['--platform', 'linux/amd64,linux/arm64'];
  const meta = join(folder, 'metadata.json');
  const stored = await build(...many, '-t', 'many', '--metadata-file', meta, at);
  assert.equal(stored.code, 0, stored.stderr);
  assert.match(stored.stderr, /\[linux\/amd64->arm64 cross 2\/2\] RUN/);
  const notified = JSON.parse(readFileSync(meta, 'utf8')) as Record<string, string | { digest: string }>;
  assert.deepEqual(
    (notified['containerimage.descriptor'] as { digest: string }).digest,
    notified['containerimage.digest'],
  );
  assert.equal(
    (await daemon.berth('image', 'inspect', '-f', '{{.Id}}', 'many')).stdout.trim(),
    notified['containerimage.config.digest'],
  );

  const files = join(folder, 'files');
  const said = ['--provenance', 'mode=max', '--sbom', 'true'];
  const local = await build(...many, ...said, '-o', `type=local,dest=${files}`, at);
  assert.equal(local.code, 0, local.stderr);
  for (const architecture of ['amd64', 'arm64']) {
    const read = (name: string): string => readFileSync(join(files, `linux_${architecture}`, name), 'utf8');
    assert.equal(read('out'), `for ${architecture}\n`);
    const { predicateType, subject } = JSON.parse(read('provenance.json')) as Record<string, unknown>;
    assert.equal(predicateType, 'https://slsa.dev/provenance/v1');
    assert.deepEqual(
      (subject as { name: string }[]).map(({ name }) => name),
      ['out'],
    );
    assert.match(read('sbom.spdx.json'), /"spdxVersion":"SPDX-2.3"/);
  }

  const archive = join(folder, 'many.tar');
  const oci = await build(...many, ...said, '-o', `type=oci,dest=${archive}`, at);
  assert.equal(oci.code, 0, oci.stderr);
  const layout = join(folder, 'layout');
  mkdirSync(layout);
  execFileSync('tar', ['-xf', archive, '-C', layout]);
  type Listed = { digest: string; platform?: { architecture: string }; annotations?: Record<string, string> };
  const blob = (digest: string): { manifests: Listed[]; layers: Listed[] } =>
    JSON.parse(readFileSync(join(layout, 'blobs/sha256', digest.slice(7)), 'utf8'));
  const { manifests } = JSON.parse(readFileSync(join(layout, 'index.json'), 'utf8')) as { manifests: [Listed] };
  const [amd, arm, ...statements] = blob(manifests[0].digest).manifests;
  assert.deepEqual([amd?.platform?.architecture, arm?.platform?.architecture], ['amd64', 'arm64']);
  assert.deepEqual(
    statements.map(({ annotations }) => annotations?.['vnd.docker.reference.digest']),
    [amd?.digest, arm?.digest],
  );
  assert.deepEqual(
    blob(statements[0]?.digest ?? '').layers.map(({ annotations }) => annotations?.['in-toto.io/predicate-type']),
    ['https://spdx.dev/Document', 'https://slsa.dev/provenance/v1'],
  );
});

test('RUN for another processor goes through the interpreter that the kernel has for it', async (t) => {
  const why = whyNoInterpreter();
  if (why !== undefined) return t.skip(why);
  const at = context({
    Dockerfile: 'FROM scratch\nCOPY echo /bin/\nRUN ["/bin/echo", "through", "it"]\nCMD ["/bin/echo", "run"]\n',
  });
  writeFileSync(join(at, 'echo'), FOREIGN.program, { mode: 0o755 });
  const foreign = ['--no-cache', '--platform', `linux/${FOREIGN.architecture}`, at];
  const refused = await build(...foreign);
  assert.match(
    refused.stderr,
    /"\/bin\/echo through it" cannot be run: it is for linux\/mips64, this machine is \w+, and no interpreter/,
  );
  // busybox goes by the last part of its first argument, which is the program's path
  const busybox = join(folder, 'busybox');
  await daemon.docker('create', '--name', 'holds-busybox', 'busybox');
  await daemon.docker('cp', '--follow-link', 'holds-busybox:/bin/busybox', busybox);
  await using _registered = await registerInterpreter(busybox);
  const built = await build('-t', 'foreign', ...foreign);
  assert.match(built.stderr, /^#\d+ [\d.]+ through it$/m, built.stderr);
  const ran = await daemon.docker('run', '--rm', 'foreign');
  assert.equal(ran.stdout, 'run\n');
  assert.match(
    ran.stderr,
    /^WARNING: The requested image's platform \(linux\/mips64\) does not match the detected host platform \(linux\/\w+(\/v\d)?\) and no specific platform was requested\n$/,
  );
  const desired = await daemon.docker('run', '--rm', '--platform', 'linux/mips64', 'foreign');
  assert.deepEqual([desired.stdout, desired.stderr], ['run\n', '']);
});

test('attestations that are not there, and archives that hold one image only, are refused before anything is built', async () => {
  const at = context({ Dockerfile: CROSS });
  for (const [flags, words] of [
    [['--attest', 'type=foo'], /unsupported attestation type "foo"/],
    [['--provenance', 'mode=all'], /invalid mode "all" for provenance/],
    [['--sbom', 'generator=x/y'], /SBOM generators \(x\/y\) are not implemented/],
    [
      ['--platform', 'linux/amd64,linux/arm64', '-o', `type=docker,dest=${folder}/d.tar`],
      /does not currently support exporting manifest lists/,
    ],
  ] as const) {
    const refused = await build(...flags, at);
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, words);
    assert.doesNotMatch(refused.stderr, /RUN/);
  }
  assert.ok(!existsSync(join(folder, 'd.tar')));
});
