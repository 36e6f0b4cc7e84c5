// Hosts that are none: network namespaces on one bridge, each with a daemon of its own in it. What is made here is undone by `remove`.
import { type ChildProcess, execFile, type PromiseWithChild, spawn } from 'node:child_process';
import { mkdirSync, openSync, closeSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { messageOf } from '../../base/errors.ts';

const run = promisify(execFile);
/** How long a daemon may take until it answers, milliseconds. */
const READY_MS = 30_000;

/** What the demo does to this machine outside of its own folder. */
export interface Ground {
  /** Node and the entry of this very program: the daemons are those of this Berth. */
  readonly program: readonly [string, string];
  /** Kills whatever runs in containers of the daemon of this data root. */
  readonly killContainers: (dataRoot: string) => void;
  /** Takes away what a daemon that has ended left on this machine. */
  readonly removeLeftovers: (dataRoot: string, execRoot: string) => Promise<void>;
}

/** A network namespace that lasts as long as its process. */
class Namespace {
  readonly #holder: ChildProcess;

  private constructor(holder: ChildProcess) {
    this.#holder = holder;
  }

  static async make(): Promise<Namespace> {
    const holder = spawn('unshare', ['--net', 'sh', '-c', 'ip link set lo up && echo && exec sleep 600'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    await new Promise<void>((resolve, reject) => {
      holder.stdout.once('data', () => resolve());
      holder.once('exit', () => reject(new Error('no network namespace can be made here')));
      holder.once('error', reject);
    });
    return new Namespace(holder);
  }

  get pid(): string {
    return String(this.#holder.pid);
  }

  get path(): string {
    return `/proc/${this.pid}/ns/net`;
  }

  async ip(...words: string[]): Promise<void> {
    await run('nsenter', [`--net=${this.path}`, 'ip', ...words]);
  }

  end(): void {
    this.#holder.kill('SIGKILL');
  }
}

export class Host {
  readonly name: string;
  readonly address: string;
  readonly dataRoot: string;
  readonly execRoot: string;
  readonly #ground: Ground;
  readonly #folder: string;
  readonly #namespace: Namespace | undefined;
  readonly #commands = new Set<PromiseWithChild<unknown>>();
  #daemon: ChildProcess | undefined;
  #isInterrupted = false;

  constructor(input: { name: string; address: string; folder: string; ground: Ground; namespace?: Namespace }) {
    this.name = input.name;
    this.address = input.address;
    this.#ground = input.ground;
    this.#namespace = input.namespace;
    this.#folder = join(input.folder, input.name);
    this.dataRoot = join(this.#folder, 'data');
    this.execRoot = join(this.#folder, 'exec');
    mkdirSync(this.#folder);
  }

  get socket(): string {
    return `unix://${join(this.#folder, 'berth.sock')}`;
  }

  get log(): string {
    return join(this.#folder, 'log');
  }

  async start(flags: readonly string[] = []): Promise<void> {
    const enter = this.#namespace
      ? [
          'nsenter',
          `--net=${this.#namespace.path}`,
          'unshare',
          '--uts',
          'sh',
          '-c',
          'hostname "$0"; exec "$@"',
          this.name,
        ]
      : ['env'];
    const own = ['--data-root', this.dataRoot, '--exec-root', this.execRoot, '--host', this.socket];
    const [file = '', ...args] = [...enter, ...this.#ground.program, 'daemon', ...own, '--log-level', 'warn', ...flags];
    const log = openSync(this.log, 'a');
    // a group of its own: Ctrl-C is for the demo, which ends it in order
    const daemon = spawn(file, args, { stdio: ['ignore', log, log], detached: true });
    closeSync(log);
    this.#daemon = daemon;
    const end = Date.now() + READY_MS;
    for (;;) {
      const answer = await this.berth('version', '--format', 'x').catch(() => '');
      if (answer !== '') return;
      const hasEnded = daemon.exitCode !== null || daemon.signalCode !== null;
      if (hasEnded || this.#isInterrupted || Date.now() > end)
        throw new Error(`the daemon of ${this.name} did not start: ${this.log}`);
      await pause(100);
    }
  }

  /** A command of this client to the host's daemon; what it printed. Throws what it complained of. */
  async berth(...args: string[]): Promise<string> {
    if (this.#isInterrupted) throw new Error('interrupted');
    const [file, entry] = this.#ground.program;
    const command = run(file, ['--disable-warning=ExperimentalWarning', entry, '-H', this.socket, ...args], {
      env: { ...process.env, DOCKER_HOST: '', DOCKER_CONTEXT: '', BERTH_HOST: '' },
      maxBuffer: 1 << 26,
    });
    this.#commands.add(command);
    try {
      return (await command).stdout;
    } catch (error) {
      const { stderr } = error as { stderr?: string };
      throw new Error(`${this.name}: berth ${args.join(' ')}: ${stderr?.trim() || messageOf(error)}`, { cause: error });
    } finally {
      this.#commands.delete(command);
    }
  }

  /** As when its power fails: the daemon and everything in its containers is gone at once. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL');
    this.#ground.killContainers(this.dataRoot);
  }

  /** Ends the commands that still run; there will be no more. */
  async interrupt(): Promise<void> {
    this.#isInterrupted = true;
    for (const command of this.#commands) command.child.kill();
    await Promise.allSettled(this.#commands);
  }

  async remove(): Promise<void> {
    await this.#end('SIGTERM');
    // until nothing is left in them: a process that is being born when it is looked takes another look
    for (let tries = 0; tries < 50; tries += 1) {
      this.#ground.killContainers(this.dataRoot);
      try {
        await this.#ground.removeLeftovers(this.dataRoot, this.execRoot);
        break;
      } catch (error) {
        if (tries === 49) throw error;
        await pause(100);
      }
    }
    this.#namespace?.end();
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const daemon = this.#daemon;
    this.#daemon = undefined;
    if (!daemon || daemon.exitCode !== null || daemon.signalCode !== null) return;
    const ended = new Promise((resolve) => daemon.once('exit', resolve));
    daemon.kill(signal);
    const timer = setTimeout(() => daemon.kill('SIGKILL'), 15_000);
    await ended;
    clearTimeout(timer);
  }
}

/** Hosts on one wire: their switch is a namespace too, so that nothing of them is seen on this machine. */
export class Hosts {
  readonly all: Host[] = [];
  readonly #folder: string;
  readonly #ground: Ground;
  #switch: Namespace | undefined;
  /** Hosts that are being made: what is broken off in the midst of it is taken away when they are there. */
  #starting: Promise<unknown> = Promise.resolve();

  constructor(folder: string, ground: Ground) {
    this.#folder = folder;
    this.#ground = ground;
  }

  /** On this machine's own network: it can fetch packages. */
  outside(): Host {
    const host = new Host({ name: 'outside', address: '', folder: this.#folder, ground: this.#ground });
    this.all.push(host);
    return host;
  }

  /** So many, each with a daemon that answers. */
  start(count: number): Promise<Host[]> {
    const started = this.#start(count);
    this.#starting = started.catch(() => undefined);
    return started;
  }

  async #start(count: number): Promise<Host[]> {
    this.#switch = await Namespace.make();
    await this.#switch.ip('link', 'add', 'br0', 'type', 'bridge');
    await this.#switch.ip('link', 'set', 'br0', 'up');
    const wire = this.#switch;
    const made = await Promise.allSettled(Array.from({ length: count }, (_, index) => this.#add(index + 1, wire)));
    return made.map((one) => {
      if (one.status === 'rejected') throw one.reason;
      return one.value;
    });
  }

  async #add(number: number, wire: Namespace): Promise<Host> {
    const [name, address] = [`n${number}`, `10.88.0.${number}`];
    const namespace = await Namespace.make();
    const host = new Host({ name, address, folder: this.#folder, ground: this.#ground, namespace });
    this.all.push(host);
    await wire.ip('link', 'add', name, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', namespace.pid);
    await wire.ip('link', 'set', name, 'master', 'br0', 'up');
    await namespace.ip('addr', 'add', `${address}/24`, 'dev', 'eth0');
    await namespace.ip('link', 'set', 'eth0', 'up');
    await host.start();
    return host;
  }

  async #interrupt(): Promise<void> {
    await Promise.all(this.all.map((host) => host.interrupt()));
  }

  /** All of it, whatever fails; answers the failures. */
  async remove(): Promise<string[]> {
    const failures: string[] = [];
    await this.#interrupt();
    await this.#starting;
    // those that came meanwhile
    await this.#interrupt();
    const ends = await Promise.allSettled(this.all.map((host) => host.remove()));
    for (const one of ends) if (one.status === 'rejected') failures.push(messageOf(one.reason));
    this.#switch?.end();
    return failures;
  }
}
