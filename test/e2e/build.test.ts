// The classic builder as the docker CLI uses it: steps, cache, context and what must not be possible.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { sha256 } from '../../src/base/ids.ts';
import { mountsBelow } from '../../src/host/mount.ts';
import { execute, type Result, TestDaemon } from '../support/daemon.ts';

let daemon: TestDaemon;
const folder = mkdtempSync('/tmp/berth-build-');

before(async () => {
  daemon = await TestDaemon.start();
  assert.equal((await daemon.berth('image', 'bootstrap', 'busybox')).code, 0);
});

after(async () => {
  await daemon[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

/** A context of these files, built by the docker CLI's classic client. */
function build(files: Readonly<Record<string, string>>, ...args: string[]): Promise<Result> {
  const context = mkdtempSync(join(folder, 'c-'));
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(join(context, name, '..'), { recursive: true });
    writeFileSync(join(context, name), content);
  }
  return buildAt(context, ...args);
}

const buildAt = (context: string, ...args: string[]): Promise<Result> =>
  daemon.client('docker', ['build', ...args, context], { env: { DOCKER_BUILDKIT: '0' } });

const run = async (...args: string[]): Promise<string> => (await daemon.docker('run', '--rm', ...args)).stdout;

test('steps run, files are copied, and the second build takes all of it from the cache', async () => {
  const files = {
    Dockerfile: `FROM busybox AS make
ARG WHO=world
ENV GREETING=hello
WORKDIR /made
COPY in.txt sub/ ./
RUN cat in.txt more.txt > out.txt && echo "$GREETING $WHO" >> out.txt
FROM busybox
COPY --from=make --chown=7:8 --chmod=640 /made/out.txt /result/
CMD ["cat", "/result/out.txt"]
`,
    'in.txt': 'one\n',
    'sub/more.txt': 'two\n',
  };
  const first = await build(files, '-t', 'built', '--build-arg', 'WHO=you');
  assert.equal(first.code, 0, first.stderr);
  assert.match(first.stdout, /^Step 1\/9 : FROM busybox AS make$/m);
  assert.match(first.stdout, /^Successfully tagged built:latest$/m);
  assert.equal(await run('built'), 'one\ntwo\nhello you\n');
  assert.equal(await run('built', 'stat', '-c', '%u %g %a', '/result/out.txt'), '7 8 640\n');
  const second = await build(files, '-t', 'built', '--build-arg', 'WHO=you');
  const id = /Successfully built (\w+)/;
  assert.equal(id.exec(second.stdout)?.[1], id.exec(first.stdout)?.[1]);
  assert.equal(second.stdout.match(/Using cache/g)?.length, 7);
  const third = await build({ ...files, 'in.txt': 'three\n' }, '-t', 'built', '--build-arg', 'WHO=you');
  assert.doesNotMatch(third.stdout, /Step 6.*\n ---> Using cache/);
  assert.equal(await run('built'), 'three\ntwo\nhello you\n');
});

test('the Dockerfile from stdin or from beside the context, which the client puts into an archive that it does not end', async () => {
  const context = mkdtempSync(join(folder, 'c-'));
  writeFileSync(join(context, 'f'), 'here\n');
  const recipe = 'FROM busybox\nCOPY f /f\nCMD ["cat", "/f"]\n';
  writeFileSync(join(folder, 'Beside'), recipe);
  for (const from of ['-', join(folder, 'Beside')]) {
    const built = await daemon.client('docker', ['build', '-t', 'beside', '-f', from, context], {
      env: { DOCKER_BUILDKIT: '0' },
      input: recipe,
    });
    assert.equal(built.code, 0, built.stderr);
    assert.equal(await run('beside'), 'here\n');
  }
});

test('the Dockerfile and .dockerignore stay out of the context where .dockerignore says so', async () => {
  const files = { 'out.txt': '', 'in.txt': '', Dockerfile: 'FROM busybox\nCOPY . /c\nCMD find /c -type f | sort\n' };
  const shown = async (ignored: string): Promise<string> => {
    const built = await build({ ...files, '.dockerignore': ignored }, '-t', 'left-out');
    assert.equal(built.code, 0, built.stderr);
    return run('left-out');
  };
  assert.equal(await shown('out.txt\n'), '/c/.dockerignore\n/c/Dockerfile\n/c/in.txt\n');
  assert.equal(await shown('.dockerignore\nout.txt\nDocker*\n'), '/c/in.txt\n');
});

test('every host of --add-host is known to a step', async () => {
  const recipe = 'FROM busybox\nRUN grep -E "near|far" /etc/hosts\n';
  const built = await build({ Dockerfile: recipe }, '--add-host', 'near:10.1.1.1', '--add-host', 'far:10.1.1.2');
  assert.match(built.stdout, /10\.1\.1\.1\s+near\n10\.1\.1\.2\s+far\n/);
});

test('a step that fails says how, and what it wrote is shown', async () => {
  const failed = await build({ Dockerfile: 'FROM busybox\nRUN echo before; exit 7\n' });
  assert.equal(failed.code, 7);
  assert.match(failed.stdout, /^before$/m);
  assert.match(failed.stderr, /The command '\/bin\/sh -c echo before; exit 7' returned a non-zero code: 7/);
  const narrow = await build({ Dockerfile: 'FROM busybox\n' }, '--memory', '4k');
  assert.match(narrow.stderr, /Minimum memory limit allowed is 6MB/);
  const missing = await build({ Dockerfile: 'FROM busybox\nCOPY nothing /x\n' });
  assert.match(missing.stderr, /COPY failed: file not found in build context .*stat nothing: file does not exist/);
});

test('containers of steps are kept and removed as rm and forcerm say, and those kept are containers', async () => {
  const left = async (): Promise<string[]> =>
    (await daemon.docker('ps', '-aq', '--no-trunc')).stdout.split('\n').filter((id) => id !== '');
  const before = await left();
  const added = async (): Promise<string[]> => (await left()).filter((id) => !before.includes(id));
  const Dockerfile = `FROM busybox
ENTRYPOINT ["/bin/false"]
WORKDIR /w
RUN rm -r /var/www 2>/dev/null; echo one; echo two >&2; echo kept > f; mkdir d && ln -s /etc/passwd d/link
`;
  const removed = await build({ Dockerfile }, '--no-cache', '-t', 'removed');
  assert.match(removed.stdout, / ---> Running in (\w{12})\n[^]*one\n[^]* ---> Removed intermediate container \1\n/);
  assert.deepEqual(await added(), []);

  const kept = await build({ Dockerfile }, '--no-cache', '--rm=false', '-t', 'kept');
  const [id = '', ...more] = await added();
  assert.deepEqual(more, []);
  assert.equal(/Running in (\w{12})/.exec(kept.stdout)?.[1], id.slice(0, 12));
  assert.doesNotMatch(kept.stdout, /Removed intermediate/);
  const logs = await daemon.docker('logs', id);
  assert.deepEqual([logs.stdout, logs.stderr], ['one\n', 'two\n']);
  const [shown] = JSON.parse((await daemon.docker('inspect', id)).stdout);
  assert.deepEqual([shown.State.Status, shown.State.ExitCode, shown.Path], ['exited', 0, '/bin/sh']);
  assert.match((await daemon.docker('diff', id)).stdout, /^A \/w\/f$/m);
  assert.equal((await daemon.docker('commit', id, 'committed')).code, 0);
  const look = ['--entrypoint', 'sh', 'committed', '-c', 'cat f; readlink d/link'];
  assert.equal(await run(...look), 'kept\n/etc/passwd\n');
  assert.equal((await daemon.docker('start', '-a', id)).code, 1);
  assert.match((await daemon.docker('logs', id)).stdout, /^one\none\n$/);
  assert.equal((await daemon.docker('rm', id)).code, 0);

  const bad = { Dockerfile: 'FROM busybox\nRUN echo late > /late; exit 3\n' };
  assert.equal((await build(bad, '--force-rm')).code, 3);
  assert.deepEqual(await added(), []);
  assert.equal((await build(bad)).code, 3);
  const [failed = ''] = await added();
  assert.equal((await daemon.docker('inspect', '-f', '{{.State.ExitCode}}', failed)).stdout, '3\n');
  assert.equal((await daemon.docker('diff', failed)).stdout, 'A /late\n');
  assert.equal((await daemon.docker('rm', failed)).code, 0);
  assert.equal((await daemon.docker('rmi', 'committed', 'kept', 'removed')).code, 0);
});

test('fault B53: nothing but the context is copied, wherever its links lead', async () => {
  const context = mkdtempSync(join(folder, 'links-'));
  writeFileSync(join(context, 'Dockerfile'), 'FROM busybox\nCOPY out /x\n');
  symlinkSync('/etc/hostname', join(context, 'out'));
  const result = await buildAt(context);
  assert.notEqual(result.code, 0);
  assert.match(result.stderr, /not found in build context/);
  const above = await build({ Dockerfile: 'FROM busybox\nCOPY ../../../etc/hostname /x\n' });
  assert.notEqual(above.code, 0);
});

test('fault B54: a mount leads nowhere out of what it is of, and removing its place follows no link', async () => {
  const escape = await build({
    Dockerfile: 'FROM busybox\nRUN --mount=type=bind,source=../../..,target=/m ls /m/etc\n',
  });
  assert.notEqual(escape.code, 0);
  const stub = await build({
    Dockerfile: `FROM busybox
RUN --mount=type=tmpfs,target=/a/b/c umount /a/b/c 2>/dev/null; true
RUN --mount=type=cache,target=/cache echo kept > /cache/x
RUN --mount=type=cache,target=/cache cat /cache/x && ls /a 2>&1; true
`,
  });
  assert.equal(stub.code, 0, stub.stderr);
  assert.match(stub.stdout, /^kept$/m);
});

test('fault B60: builds that are the same and run at once share their work; one that is cancelled leaves nothing', async () => {
  const files = { Dockerfile: 'FROM busybox\nRUN sleep 1; head -c 8 /dev/urandom | od -An -tx1 > /id\nCMD cat /id\n' };
  const both = await Promise.all([build(files, '-t', 'same:a'), build(files, '-t', 'same:b')]);
  assert.deepEqual(
    both.map(({ code }) => code),
    [0, 0],
  );
  assert.equal(await run('same:a'), await run('same:b'));
});

test('fault B60: a build that is cancelled, and one whose daemon dies, leave nothing', async () => {
  const context = mkdtempSync(join(folder, 'cancel-'));
  writeFileSync(join(context, 'Dockerfile'), 'FROM busybox\nRUN echo begun; sleep 60\n');
  const begin = async () => {
    const { file, args, env } = daemon.command('docker', ['build', context]);
    const child = spawn(file, args, {
      env: { ...process.env, ...env, DOCKER_BUILDKIT: '0' },
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    for await (const chunk of child.stdout as AsyncIterable<Buffer>) if (chunk.toString().includes('begun')) break;
    return child;
  };
  const leftovers = (): string[] => [
    ...mountsBelow(daemon.dataRoot).filter((path) => /containers\/[0-9a-f]{64}/.test(path)),
    ...readdirSync(join(daemon.dataRoot, 'l')).filter((name) => name.startsWith('+')),
    ...readdirSync(join(daemon.dataRoot, 'build', 'work')),
    ...readdirSync(join(daemon.execRoot, 'c')),
  ];
  const cancelled = await begin();
  cancelled.kill('SIGINT');
  for (let tries = 0; leftovers().length > 0 && tries < 100; tries += 1)
    await new Promise((done) => setTimeout(done, 30));
  assert.deepEqual(leftovers(), []);
  const orphaned = await begin();
  await daemon.kill();
  orphaned.kill();
  await daemon.up();
  assert.deepEqual(leftovers(), []);
  assert.equal((await build({ Dockerfile: 'FROM busybox\nRUN true\n' })).code, 0);
});

test('the history has every build, with its output and why its steps ran', async () => {
  const files = { Dockerfile: 'FROM busybox\nARG V=1\nCOPY a /a\nRUN echo version $V\n', a: 'one' };
  await build(files);
  await build({ ...files, a: 'two' });
  const logs = (await daemon.berth('builder', 'logs')).stdout;
  assert.match(logs, /^#\d+ \[2\/3\] COPY a \/a$/m);
  assert.match(logs, /^#\d+ because file a changed$/m);
  assert.match(logs, /^#\d+ because a step before it was done again$/m);
  assert.match(logs, /^#\d+ [\d.]+ version 1$/m);
  await build({ ...files, a: 'two' }, '--build-arg', 'V=2');
  assert.match((await daemon.berth('builder', 'logs')).stdout, /because variable V changed/);
  const rows = (await daemon.berth('builder', 'ls', '--format', '{{.Status}} {{.Cached}}/{{.Steps}}')).stdout.split(
    '\n',
  );
  assert.equal(rows[0], 'completed 2/4');
  const id = (await daemon.berth('builder', 'ls', '-q')).stdout.split('\n')[0] ?? '';
  assert.equal((await daemon.berth('builder', 'rm', id)).code, 0);
  assert.notEqual((await daemon.berth('builder', 'inspect', id)).code, 0);
});

test('the build cache is shown and pruned; what images stand on keeps its layers', async () => {
  assert.equal((await build({ Dockerfile: 'FROM busybox\nRUN echo kept > /kept\n' }, '-t', 'kept')).code, 0);
  assert.match((await daemon.docker('system', 'df')).stdout, /^Build Cache +[1-9]/m);
  assert.equal((await daemon.docker('builder', 'prune', '-af')).code, 0);
  assert.match((await daemon.docker('system', 'df')).stdout, /^Build Cache +0/m);
  assert.equal(await run('kept', 'cat', '/kept'), 'kept\n');
});

test('with SOURCE_DATE_EPOCH two builds give the same image', async () => {
  const files = { Dockerfile: 'FROM busybox\nWORKDIR /w\nCOPY f /w/\nRUN echo hi > o; mkdir d\n', f: 'x' };
  const id = async (): Promise<string> => {
    const result = await build(files, '-q', '--no-cache', '--build-arg', 'SOURCE_DATE_EPOCH=1700000000');
    await new Promise((done) => setTimeout(done, 1100));
    return result.stdout.trim();
  };
  const first = await id();
  assert.match(first, /^sha256:[0-9a-f]{64}$/);
  assert.equal(await id(), first);
});

test('fault B59: a secret is in no layer, no history and no cache', async () => {
  const context = mkdtempSync(join(folder, 'secret-'));
  writeFileSync(join(context, 'token'), 'hunter2-of-the-test');
  writeFileSync(
    join(context, 'Dockerfile'),
    'FROM busybox\nRUN --mount=type=secret,id=t test "$(wc -c < /run/secrets/t)" = 19 && touch /ok\n',
  );
  writeFileSync(join(context, '.dockerignore'), 'token\n');
  const result = await daemon.berth('build', '-t', 'secret', '--secret', `id=t,src=${join(context, 'token')}`, context);
  assert.equal(result.code, 0, result.stderr);
  const found = await execute('grep', [
    '-rlaF',
    'hunter2-of-the-test',
    join(daemon.dataRoot, 'l'),
    join(daemon.dataRoot, 'blobs'),
  ]);
  assert.equal(found.stdout, '');
});

test("steps are images: each can be run, the history names them, and they go with the image's last name", async () => {
  const recipe = 'FROM busybox\nENV A=1\nRUN echo hi > /hi\nCMD ["cat", "/hi"]\n';
  const built = await build({ Dockerfile: recipe }, '-t', 'stepped', '--label', 'b=x y', '--label', 'a=1');
  const ids = [...built.stdout.matchAll(/^ ---> ([0-9a-f]{12})$/gm)].map(([, id]) => id ?? '');
  assert.match(built.stdout, /^Step 6\/6 : LABEL b=x y$/m);
  assert.equal(ids.length, 6, built.stdout);
  assert.equal(await run(ids[2] ?? '', 'cat', '/hi'), 'hi\n');
  const history = await daemon.docker('history', '--format', '{{.ID}}', 'stepped');
  assert.deepEqual(history.stdout.trim().split('\n'), ids.toReversed());
  const shown = async (...flags: string[]): Promise<string[]> =>
    (await daemon.docker('images', ...flags, '--format', '{{.ID}}')).stdout.trim().split('\n');
  const steps = ids.slice(1, -1);
  const all = await shown('-a');
  assert.ok(steps.every((id) => all.includes(id)));
  const named = await shown();
  assert.ok(!steps.some((id) => named.includes(id)));
  await daemon.docker('rmi', 'stepped');
  const left = await shown('-a');
  assert.ok(!steps.some((id) => left.includes(id)));
});

test('fault B58: an image from elsewhere that claims the same history is no cache, not even when it is named as one', async () => {
  const recipe = { Dockerfile: 'FROM busybox\nRUN echo real > /claimed\n' };
  assert.equal((await build(recipe, '-t', 'honest')).code, 0);
  const at = mkdtempSync(join(folder, 'evil-'));
  const tar = (...args: string[]): Promise<Result> => execute('tar', ['-C', at, ...args]);
  await daemon.docker('save', '-o', join(at, 'honest.tar'), 'honest');
  await tar('-xf', join(at, 'honest.tar'));
  const json = (path: string): unknown => JSON.parse(readFileSync(join(at, path), 'utf8'));
  const [entry] = json('manifest.json') as { Config: string; Layers: string[] }[];
  assert.ok(entry);
  const config = json(entry.Config) as { rootfs: { diff_ids: string[] }; history: unknown[] };
  writeFileSync(join(at, 'claimed'), 'evil\n');
  await tar('-cf', join(at, 'layer.tar'), 'claimed');
  config.rootfs.diff_ids.splice(-1, 1, sha256(readFileSync(join(at, 'layer.tar'))));
  writeFileSync(join(at, 'config.json'), JSON.stringify(config));
  const manifest = [
    { Config: 'config.json', RepoTags: ['evil:latest'], Layers: [...entry.Layers.slice(0, -1), 'layer.tar'] },
  ];
  writeFileSync(join(at, 'manifest.json'), JSON.stringify(manifest));
  await tar('-cf', join(at, 'evil.tar'), 'manifest.json', 'config.json', ...(manifest[0]?.Layers ?? []));
  await daemon.docker('rmi', 'honest');
  assert.equal((await daemon.docker('builder', 'prune', '-af')).code, 0);
  assert.equal((await daemon.docker('load', '-i', join(at, 'evil.tar'))).code, 0);
  assert.equal(await run('evil', 'cat', '/claimed'), 'evil\n');
  for (const flags of [[], ['--cache-from', 'evil']]) {
    const again = await build(recipe, '-t', 'again', ...flags);
    assert.equal(again.code, 0, again.stderr);
    assert.equal(await run('again', 'cat', '/claimed'), 'real\n', flags.join(' '));
  }
});

test("users S14: every step of the classic builder is cached, however its words are spelled, and its history is dockerd's", async () => {
  const files = (lines: string): Record<string, string> => ({ f1: 'one\n', Dockerfile: `FROM busybox\n${lines}` });
  const begun = Date.now();
  const first = await build(
    files('ARG A=1\nENV E=$A\nEXPOSE 80 2375\nLABEL a=1\nCOPY f1 /c/\nRUN echo $A\nCMD ["x"]\n'),
    '--build-arg',
    'NOPE=1',
    '-t',
    'meta',
  );
  assert.match(first.stdout, /^\[Warning\] One or more build-args \[NOPE\] were not consumed\nSuccessfully built/m);
  const again = await build(
    files('ARG A=1\nENV E=$A\nEXPOSE 2375 80\nLABEL a="1"\nCOPY f* /c/\nRUN echo $A\nCMD [ "x" ]\n'),
  );
  assert.equal(again.stdout.match(/Using cache/g)?.length, 7, again.stdout);
  const id = /Successfully built (\w+)/;
  assert.equal(id.exec(again.stdout)?.[1], id.exec(first.stdout)?.[1]);
  const rows = (await daemon.docker('history', '--no-trunc', '--format', '{{.CreatedBy}}', 'meta')).stdout.split('\n');
  assert.deepEqual(
    rows.slice(0, 7).map((row) => row.replace(/[0-9a-f]{64}/, 'DIGEST')),
    [
      '/bin/sh -c #(nop)  CMD ["x"]',
      '|1 A=1 /bin/sh -c echo $A',
      '/bin/sh -c #(nop) COPY file:DIGEST in /c/ ',
      '/bin/sh -c #(nop)  LABEL a=1',
      '/bin/sh -c #(nop)  EXPOSE 2375 80',
      '/bin/sh -c #(nop)  ENV E=1',
      '/bin/sh -c #(nop)  ARG A=1',
    ],
  );
  // an image of metadata alone is as young as its build, so that lists begin with it
  const created = (await daemon.docker('inspect', '-f', '{{.Created}}', 'meta')).stdout.trim();
  assert.ok(Date.parse(created) >= begun - 1000, created);
  const anew = await build(files('ARG A=1\nENV E=$A\n'), '--no-cache');
  assert.doesNotMatch(anew.stdout, /Using cache/);
});

test('users S14: what a classic RUN writes below a volume of the image is dropped, and it finds what the image has there', async () => {
  const Dockerfile = `FROM busybox
RUN mkdir -p /v/keep && chown 5:6 /v && echo kept > /v/keep/f
VOLUME ["/v", "/new/one"]
RUN cat /v/keep/f && rm -r /v/keep && echo lost > /v/lost && echo lost > /new/one/lost && stat -c %u:%g:%a /v
COPY f1 /v/copied
RUN ls /v /new/one
`;
  const built = await build({ Dockerfile, f1: '' }, '-t', 'volumes');
  assert.match(built.stdout, /^kept\n5:6:755\n/m, built.stderr);
  assert.match(built.stdout, /^\/new\/one:\n\n\/v:\ncopied\nkeep\n/m);
  assert.equal(await run('volumes', 'stat', '-c', '%a', '/new/one'), '755\n');
});

test('users S14: what a base image asks for is told as dockerd does', async () => {
  assert.equal(
    (await build({ Dockerfile: 'FROM busybox\nONBUILD RUN echo hi\nONBUILD COPY f1 /ob/\n' }, '-t', 'asks')).code,
    0,
  );
  const built = await build({ Dockerfile: 'FROM asks\nCMD x\n', f1: '' });
  assert.match(built.stdout, /^Step 1\/2 : FROM asks\n# Executing 2 build triggers\n ---> Running in .*\nhi\n/m);
  assert.match(built.stdout, /^ ---> Removed .*\n ---> \w{12}\nStep 2\/2 : CMD x\n/m);
  // lint is no part of it
  assert.doesNotMatch(built.stdout, /JSON arguments recommended/);
});

test('users S15: nothing to build, nothing to read and nothing to run are told in the words of dockerd', async () => {
  const fails = async (Dockerfile: string, message: RegExp): Promise<void> => {
    const built = await build({ Dockerfile });
    assert.match(built.stderr, message);
    assert.equal(built.code, 1);
  };
  await fails('FROM scratch\n', /^No image was generated\. Is your Dockerfile empty\?$/m);
  await fails('', /the Dockerfile \(Dockerfile\) cannot be empty/);
  await fails(
    'FROM busybox\nRUN ["/nosuch"]\n',
    /unable to start container process: exec: "\/nosuch": stat \/nosuch: no such file or directory/,
  );
  // the runtime's own sentence is no output of the step
  assert.doesNotMatch((await build({ Dockerfile: 'FROM busybox\nRUN ["/nosuch"]\n' })).stderr, /executable file/);
  await fails(
    'FROM busybox\nADD nosuch /\n',
    /^ADD failed: file not found in build context or excluded by .* stat nosuch:/m,
  );
  await fails('FROM busybox AS a\nFROM busybox\nCOPY --from=a /no /\n', /^COPY failed: stat no: file does not exist$/m);
  await fails('FROM busybox\nENV A\n', /failed to parse Dockerfile: ENV must have two arguments/);
  // what is found behind the first step is part of the answer that has begun
  await fails('FROM busybox\nVOLUME $NONE\n', /^VOLUME specified can not be an empty string$/m);
  await fails('FROM busybox\nCOPY Dockerfile /bin/sh/x\n', /not a directory/);
});

test('users S15: RUN [] runs what the image would with the classic builder, and is nothing to BuildKit', async () => {
  const files = { Dockerfile: 'FROM busybox\nCMD ["touch", "/ran"]\nRUN []\n' };
  assert.equal((await build(files, '-t', 'empty-run')).code, 0);
  assert.equal(await run('empty-run', 'ls', '/ran'), '/ran\n');
  const context = mkdtempSync(join(folder, 'c-'));
  writeFileSync(join(context, 'Dockerfile'), files.Dockerfile);
  assert.match(
    (await daemon.berth('build', context)).stderr,
    /failed to marshal LLB definition: arguments are required/,
  );
  writeFileSync(join(context, 'Dockerfile'), 'FROM busybox\nRUN ["nosuch"]\n');
  assert.match(
    (await daemon.berth('build', context)).stderr,
    /process "nosuch" did not complete successfully: exit code: 1$/m,
  );
  writeFileSync(join(context, 'Dockerfile'), 'FROM busybox\nUSER nosuch\nRUN true\n');
  assert.match(
    (await daemon.berth('build', context)).stderr,
    /process "\/bin\/sh -c true" did not complete successfully: unable to find user nosuch/,
  );
});

test('users S15: a build joins the network of a running container', async () => {
  const other = await daemon.docker('run', '-d', '--hostname', 'joined', 'busybox', 'sleep', '100');
  const id = other.stdout.trim();
  const files = { Dockerfile: 'FROM busybox\nRUN hostname; readlink /proc/self/ns/net\n' };
  const built = await build(files, '--no-cache', '--network', `container:${id}`);
  assert.equal(built.code, 0, built.stderr);
  const { stdout } = await daemon.docker('exec', id, 'readlink', '/proc/self/ns/net');
  assert.match(built.stdout, new RegExp(`^joined\n${stdout.trim().replaceAll(/[[\]]/g, '\\$&')}$`, 'm'));
  await daemon.docker('rm', '-f', id);
  const refused = await build(files, '--no-cache', '--network', 'container:nosuch');
  assert.match(refused.stderr, /No such container: nosuch/);
});

test('users B14, S15: a cache mount of another owner is another one; what mounts need is made as BuildKit makes it', async () => {
  const context = mkdtempSync(join(folder, 'c-'));
  const cache = (flags: string, what: string): string => `RUN --mount=type=cache,target=/c${flags} ${what}\n`;
  writeFileSync(
    join(context, 'Dockerfile'),
    `FROM busybox
${cache(',uid=1000', 'touch /c/first; stat -c "one %u %a" /c')}${cache(',uid=5,mode=0700', 'echo "two $(ls /c) $(stat -c "%u %a" /c)"')}${cache(',uid=1000', 'echo "three $(ls /c)"')}${cache('', 'echo "four $(ls /c) $(stat -c "%u %a" /c)"')}RUN --mount=type=cache,target=/deep/er/c --mount=type=tmpfs,target=/root/x stat -c "%n %a" /deep /deep/er && mkdir -m 711 /low
RUN --mount=type=tmpfs,target=/low stat -c "%n %a" /low
`,
  );
  const built = await daemon.berth('build', '--progress', 'plain', context);
  assert.equal(built.code, 0, built.stderr);
  for (const line of [
    'one 1000 755',
    'two  5 700',
    'three first',
    'four  0 755',
    '/deep 755',
    '/deep/er 755',
    '/low 711',
  ])
    assert.ok(
      built.stderr.split('\n').some((one) => one.endsWith(` ${line}`)),
      `${line}: ${built.stderr}`,
    );
});

test('users B8, B16: several files go into a directory that is there; archives and files in the order they are written', async () => {
  const context = mkdtempSync(join(folder, 'c-'));
  writeFileSync(join(context, 'a'), 'a\n');
  writeFileSync(join(context, 'b'), 'b\n');
  mkdirSync(join(context, 'in'));
  writeFileSync(join(context, 'in', 'a'), 'archived\n');
  assert.equal((await execute('tar', ['-C', join(context, 'in'), '-cf', join(context, 'z.tar'), 'a'])).code, 0);
  for (const own of [false, true]) {
    const made = (recipe: string): Promise<Result> => {
      writeFileSync(join(context, 'Dockerfile'), recipe);
      return own ? daemon.berth('build', '-t', 'order', context) : buildAt(context, '-t', 'order');
    };
    const built = await made(`FROM busybox
WORKDIR /app
RUN ln -s app /link
COPY a b /app
COPY b in /link
ADD z.tar a /first/
ADD a z.tar /second/
`);
    assert.equal(built.code, 0, built.stderr);
    assert.equal(await run('order', 'sh', '-c', 'cat /app/b /first/a /second/a'), 'b\na\narchived\n');
    assert.match((await made('FROM busybox\nCOPY a b /nowhere\n')).stderr, /the destination must be a directory/);
  }
});

test('users B14, B18: an absent secret is an empty variable, and a step sees what it sees with BuildKit', async () => {
  const context = mkdtempSync(join(folder, 'c-'));
  writeFileSync(
    join(context, 'Dockerfile'),
    `FROM busybox
RUN --mount=type=secret,id=none,env=NONE echo "secret:\${NONE-unset}:$(env | grep -c ^HOSTNAME=):$(hostname):$(wc -l < /etc/mtab)" && echo mine > /etc/hostname
RUN cat /etc/hostname && mkdir -m 2755 /setgid && chgrp 7 /setgid && chmod g+s /setgid && mkdir /setgid/in
`,
  );
  const built = await daemon.berth('build', '--progress', 'plain', '-t', 'sees', context);
  assert.equal(built.code, 0, built.stderr);
  assert.match(built.stderr, /secret::0:buildkitsandbox:[1-9]/);
  assert.match(built.stderr, / mine$/m);
  assert.equal(await run('sees', 'stat', '-c', '%a %g', '/setgid', '/setgid/in'), '2755 7\n2755 7\n');
});

test('users B3: another owner or capability of a file is another file for the cache', async () => {
  const context = mkdtempSync(join(folder, 'c-'));
  const recipe = (change: string): string => `FROM busybox AS from
RUN mkdir /d && echo x > /d/f && touch -d @1 /d/f /d && ${change}
FROM busybox
COPY --from=from /d /d
RUN stat -c %u:%g /d/f
`;
  const owner = async (change: string): Promise<string> => {
    writeFileSync(join(context, 'Dockerfile'), recipe(change));
    const built = await buildAt(context, '-t', 'owned');
    assert.equal(built.code, 0, built.stderr);
    return run('owned', 'stat', '-c', '%u:%g', '/d/f');
  };
  assert.equal(await owner('true'), '0:0\n');
  assert.equal(await owner('chown 5:6 /d/f'), '5:6\n');
  assert.equal(await owner('chown 5:7 /d/f'), '5:7\n');
});
