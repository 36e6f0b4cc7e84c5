// Asks the host's resolvers what the daemon does not know itself; bounded in number and time.
import { createSocket } from 'node:dgram';
import { readFileSync, statSync } from 'node:fs';
import { connect } from 'node:net';
import { isIP } from 'node:net';

const PATIENCE_MS = 4000;
const MAX_WAITING = 1024;
let waiting = 0;

let known = { stamp: -1, servers: [] as string[] };

/** The host's resolvers, read again when its file changes. */
export function hostResolvers(): readonly string[] {
  try {
    const { mtimeMs } = statSync('/etc/resolv.conf');
    if (mtimeMs !== known.stamp) {
      const servers = [...readFileSync('/etc/resolv.conf', 'utf8').matchAll(/^\s*nameserver\s+(\S+)/gm)].map(
        (match) => match[1] ?? '',
      );
      known = { stamp: mtimeMs, servers: servers.filter((server) => isIP(server) !== 0) };
    }
  } catch {
    known = { stamp: -1, servers: [] };
  }
  return known.servers;
}

/** The first answer of the servers, asked one after the other; undefined when none answers in time. */
export async function forward(message: Buffer, servers: readonly string[], tcp: boolean): Promise<Buffer | undefined> {
  if (waiting >= MAX_WAITING) return undefined;
  waiting += 1;
  try {
    for (const server of servers.slice(0, 3)) {
      const answer = await (tcp ? askTcp : askUdp)(message, server).catch(() => undefined);
      if (answer) return answer;
    }
    return undefined;
  } finally {
    waiting -= 1;
  }
}

/** A fresh socket each: its random port is half of what keeps forged answers away. */
function askUdp(message: Buffer, server: string): Promise<Buffer | undefined> {
  return new Promise((resolve, reject) => {
    const socket = createSocket(isIP(server) === 6 ? 'udp6' : 'udp4');
    const end = (answer: Buffer | undefined, error?: Error): void => {
      clearTimeout(timer);
      socket.close();
      if (error) reject(error);
      else resolve(answer);
    };
    const timer = setTimeout(() => end(undefined), PATIENCE_MS);
    socket.on('error', (error) => end(undefined, error));
    socket.on('message', (answer) => {
      if (answer.length >= 12 && answer.readUInt16BE(0) === message.readUInt16BE(0)) end(answer);
    });
    socket.connect(53, server, () => socket.send(message));
  });
}

function askTcp(message: Buffer, server: string): Promise<Buffer | undefined> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: server, port: 53, timeout: PATIENCE_MS });
    let got = Buffer.alloc(0);
    socket.on('connect', () => socket.write(framed(message)));
    socket.on('data', (chunk) => {
      got = Buffer.concat([got, chunk]);
      if (got.length < 2 || got.length < 2 + got.readUInt16BE(0)) return;
      resolve(got.subarray(2, 2 + got.readUInt16BE(0)));
      socket.destroy();
    });
    socket.on('timeout', () => socket.destroy(new Error('timeout')));
    socket.on('error', reject);
    socket.on('close', () => resolve(undefined));
  });
}

/** By TCP a message has its length before it. */
export function framed(message: Buffer): Buffer {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(message.length, 0);
  return Buffer.concat([length, message]);
}
