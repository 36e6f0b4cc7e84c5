// Connects with TLS and, when there is one, a client certificate. Loaded only for tcp hosts with TLS.
import { readFileSync } from 'node:fs';
import { connect, type TLSSocket } from 'node:tls';
import type { TlsFiles } from './endpoint.ts';

const read = (path: string | undefined): Buffer | undefined => (path === undefined ? undefined : readFileSync(path));

export async function connectTls(host: string, port: number, files: TlsFiles): Promise<TLSSocket> {
  const [ca, cert, key] = [read(files.ca), read(files.cert), read(files.key)];
  const socket = connect({
    host,
    port,
    servername: /^[\d.]+$|:/.test(host) ? '' : host,
    rejectUnauthorized: files.verify,
    ...(ca ? { ca } : {}),
    ...(cert ? { cert } : {}),
    ...(key ? { key } : {}),
  });
  await new Promise<void>((resolve, reject) => {
    socket.once('secureConnect', resolve);
    socket.once('error', reject);
  });
  socket.removeAllListeners('error');
  return socket;
}
