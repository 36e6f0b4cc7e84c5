// Starts the default daemon in the background when a command finds none.
import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { connect } from 'node:net';
import type { Endpoint } from '../client/index.ts';
import { err } from './session/output.ts';

const LOG = '/var/log/berth.log';
const FALLBACK_LOG = '/var/lib/berth/berth.log';
/** A small young generation and one helper thread: 5 MB less of memory, as in the launcher; the collector for `base/garbage.ts`. */
const DAEMON_FLAGS = ['--max-semi-space-size=2', '--v8-pool-size=1', '--expose-gc'];
/** How long a daemon may take until its socket answers. */
const PATIENCE_MS = 15_000;

/** True when the daemon answers. `entry` is the file that this program was started from, `node` the Node that runs daemons. */
export async function startDaemon(endpoint: Endpoint, entry: string, node: string): Promise<boolean> {
  if (endpoint.kind !== 'unix') return false;
  const { path } = endpoint;
  const [log, file] = openLog();
  const child = spawn(node, [...DAEMON_FLAGS, '--', entry, 'daemon'], {
    detached: true,
    stdio: ['ignore', file, file],
  });
  closeSync(file);
  let ended = false;
  child.once('error', () => {
    ended = true;
  });
  child.once('exit', () => {
    ended = true;
  });
  child.unref();
  for (const until = Date.now() + PATIENCE_MS; Date.now() < until; ) {
    if (await answers(path)) {
      err(`berth: started the daemon (log: ${log})\n`);
      return true;
    }
    if (ended) break;
    await new Promise((done) => setTimeout(done, 20));
  }
  err(`berth: the daemon did not start (log: ${log})\n`);
  return false;
}

function openLog(): [string, number] {
  try {
    return [LOG, openSync(LOG, 'a', 0o640)];
  } catch {
    mkdirSync('/var/lib/berth', { recursive: true, mode: 0o711 });
    return [FALLBACK_LOG, openSync(FALLBACK_LOG, 'a', 0o640)];
  }
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ path });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
