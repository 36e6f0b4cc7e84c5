// The agent of a client's ssh keys as a socket on this machine; each connection to it is a channel.
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FRAME } from '../../spec/berth/build.ts';
import type { SshAgents } from '../model/request.ts';
import type { Link } from './link.ts';

/** Connections to one agent at a time. */
const MAX_CONNECTIONS = 64;

export function linkAgents(link: Link, ids: readonly string[]): SshAgents {
  return {
    async agent(id, signal) {
      if (!ids.includes(id)) return undefined;
      const folder = mkdtempSync(join(tmpdir(), 'berth-ssh-'));
      const socket = join(folder, 'agent.sock');
      const open = new Set<Socket>();
      const server = createServer((connection) => {
        open.add(connection);
        connection.on('error', () => undefined).once('close', () => open.delete(connection));
        forward(link, id, connection, signal).catch(() => connection.destroy());
      });
      server.maxConnections = MAX_CONNECTIONS;
      try {
        await new Promise<void>((resolve, reject) => server.once('error', reject).listen(socket, resolve));
      } catch (error) {
        rmSync(folder, { recursive: true, force: true });
        throw error;
      }
      const close = async (): Promise<void> => {
        for (const connection of open) connection.destroy();
        await new Promise<void>((resolve) => server.close(() => resolve()));
        rmSync(folder, { recursive: true, force: true });
      };
      return { socket, [Symbol.asyncDispose]: close };
    },
  };
}

async function forward(link: Link, id: string, connection: Socket, signal: AbortSignal): Promise<void> {
  await using channel = await link.ask({ kind: 'agent', id });
  const sending = (async () => {
    for await (const chunk of connection) await channel.send(FRAME.data, chunk as Buffer);
    await channel.send(FRAME.end);
  })();
  sending.catch(() => connection.destroy());
  for await (const chunk of channel.data(signal)) connection.write(chunk);
  connection.end();
}
