// The agent of a client's ssh keys as a socket on this machine: each connection to it is a call through the session.
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SshAgents } from '../../model/request.ts';
import { BytesMessage, CheckAgentRequest, Empty } from '../protocol/messages.ts';
import { CallError, Code } from '../transport/status.ts';
import type { Session } from './sessions.ts';

const CHECK = '/moby.sshforward.v1.SSH/CheckAgent';
const FORWARD = '/moby.sshforward.v1.SSH/ForwardAgent';
/** Connections to one agent at a time. */
const MAX_CONNECTIONS = 64;

export function sessionAgents(session: Session): SshAgents {
  return {
    async agent(id, signal) {
      if (!session.serves(FORWARD)) return undefined;
      try {
        await session.caller.unary(CHECK, CheckAgentRequest, Empty, { id }, signal);
      } catch (error) {
        if (error instanceof CallError && error.code !== Code.cancelled) return undefined;
        throw error;
      }
      const folder = mkdtempSync(join(tmpdir(), 'berth-ssh-'));
      const socket = join(folder, 'agent.sock');
      const open = new Set<Socket>();
      const server = createServer((connection) => {
        open.add(connection);
        connection.once('close', () => open.delete(connection));
        void forward(session, id, connection, signal);
      });
      server.maxConnections = MAX_CONNECTIONS;
      const close = async (): Promise<void> => {
        for (const connection of open) connection.destroy();
        await new Promise<void>((resolve) => server.close(() => resolve()));
        rmSync(folder, { recursive: true, force: true });
      };
      try {
        await new Promise<void>((resolve, reject) => {
          server.once('error', reject);
          server.listen(socket, resolve);
        });
      } catch (error) {
        rmSync(folder, { recursive: true, force: true });
        throw error;
      }
      return { socket, [Symbol.asyncDispose]: close };
    },
  };
}

async function forward(session: Session, id: string, connection: Socket, signal: AbortSignal): Promise<void> {
  const gone = new AbortController();
  connection.on('error', () => undefined);
  connection.once('close', () => gone.abort());
  try {
    const call = session.caller.open(FORWARD, { 'buildkit.ssh.id': id }, AbortSignal.any([signal, gone.signal]));
    const sending = (async () => {
      for await (const chunk of connection) await call.write(BytesMessage.encode({ data: chunk as Buffer }));
      call.end();
    })();
    sending.catch(() => call.cancel());
    for await (const body of call.input) connection.write(Buffer.from(BytesMessage.decode(body).data));
    connection.end();
  } catch {
    connection.destroy();
  }
}
