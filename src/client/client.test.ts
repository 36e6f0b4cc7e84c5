import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { Client, Demux, parseEndpoint, readAll } from './index.ts';

const directory = mkdtempSync(join(tmpdir(), 'berth-client-'));
after(() => rmSync(directory, { recursive: true, force: true }));
let count = 0;

/** A server that answers each request with the next of `answers`; gives a client of it and what was asked. */
async function serve(
  t: { after(fn: () => void): void },
  answers: readonly string[],
): Promise<{ client: Client; asked: string[] }> {
  const path = join(directory, `${count++}.sock`);
  const asked: string[] = [];
  const sockets = new Set<Socket>();
  let at = 0;
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('data', (chunk) => {
      asked.push(chunk.toString('utf8'));
      // In pieces, so that every reader has to put them together.
      for (const part of (answers[at++] ?? '').match(/[^]{1,7}/g) ?? []) socket.write(part);
    });
  });
  await new Promise<void>((done) => server.listen(path, done));
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { client: new Client(parseEndpoint(`unix://${path}`)), asked };
}

test('reads bodies with a length and in chunks over one connection', async (t) => {
  const { client, asked } = await serve(t, [
    'HTTP/1.1 200 OK\r\nContent-Length: 13\r\nApi-Version: 1.51\r\n\r\n[{"Id":"one"}]'.replace('13', '14'),
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n[{"Id\r\n9\r\n":"two"}]\r\n0\r\n\r\n',
  ]);
  assert.deepEqual(await client.call('ContainerList', { query: { all: true, filters: new Map([['label', ['a']]]) } }), [
    { Id: 'one' },
  ]);
  assert.deepEqual(await client.call('ContainerList'), [{ Id: 'two' }]);
  assert.match(
    asked[0] ?? '',
    /^GET \/containers\/json\?all=1&filters=%7B%22label%22%3A%5B%22a%22%5D%7D HTTP\/1\.1\r\n/,
  );
  assert.equal(await client.serverVersion(), '1.51');
  assert.equal(asked.length, 2);
});

test('says what the daemon refused', async (t) => {
  const { client } = await serve(t, [
    'HTTP/1.1 404 Not Found\r\nContent-Type: application/json\r\nContent-Length: 35\r\n\r\n{"message":"No such container: abc"}'.replace(
      '35',
      '36',
    ),
  ]);
  await assert.rejects(client.call('ContainerInspect', { params: { id: 'abc' } }), {
    message: 'Error response from daemon: No such container: abc',
    kind: 'notFound',
    status: 404,
  });
});

test('says where no daemon answers', async () => {
  const client = new Client(parseEndpoint(`unix://${directory}/none.sock`));
  await assert.rejects(client.call('SystemInfo'), {
    message: `Cannot connect to the Docker daemon at unix://${directory}/none.sock. Is the docker daemon running?`,
  });
});

test('a daemon that is not there is started once, and asked again', async (t) => {
  const path = join(directory, 'late.sock');
  let started = 0;
  const client = new Client(parseEndpoint(`unix://${path}`), {
    revive: async () => {
      started += 1;
      const server = createServer((socket) =>
        socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}')),
      );
      t.after(() => server.close());
      await new Promise<void>((done) => server.listen(path, done));
      return true;
    },
  });
  assert.deepEqual(await client.call('SystemInfo'), {});
  assert.equal(started, 1);
});

test('hands over a connection with what came behind the head', async (t) => {
  const { client } = await serve(t, ['HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\nhello']);
  const { wire } = await client.hijack('ContainerAttach', { params: { id: 'x' } });
  let text = '';
  while (text.length < 5) text += (await wire.inbox.take())?.toString() ?? '';
  assert.equal(text, 'hello');
  wire.socket.destroy();
});

test('frames come apart however they are cut', () => {
  const frame = fc.tuple(fc.constantFrom(1, 2), fc.string({ maxLength: 20 }));
  fc.assert(
    fc.property(fc.array(frame), fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }), (frames, cuts) => {
      const bytes = Buffer.concat(
        frames.map(([type, text]) => {
          const data = Buffer.from(text);
          const head = Buffer.alloc(8);
          head[0] = type;
          head.writeUInt32BE(data.length, 4);
          return Buffer.concat([head, data]);
        }),
      );
      const seen = { stdin: '', stdout: '', stderr: '', systemerr: '' };
      const parts: Record<string, Buffer[]> = { stdout: [], stderr: [] };
      let ends = 0;
      const demux = new Demux((stream, data, isEnd) => {
        parts[stream]?.push(Buffer.from(data));
        if (isEnd) ends++;
      });
      for (let at = 0, i = 0; at < bytes.length; i++) {
        const size = cuts[i % cuts.length] ?? 1;
        demux.push(bytes.subarray(at, at + size));
        at += size;
      }
      for (const [name, list] of Object.entries(parts)) seen[name as 'stdout'] = Buffer.concat(list).toString();
      const want = (type: number): string =>
        frames
          .filter(([one]) => one === type)
          .map(([, text]) => text)
          .join('');
      assert.equal(seen.stdout, Buffer.from(want(1)).toString());
      assert.equal(seen.stderr, Buffer.from(want(2)).toString());
      assert.equal(ends, frames.filter(([, text]) => text.length > 0).length);
    }),
  );
});

test('hosts are read as -H takes them', () => {
  const shown = (text: string): string => parseEndpoint(text).shown;
  assert.equal(shown('unix:///a/b'), 'unix:///a/b');
  assert.equal(shown('tcp://h:1'), 'tcp://h:1');
  assert.equal(shown('h'), 'tcp://h:2375');
  assert.equal(shown('tcp://[::1]:2'), 'tcp://[::1]:2');
  assert.throws(() => parseEndpoint('foo://bar'), /invalid bind address format: foo:\/\/bar/);
});

test('limit: an answer that is read as a whole and has no end is given up', async () => {
  async function* endless(): AsyncGenerator<Buffer, void, void> {
    for (;;) yield Buffer.alloc(1000, ' ');
  }
  await assert.rejects(readAll(endless(), 10_000), { message: 'the answer is larger than 10000 bytes' });
  async function* whole(): AsyncGenerator<Buffer, void, void> {
    yield Buffer.alloc(10_000, 'a');
  }
  assert.equal((await readAll(whole(), 10_000)).length, 10_000);
});
