// Opens the addresses that the daemon serves: unix sockets that a group may use, TCP with TLS.
import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync, unlinkSync } from 'node:fs';
import type { Server } from 'node:http';
import { connect, isIP } from 'node:net';
import { dirname } from 'node:path';
import { isLoopback } from '../base/address.ts';
import { invalid, isErrno, messageOf, unavailable } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { DaemonOptions, TlsFiles } from './options.ts';

export type Address =
  | { readonly kind: 'unix'; readonly path: string }
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number };

/** What is listened on: opened by the daemon, or passed to it already bound, as `fd`. */
export type Endpoint = Address & { readonly fd?: number };

/** The sockets that a service manager has passed, by descriptor. */
export type Passed = ReadonlyMap<number, Address>;

/**
 * The endpoints of all `--host` values: `unix:///path`, `tcp://host:port`, `fd://` for every passed socket and `fd://N` for the one
 * of that descriptor.
 */
export function endpointsOf(hosts: readonly string[], tls: boolean, passed: Passed): readonly Endpoint[] {
  const endpoints = hosts.flatMap((host) => {
    const which = /^fd:\/\/(.*)$/.exec(host)?.[1];
    return which === undefined ? [parseHost(host, tls)] : passedEndpoints(which, passed);
  });
  return endpoints.filter(({ fd }, at) => fd === undefined || endpoints.findIndex((one) => one.fd === fd) === at);
}

function passedEndpoints(which: string, passed: Passed): readonly Endpoint[] {
  const failed = (why: string): Error => unavailable(`failed to load listeners: ${why}`);
  if (passed.size === 0)
    throw failed('no sockets found via socket activation: make sure the service was started by systemd');
  if (which === '' || which === '*') return [...passed].map(([fd, address]) => ({ ...address, fd }));
  if (!/^\d{1,4}$/.test(which)) throw failed(`failed to parse systemd fd address: should be a number: ${which}`);
  const address = passed.get(Number(which));
  if (!address) throw failed('too few socket activated files passed in by systemd');
  return [{ ...address, fd: Number(which) }];
}

/** `unix:///path` or `tcp://host:port`. A port that is not given is 2376 with TLS and 2375 without. */
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

/** Refuses what would hand the machine to the network, and gives dockerd's warnings about the rest. */
export function checkAddress(
  address: Address,
  options: Pick<DaemonOptions, 'tls' | 'allowInsecureTcp'>,
): readonly string[] {
  if (address.kind === 'unix' || options.tls?.verify === true) return [];
  if (!isLoopback(address.host) && !options.allowInsecureTcp)
    throw invalid(
      `tcp://${address.host}:${address.port} without --tlsverify gives everybody who can reach it root on this machine; use --tlsverify, a loopback address, or --allow-insecure-tcp`,
    );
  return [
    'Binding to IP address without --tlsverify is insecure and gives root access on this machine to everyone who has access to your network.',
    'Binding to an IP address, even on localhost, can also give access to scripts run in a browser. Be safe out there!',
    `API is accessible on http${options.tls ? 's' : ''}://${address.host}:${address.port} without ${options.tls ? 'client certificates' : 'encryption'}. Access to the remote API is equivalent to root access on the host.`,
  ];
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

/** Top-level names that nobody can register: a page from the internet cannot have been led here by them. */
const PRIVATE_SUFFIX = /\.(?:local|localhost|internal|home\.arpa|test)$/;

/**
 * A request over TCP must name the host it reached: a page in a browser that was led here by DNS names another. Addresses, names
 * without a dot and those that nobody can register are no such names; of others only the one that is listened on and this
 * machine's own. `machine` is the machine's name.
 */
export function hostCheck(address: Address, machine: string): ((host: string) => boolean) | undefined {
  if (address.kind === 'unix') return undefined;
  const own = new Set([address.host.toLowerCase(), machine.toLowerCase()]);
  return (header) => {
    const name = header
      .toLowerCase()
      .replace(/:\d{1,5}$/, '')
      .replace(/^\[(.*)\]$/, '$1')
      .replace(/\.$/, '');
    return isIP(name) !== 0 || own.has(name) || !name.includes('.') || PRIVATE_SUFFIX.test(name);
  };
}

/** Listens; a stale socket is replaced, one that another daemon serves is not. A passed one stays as it was made. */
export async function listen(server: Server, address: Endpoint, group: string, log: Log): Promise<void> {
  if (address.fd !== undefined) await listening(server, { fd: address.fd });
  else if (address.kind === 'unix') {
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

type Where = { path: string } | { host: string; port: number } | { fd: number };

function listening(server: Server, where: Where): Promise<void> {
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
