// A daemon that is started the way a service manager does: its sockets are open before it is.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { chmodSync, closeSync, existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { test } from 'node:test';
import { boundAddress, unixAddress } from '../host/activation.ts';
import { bind, checked } from '../host/libc.ts';

const ENTRY = new URL('../bin/berth.ts', import.meta.url).pathname;

const call = {
  socket: bind('int socket(int domain, int type, int protocol)'),
  bind: bind('int bind(int fd, const void *address, unsigned int length)'),
  listen: bind('int listen(int fd, int backlog)'),
};

/** Nobody accepts on it, as on those of a service manager. */
function listening(address: Buffer): number {
  const fd = checked(call.socket(address.readUInt16LE(), 1, 0) as number, 'socket', 'of the test');
  checked(call.bind(fd, address, address.length) as number, 'bind', 'of the test');
  checked(call.listen(fd, 16) as number, 'listen', 'of the test');
  return fd;
}

/** 127.0.0.1 and any port. */
const ANY_PORT = Buffer.from([2, 0, 0, 0, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0]);

function ping(where: { socketPath: string } | { port: number }): Promise<number> {
  return new Promise((resolve, reject) => {
    request({ ...where, path: '/_ping', agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    })
      .once('error', reject)
      .end();
  });
}

test('sockets that were passed are served, clients that came before the daemon too, and they outlive it', async () => {
  const folder = mkdtempSync('/tmp/berth-activation-');
  const path = join(folder, 'berth.sock');
  const fds = [listening(unixAddress(path)), listening(ANY_PORT)];
  const bound = boundAddress(fds[1] ?? -1);
  assert.ok(bound?.kind === 'tcp');
  const { port } = bound;
  chmodSync(path, 0o620);
  // the shell keeps its pid, so LISTEN_PID can be right
  const child = spawn(
    'sh',
    [
      '-c',
      'LISTEN_PID=$$ LISTEN_FDS=2 exec "$@"',
      'sh',
      process.execPath,
      '--disable-warning=ExperimentalWarning',
      ENTRY,
      'daemon',
      '--data-root',
      join(folder, 'data'),
      '--exec-root',
      join(folder, 'exec'),
      '--bridge',
      'none',
      '--host',
      'fd://',
    ],
    { stdio: ['ignore', 'ignore', 'pipe', ...fds] },
  );
  let log = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (log += text));
  const ended = new Promise((done) => child.once('exit', done));
  try {
    assert.deepEqual(await Promise.all([ping({ socketPath: path }), ping({ port })]), [200, 200], log);
    assert.equal(statSync(path).mode & 0o777, 0o620, 'its mode is that of whoever made it');
  } finally {
    child.kill('SIGTERM');
    await ended;
    assert.ok(existsSync(path), 'the socket is not the daemon to remove');
    for (const fd of fds) closeSync(fd);
    rmSync(folder, { recursive: true, force: true });
  }
});
