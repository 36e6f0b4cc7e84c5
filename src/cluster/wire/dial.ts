// Connections to managers: with the node's certificate, or, before there is one, with the digest of the root that a token names.
import { X509Certificate } from 'node:crypto';
import { connect, type TLSSocket } from 'node:tls';
import { messageOf, unavailable } from '../../base/errors.ts';
import { bearerOf } from '../security/authority.ts';
import { rootDigest } from '../security/token.ts';
import { Connection, MAX_MESSAGE_BYTES } from './connection.ts';
import type { ManagerMessage, NodeMessage } from './messages.ts';

export type ToManager = Connection<ManagerMessage, NodeMessage>;

const CONNECT_MS = 5000;

/** `host:port`, `[v6]:port`. */
export function splitAddress(address: string, port = 2377): { host: string; port: number } {
  const match = /^(?:\[([^\]]+)\]|([^:]+))(?::(\d+))?$/.exec(address);
  return match ? { host: match[1] ?? match[2] ?? '', port: Number(match[3] ?? port) } : { host: address, port };
}

export interface Credentials {
  readonly root: string;
  readonly certificate: string;
  readonly key: string;
  readonly cluster: string;
}

/** With certificates of both ends; the other end must be a manager of the same cluster. */
export async function dialManager(address: string, credentials: Credentials): Promise<ToManager> {
  const socket = await opened(
    connect({
      ...splitAddress(address),
      ca: credentials.root,
      cert: credentials.certificate,
      key: credentials.key,
      minVersion: 'TLSv1.3',
      // its name is in its certificate, not in the address by which it is reached
      checkServerIdentity: () => undefined,
    }),
    address,
  );
  const peer = socket.getPeerX509Certificate();
  const bearer = peer && bearerOf(peer);
  if (bearer?.role === 'manager' && bearer.cluster === credentials.cluster)
    return new Connection(socket, MAX_MESSAGE_BYTES, socket.localAddress?.replace(/^::ffff:/, ''));
  socket.destroy();
  throw unavailable(`${address} is no manager of this cluster`);
}

/**
 * Gives the root certificate too, which is the one that the digest is of. The other end must be a manager: a worker has a certificate of
 * the same root, and would be told the token.
 */
export async function dialWithToken(address: string, digest: string): Promise<{ connection: ToManager; root: string }> {
  const socket = await opened(
    connect({ ...splitAddress(address), rejectUnauthorized: false, minVersion: 'TLSv1.3' }),
    address,
  );
  const leaf = socket.getPeerX509Certificate();
  const root = leaf?.issuerCertificate && new X509Certificate(leaf.issuerCertificate.raw);
  const ofCluster =
    leaf && root && rootDigest(root.raw) === digest && leaf.checkIssued(root) && leaf.verify(root.publicKey);
  if (ofCluster && isValid(leaf) && bearerOf(leaf)?.role === 'manager')
    return {
      connection: new Connection(socket, MAX_MESSAGE_BYTES, socket.localAddress?.replace(/^::ffff:/, '')),
      root: root.toString(),
    };
  socket.destroy();
  throw unavailable('remote CA does not match fingerprint. Is the join token from this cluster?');
}

function isValid({ validFromDate, validToDate }: X509Certificate): boolean {
  const now = Date.now();
  return validFromDate.getTime() <= now && now <= validToDate.getTime();
}

function opened(socket: TLSSocket, address: string): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const fail = (text: string): void => {
      socket.destroy();
      reject(unavailable(`cannot reach the manager at ${address}: ${text}`));
    };
    const timer = setTimeout(() => fail('it does not answer'), CONNECT_MS);
    socket.setKeepAlive(true, 5000);
    socket.once('secureConnect', () => {
      clearTimeout(timer);
      socket.removeAllListeners('error');
      resolve(socket);
    });
    socket.once('error', (error) => {
      clearTimeout(timer);
      fail(messageOf(error));
    });
  });
}

/** Sends one message and gives the first answer; an `error` is thrown. */
export function ask(connection: ToManager, message: NodeMessage, timeoutMs = 15_000): Promise<ManagerMessage> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      reject(unavailable('the manager does not answer'));
      connection.close();
    }, timeoutMs);
    connection.onClose(() => {
      clearTimeout(timer);
      reject(unavailable('the manager has closed the connection'));
    });
    connection.onMessage = (answer) => {
      clearTimeout(timer);
      if (answer.type === 'error') reject(unavailable(answer.message));
      else resolve(answer);
    };
    connection.send(message);
  });
}
