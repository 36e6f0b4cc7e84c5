// Opens the addresses that the daemon serves: unix sockets that a group may use, TCP with TLS.
import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync, unlinkSync } from 'node:fs';
import type { Server } from 'node:http';
import { connect, isIP } from 'node:net';
import { dirname } from 'node:path';
import { invalid, isErrno, messageOf, unavailable } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { DaemonOptions, TlsFiles } from './options.ts';

export type Address =
  | { readonly kind: 'unix'; readonly path: string }
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number };

/** `unix:///path`, `tcp://host:port`, `fd://` (not served). A port that is not given is 2376 with TLS and 2375 without. */
export function parseHost(text: string, tls: boolean): Address {
  const unix = /^unix:\/\/(\/.*)$/.exec(text)?.[1];
  if (unix !== undefined) return { kind: 'unix', path: unix };
  const tcp = /^tcp:\/\/(?:\[([0-9a-fA-F:]+)\]|([^:/]*))(?::(\d+))?\/?$/.exec(text);
  if (tcp) {
    const port = tcp[3] === undefined ? (tls ? 2376 : 2375) : Number(tcp[3]);
    if (port > 65_535) throw invalid(`Invalid bind address format: ${text}`);
    return { kind: 'tcp', host: tcp[1] ?? (tcp[2] === '' || tcp[2] === undefined ? '127.0.0.1' : tcp[2]), port };
  }
  throw invalid(`Invalid bind address format: ${text}`);
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host.startsWith('127.');
}

/** Refuses what would hand the machine to the network. */
export function checkAddress(
  address: Address,
  options: Pick<DaemonOptions, 'tls' | 'allowInsecureTcp'>,
): string | undefined {
  if (address.kind === 'unix' || options.tls?.verify === true || isLoopback(address.host)) return undefined;
  const risk = `tcp://${address.host}:${address.port} without --tlsverify gives everybody who can reach it root on this machine`;
  if (options.allowInsecureTcp) return risk;
  throw invalid(`${risk}; use --tlsverify, a loopback address, or --allow-insecure-tcp`);
}

export function tlsOptions(files: TlsFiles): {
  ca?: Buffer;
  cert: Buffer;
  key: Buffer;
  requestCert: boolean;
  rejectUnauthorized: boolean;
} {
  const read = (file: string): Buffer => {
    try {
      return readFileSync(file);
    } catch (error) {
      throw invalid(`cannot read TLS file ${file}: ${messageOf(error)}`);
    }
  };
  return {
    ...(files.verify ? { ca: read(files.ca) } : {}),
    cert: read(files.cert),
    key: read(files.key),
    requestCert: files.verify,
    rejectUnauthorized: files.verify,
  };
}

/** A request over TCP must name the host it reached: a page in a browser that was led here by DNS names another. */
export function hostCheck(address: Address): ((host: string) => boolean) | undefined {
  if (address.kind === 'unix') return undefined;
  return (header) => {
    const name = header.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1');
    return (
      name === '' || isIP(name) !== 0 || name === 'localhost' || name === address.host || !isLoopback(address.host)
    );
  };
}

/** Listens; a stale socket is replaced, one that another daemon serves is not. */
export async function listen(server: Server, address: Address, group: string, log: Log): Promise<void> {
  if (address.kind === 'unix') {
    mkdirSync(dirname(address.path), { recursive: true, mode: 0o711 });
    if (existsSync(address.path)) {
      if (await answers(address.path))
        throw unavailable(`can't create unix socket ${address.path}: another daemon serves it`);
      unlinkSync(address.path);
    }
    const before = process.umask(0o117);
    try {
      await listening(server, { path: address.path });
    } finally {
      process.umask(before);
    }
    chmodSync(address.path, 0o660);
    const gid = groupId(group);
    if (gid !== undefined) chownSync(address.path, 0, gid);
    else log.debug(`could not change group ${address.path} to ${group}: no such group`);
  } else await listening(server, { host: address.host, port: address.port });
  log.info(`API listens on ${address.kind === 'unix' ? address.path : `${address.host}:${address.port}`}`);
}

/** Connections that may wait to be accepted; Node's own 511 refuses clients when many come at once. The kernel has the last word. */
const BACKLOG = 4096;

function listening(server: Server, where: { path: string } | { host: string; port: number }): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ ...where, backlog: BACKLOG }, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

function groupId(name: string): number | undefined {
  try {
    const line = readFileSync('/etc/group', 'utf8')
      .split('\n')
      .find((row) => row.startsWith(`${name}:`));
    return line === undefined ? undefined : Number(line.split(':')[2]);
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return undefined;
    throw error;
  }
}
