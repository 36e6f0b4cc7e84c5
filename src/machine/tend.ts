// The helper beside a running machine: keeps the connection that brings its daemon's socket to the host, and lets published ports follow.
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
import { messageOf } from '../base/errors.ts';
import { parseJson } from '../base/json.ts';
import { Client, lines, parseEndpoint } from '../client/index.ts';
import { runProgram } from './command.ts';
import { changesOf, type Forward, forwardsOf, keyOf, monitorLine, type PublishedPort, sshForward } from './forwards.ts';
import type { Layout } from './layout.ts';
import { isSame, markOf } from './process.ts';
import { monitorLine as askMonitor } from './qmp.ts';
import { type ForwardRecord, readRun, type RunRecord, writeForwards, writeRun } from './record.ts';
import { forwardArguments, masterArguments } from './ssh.ts';
import { isRunning, pause, waitUntil } from './wait.ts';

const RETRY_MS = 300;
/** Events come in bursts; the list is read once for all. */
const SETTLE_MS = 30;
/** A port that was taken is tried again. */
const AGAIN_MS = 5000;

/** Resolves when the machine's process has ended. */
export async function tend(layout: Layout, name: string, log: (line: string) => void): Promise<void> {
  const run = readRun(layout);
  const own = markOf(process.pid);
  if (!run || !own || !isSame(run.machine) || isSame(run.tend)) return;
  writeRun(layout, { ...run, tend: own });
  let wasUp = false;
  let isEnded = false;
  while (isSame(run.machine) && !isEnded) {
    // what an earlier one left would look like a connection
    for (const file of [layout.master, layout.socket]) rmSync(file, { force: true });
    const master = spawn('ssh', masterArguments(layout, name, run.sshPort), { stdio: ['ignore', 'ignore', 'pipe'] });
    const stop = (): void => {
      isEnded = true;
      master.kill();
    };
    process.once('SIGTERM', stop);
    let stderr = '';
    master.stderr.setEncoding('utf8').on('data', (text: string) => (stderr = (stderr + text).slice(-2000)));
    master.on('error', (error) => (stderr = error.message));
    const isUp = await waitUntil(() => !isRunning(master) || existsSync(layout.socket), 30_000);
    if (isUp && isRunning(master)) {
      wasUp = true;
      await followPorts(layout, run, master, log);
    }
    master.kill();
    process.off('SIGTERM', stop);
    // while the machine boots nobody answers, which is no news
    if (wasUp && stderr !== '') log(stderr.trim());
    await pause(RETRY_MS);
  }
}

/** Until the connection ends. */
async function followPorts(
  layout: Layout,
  run: RunRecord,
  master: ChildProcess,
  log: (line: string) => void,
): Promise<void> {
  const ports = new Ports(layout, run, log);
  const gone = new AbortController();
  master.once('exit', () => gone.abort());
  while (isRunning(master)) {
    try {
      const client = new Client(parseEndpoint(`unix://${layout.socket}`));
      const events = await client.stream('SystemEvents', {
        query: { filters: new Map([['type', ['container', 'network']]]) },
        signal: gone.signal,
      });
      await ports.update(client);
      const again = setInterval(() => {
        if (ports.hasProblems) void ports.update(client);
      }, AGAIN_MS);
      try {
        for await (const line of lines(events.body)) if (concernsPorts(line)) void ports.update(client);
      } finally {
        clearInterval(again);
      }
    } catch (error) {
      if (isRunning(master)) log(messageOf(error));
    }
    await pause(RETRY_MS);
  }
}

function concernsPorts(line: string): boolean {
  const { Action } = parseJson(line) as { Action?: string };
  return ['start', 'die', 'destroy', 'connect', 'disconnect', 'restart', 'unpause'].includes(Action ?? '');
}

/** Those that lead into the machine over one connection; a new connection has none. */
class Ports {
  readonly #layout: Layout;
  readonly #run: RunRecord;
  readonly #log: (line: string) => void;
  #present: Forward[] = [];
  readonly #problems = new Map<string, string>();
  #work: Promise<void> = Promise.resolve();
  #isAsked = false;

  constructor(layout: Layout, run: RunRecord, log: (line: string) => void) {
    this.#layout = layout;
    this.#run = run;
    this.#log = log;
  }

  get hasProblems(): boolean {
    return this.#problems.size > 0;
  }

  /** Calls that come while one waits are that one. */
  update(client: Client): Promise<void> {
    if (this.#isAsked) return this.#work;
    this.#isAsked = true;
    this.#work = this.#work
      .then(() => pause(SETTLE_MS))
      .then(async () => {
        this.#isAsked = false;
        const containers = await client.json<{ Ports?: PublishedPort[] }[]>('ContainerList');
        await this.#apply(forwardsOf(containers));
      })
      .catch((error: unknown) => this.#log(messageOf(error)));
    return this.#work;
  }

  async #apply(desired: readonly Forward[]): Promise<void> {
    const wanted = new Set(desired.map(keyOf));
    for (const key of this.#problems.keys()) if (!wanted.has(key)) this.#problems.delete(key);
    for (const { how, forward } of changesOf(this.#present, desired)) {
      const problem = await this.#change(how, forward);
      if (how === 'cancel') this.#present = this.#present.filter((one) => keyOf(one) !== keyOf(forward));
      else if (problem === '') {
        this.#present.push(forward);
        this.#problems.delete(keyOf(forward));
      } else {
        if (!this.#problems.has(keyOf(forward))) this.#log(`port ${keyOf(forward)}: ${problem}`);
        this.#problems.set(keyOf(forward), problem);
      }
    }
    const records: ForwardRecord[] = [
      ...this.#present.map((one) => ({ port: keyOf(one) })),
      ...[...this.#problems].map(([port, problem]) => ({ port, problem })),
    ];
    writeForwards(this.#layout, records);
  }

  /** '' when it is done, else why not. */
  async #change(how: 'forward' | 'cancel', forward: Forward): Promise<string> {
    if (forward.protocol === 'udp') {
      const answer = await askMonitor(this.#run.qmpPort ?? this.#layout.qmp, monitorLine(how, forward)).catch(
        messageOf,
      );
      return how === 'cancel' || answer === '' ? '' : answer;
    }
    const ask = (listen: '127.0.0.1' | '[::1]') =>
      runProgram('ssh', forwardArguments(this.#layout, how, sshForward(listen, forward)), 20_000);
    const { code, stderr } = await ask('127.0.0.1');
    // a host may have no IPv6
    if (code === 0 || how === 'cancel') await ask('[::1]');
    if (code === 0) return '';
    return /forwarding failed|forwarding request failed/i.test(stderr)
      ? 'another program on this host has it'
      : stderr.trim() || `ssh ended with ${code}`;
  }
}
