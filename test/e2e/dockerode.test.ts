// dockerode, the Node client: containers with separate streams, hijacked input, exec, logs, events, wait.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { after, afterEach, before, test } from 'node:test';
import Docker from 'dockerode';
import { TAR_TRAILER, tarHeader, tarPadding } from '../../src/host/sandbox/index.ts';
import { execute, TestDaemon, until } from '../support/daemon.ts';

let daemon: TestDaemon;
let docker: Docker;

before(async () => {
  daemon = await TestDaemon.start();
  await daemon.busybox();
  docker = new Docker({ socketPath: daemon.socket });
});

after(async () => assert.deepEqual(await daemon.end(), []));

afterEach(async () => {
  for (const { Id } of await docker.listContainers({ all: true }))
    await docker.getContainer(Id).remove({ force: true });
});

function create(cmd: string[], more: Docker.ContainerCreateOptions = {}): Promise<Docker.Container> {
  return docker.createContainer({ Image: 'busybox', Cmd: cmd, HostConfig: { NetworkMode: 'none' }, ...more });
}

/** All that comes until the end. */
async function whole(stream: Readable | NodeJS.ReadableStream): Promise<string> {
  let text = '';
  for await (const chunk of stream) text += String(chunk);
  return text;
}

/** Both channels of a framed stream, when it has ended. */
async function split(stream: NodeJS.ReadableStream): Promise<{ stdout: string; stderr: string }> {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  docker.modem.demuxStream(stream, stdout, stderr);
  stream.once('end', () => {
    stdout.end();
    stderr.end();
  });
  const [out, err] = await Promise.all([whole(stdout), whole(stderr)]);
  return { stdout: out, stderr: err };
}

test('attach before the start: both channels whole and apart, then the exit code, then remove', async () => {
  const container = await create(['sh', '-c', 'seq 2000; echo wrong >&2; exit 3'], {
    AttachStdout: true,
    AttachStderr: true,
  });
  const stream = await container.attach({ stream: true, stdout: true, stderr: true });
  const output = split(stream);
  await container.start();
  const { stdout, stderr } = await output;
  assert.equal((await container.inspect()).State.ExitCode, 3);
  assert.deepEqual(await container.wait(), { StatusCode: 3 });
  assert.equal(stdout, `${Array.from({ length: 2000 }, (_, index) => index + 1).join('\n')}\n`);
  assert.equal(stderr, 'wrong\n');
  await container.remove();
  await assert.rejects(container.inspect(), { statusCode: 404 });
});

test('attach with hijack: input goes in, its end is the end of input', async () => {
  const container = await create(['sh', '-c', 'while read line; do echo "got $line"; done; echo end'], {
    OpenStdin: true,
    StdinOnce: true,
    AttachStdin: true,
  });
  const stream = await container.attach({ stream: true, hijack: true, stdin: true, stdout: true, stderr: true });
  const output = split(stream);
  await container.start();
  stream.write('one\n');
  stream.end('two\n');
  assert.deepEqual(await output, { stdout: 'got one\ngot two\nend\n', stderr: '' });
  assert.deepEqual(await container.wait(), { StatusCode: 0 });
});

test('attach with hijack to a terminal: raw, and a resize arrives', async () => {
  const container = await create(['sh'], { OpenStdin: true, Tty: true, Env: ['PS1=ready> '] });
  const stream = await container.attach({ stream: true, hijack: true, stdin: true, stdout: true, stderr: true });
  let shown = '';
  stream.on('data', (chunk: Buffer) => (shown += chunk.toString()));
  await container.start();
  await container.resize({ h: 40, w: 120 });
  stream.write('stty size\n');
  await until(() => assert.match(shown, /40 120\r\n/));
  stream.write('exit 4\n');
  assert.deepEqual(await container.wait(), { StatusCode: 4 });
});

test('exec: both channels, the exit code, and input with hijack', async () => {
  const container = await create(['sleep', '1000']);
  await container.start();
  const plain = await container.exec({
    Cmd: ['sh', '-c', 'echo out; echo err >&2; exit 5'],
    AttachStdout: true,
    AttachStderr: true,
  });
  assert.deepEqual(await split(await plain.start({})), { stdout: 'out\n', stderr: 'err\n' });
  const { ExitCode, Running } = await plain.inspect();
  assert.deepEqual({ ExitCode, Running }, { ExitCode: 5, Running: false });
  const sums = await container.exec({ Cmd: ['wc', '-c'], AttachStdin: true, AttachStdout: true });
  const stream = await sums.start({ hijack: true, stdin: true });
  const output = split(stream);
  stream.end('x'.repeat(100_000));
  assert.deepEqual(await output, { stdout: '100000\n', stderr: '' });
  const shell = await container.exec({ Cmd: ['sh', '-c', 'tty; id -u'], Tty: true, User: '77', AttachStdout: true });
  assert.equal(await whole(await shell.start({ Tty: true })), '/dev/pts/0\r\n77\r\n');
  // docker-py's low level: the terminal is named at create alone, and frames are expected
  const framed = await container.exec({ Cmd: ['tty'], Tty: true, AttachStdout: true });
  assert.deepEqual(await split(await framed.start({})), { stdout: '/dev/pts/0\r\n', stderr: '' });
});

test('logs: as a buffer and followed', async () => {
  const container = await create(['sh', '-c', 'echo first; until [ -e /go ]; do sleep 0.02; done; echo last']);
  await container.start();
  await until(async () => assert.match(String(await container.logs({ stdout: true, stderr: true })), /first\n$/));
  const followed = split(await container.logs({ stdout: true, stderr: true, follow: true }));
  const go = await container.exec({ Cmd: ['touch', '/go'] });
  await go.start({ Detach: true });
  assert.deepEqual(await followed, { stdout: 'first\nlast\n', stderr: '' });
  const stamped = String(await container.logs({ stdout: true, tail: 1, timestamps: true }));
  assert.match(stamped, /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z last\n$/);
});

test('events come while things happen', async () => {
  const stream = await docker.getEvents({
    filters: { type: ['container'], event: ['create', 'start', 'die', 'destroy'] },
  });
  const seen: string[] = [];
  stream.on('data', (chunk: Buffer) => {
    for (const line of chunk.toString().trim().split('\n')) seen.push((JSON.parse(line) as { Action: string }).Action);
  });
  const container = await create(['true']);
  await container.start();
  await container.wait();
  await container.remove();
  await until(() => assert.deepEqual(seen, ['create', 'start', 'die', 'destroy']));
  (stream as Readable).destroy();
});

test('wait: for the next exit, and for the removal of an --rm container', async () => {
  const container = await create(['sh', '-c', 'exit 6'], { HostConfig: { NetworkMode: 'none', AutoRemove: true } });
  const removed = container.wait({ condition: 'removed' });
  await container.start();
  assert.deepEqual(await removed, { StatusCode: 6 });
  await assert.rejects(container.inspect(), { statusCode: 404 });
});

test('stats, top and update', async () => {
  const container = await create(['sleep', '1000']);
  await container.start();
  const stats = await container.stats({ stream: false });
  assert.equal(stats.pids_stats?.current, 1);
  assert.ok(stats.memory_stats.usage > 0);
  const top = (await container.top()) as { Titles: string[]; Processes: string[][] };
  assert.ok(top.Titles.includes('PID'));
  assert.equal(top.Processes.length, 1);
  await container.update({ Memory: 128 * 1024 * 1024, MemorySwap: -1 });
  assert.equal((await container.inspect()).HostConfig.Memory, 128 * 1024 * 1024);
});

test('docker.run: output to a stream and the exit code', async () => {
  const out = new PassThrough();
  const text = whole(out);
  const [result] = (await docker.run('busybox', ['sh', '-c', 'echo from run; exit 7'], out, {
    Tty: false,
    HostConfig: { NetworkMode: 'none' },
  })) as [{ StatusCode: number }];
  out.end();
  assert.equal(result.StatusCode, 7);
  // run() hands the raw stream on: frames and all
  assert.match(await text, /from run\n/);
});

test('errors carry the status and Docker’s words', async () => {
  await assert.rejects(docker.getContainer('nosuch').start(), {
    statusCode: 404,
    json: { message: 'No such container: nosuch' },
  });
  await assert.rejects(create(['true'], { Image: 'nosuch:image' }), {
    statusCode: 404,
    json: { message: 'No such image: nosuch:image' },
  });
  const container = await create(['sleep', '1000'], { name: 'taken' });
  await assert.rejects(create(['true'], { name: 'taken' }), { statusCode: 409 });
  await container.start();
  await assert.rejects(container.start(), { statusCode: 304 });
  await assert.rejects(container.remove(), { statusCode: 409 });
});

test('builds of BuildKit: by a session that begins behind an empty body in chunks, and without a session', async () => {
  const dockerfile = Buffer.from('FROM busybox\nRUN echo built > /made\n');
  const context = Buffer.concat([
    tarHeader({ name: 'Dockerfile', type: 'file', size: dockerfile.length }),
    dockerfile,
    Buffer.alloc(tarPadding(dockerfile.length)),
    TAR_TRAILER,
  ]);
  const stream = await docker.buildImage(Readable.from([context]), { version: '2', t: 'by-session' });
  await new Promise((resolve, reject) =>
    docker.modem.followProgress(stream, (error, messages: { error?: string }[]) => {
      const said = error?.message ?? messages.find((one) => one.error !== undefined)?.error;
      if (said === undefined) resolve(undefined);
      else reject(new Error(said));
    }),
  );
  const file = join(daemon.folder, 'context.tar');
  writeFileSync(file, context);
  const sent = ['--unix-socket', daemon.socket, '--data-binary', `@${file}`, '-H', 'Content-Type: application/x-tar'];
  const { stdout } = await execute('curl', ['-s', ...sent, 'http://docker/build?version=2&t=without&nocache=1']);
  assert.match(stdout, /"moby\.image\.id"/);
  for (const image of ['by-session', 'without']) {
    const made = await create(['cat', '/made'], { Image: image });
    await made.start();
    await made.wait();
    assert.match(String(await made.logs({ stdout: true })), /built\n$/);
  }
});
