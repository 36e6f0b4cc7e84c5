// etcd as a child of the daemon: its command line, its start, and another start when it ends on its own.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, openSync, closeSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { messageOf, unavailable } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import { MANAGER_NAME } from '../security/authority.ts';
import { EtcdStore } from './etcd.ts';
import { MAX_WRITES, QUOTA_BYTES } from './port.ts';

export interface EtcdOptions {
  readonly program: string;
  /** Its data, its socket and its log are below it. */
  readonly folder: string;
  readonly name: string;
  /** Where other members reach it: `https://10.0.0.1:2380`; with a loopback address nobody does. */
  readonly peer: string;
  /** `name=peer` of every member, this one too. */
  readonly members: readonly string[];
  readonly joins: boolean;
  /** Certificates of the cluster's own authority, for the way between members. */
  readonly tls?: { readonly certificate: string; readonly key: string; readonly authority: string };
  /** The data that is there becomes a cluster of this member alone. */
  readonly forceNew?: boolean;
  readonly log: Log;
}

/** Back-off after an end that nobody asked for, milliseconds. */
const RESTART_MS = [100, 500, 2000, 5000] as const;
const READY_MS = 30_000;
const HEARTBEAT_MS = 150;

export class EtcdChild {
  readonly store: EtcdStore;
  #options: EtcdOptions;
  #child: ChildProcess | undefined;
  #ends = 0;
  #closed = false;

  constructor(options: EtcdOptions) {
    this.#options = options;
    this.store = new EtcdStore(socketOf(options.folder));
  }

  /** Starts it; `ready` waits until a majority of its members answers. */
  start(): void {
    mkdirSync(this.#options.folder, { recursive: true, mode: 0o700 });
    this.#spawn();
  }

  /** Without a limit of time when there are other members, whose return it may have to wait for. */
  async ready(): Promise<void> {
    const end = this.#options.members.length > 1 ? Number.POSITIVE_INFINITY : Date.now() + READY_MS;
    while (!(await this.store.answers())) {
      // its last words and not the place of its log: what a failed start has made is taken away again
      if (Date.now() > end || this.#closed) throw unavailable(`etcd did not start: ${lastWords(this.#log)}`);
      await pause(50);
    }
    // once: another start must not throw out who joined since
    const { forceNew: _, ...options } = this.#options;
    this.#options = options;
  }

  get #log(): string {
    return join(this.#options.folder, 'log');
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  #spawn(): void {
    rmSync(socketOf(this.#options.folder), { force: true });
    const log = openSync(this.#log, 'a', 0o600);
    const started = Date.now();
    // it dies with the daemon: setpriv asks the kernel for that, so that no second one finds the data in use
    const child = spawn(
      'setpriv',
      ['--pdeathsig', 'KILL', '--', this.#options.program, ...etcdArguments(this.#options)],
      {
        cwd: this.#options.folder,
        stdio: ['ignore', log, log],
        env: {},
      },
    );
    closeSync(log);
    this.#child = child;
    const ended = (): void => {
      if (this.#closed || this.#child !== child) return;
      if (Date.now() - started > 60_000) this.#ends = 0;
      const wait = RESTART_MS[Math.min(this.#ends, RESTART_MS.length - 1)] ?? 0;
      this.#ends += 1;
      this.#options.log.warn(`etcd has ended; it is started again in ${wait} ms (its log: ${this.#log})`);
      setTimeout(() => {
        if (!this.#closed) this.#spawn();
      }, wait).unref();
    };
    child.once('exit', ended);
    child.once('error', ended);
  }

  async stop(): Promise<void> {
    this.#closed = true;
    this.store.close();
    const child = this.#child;
    this.#child = undefined;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), 3000);
    await ended;
    clearTimeout(timer);
  }
}

const MAX_WORDS = 600;

function lastWords(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim().split('\n').at(-1)?.slice(-MAX_WORDS) ?? '';
  } catch (error) {
    return messageOf(error);
  }
}

/** etcd wants host and port of a socket too, and makes a file of that name in its working directory. */
const SOCKET = 'client.sock:0';

function socketOf(folder: string): string {
  return join(folder, SOCKET);
}

export function etcdArguments(options: EtcdOptions): string[] {
  const { folder, name, peer, members, joins, tls } = options;
  return [
    `--name=${name}`,
    `--data-dir=${join(folder, 'data')}`,
    `--listen-client-urls=unix://${SOCKET}`,
    // nobody comes by this one: managers speak to their own etcd over the socket
    '--advertise-client-urls=http://127.0.0.1:1',
    `--listen-peer-urls=${peer}`,
    `--initial-advertise-peer-urls=${peer}`,
    `--initial-cluster=${members.join(',')}`,
    `--initial-cluster-state=${joins ? 'existing' : 'new'}`,
    // who was away for a while asks whether it could win before it makes everybody vote: the default from etcd 3.5 on
    '--pre-vote',
    // a disk or a processor that is busy for a second is no reason for another leader; ours may be silent for longer (LEASE_S)
    `--heartbeat-interval=${HEARTBEAT_MS}`,
    `--election-timeout=${10 * HEARTBEAT_MS}`,
    '--auto-compaction-mode=periodic',
    '--auto-compaction-retention=10m',
    `--quota-backend-bytes=${QUOTA_BYTES}`,
    `--max-txn-ops=${MAX_WRITES}`,
    ...(options.forceNew ? ['--force-new-cluster'] : []),
    '--log-level=warn',
    '--logger=zap',
    ...(tls
      ? [
          `--peer-cert-file=${tls.certificate}`,
          `--peer-key-file=${tls.key}`,
          `--peer-trusted-ca-file=${tls.authority}`,
          '--peer-client-cert-auth',
          // workers have certificates of the same root
          `--peer-cert-allowed-hostname=${MANAGER_NAME}`,
        ]
      : []),
  ];
}
