// A world of network namespaces: one in which a daemon lives as on a host of its own, others around it as neighbours on a wire.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { execute, type Result } from './daemon.ts';

/** A namespace that lasts as long as this object. */
export class Place implements Disposable {
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  static async make(): Promise<Place> {
    // nothing of the test's own may hold the pipe that says when the namespace is there
    const child = spawn('unshare', ['--net', 'sh', '-c', 'ip link set lo up; echo; exec sleep 1000'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    await new Promise((resolve) => child.stdout.once('data', resolve));
    return new Place(child);
  }

  get path(): string {
    return `/proc/${this.#child.pid}/ns/net`;
  }

  /** A command line that runs in here. */
  enter(...words: string[]): string[] {
    return ['nsenter', `--net=${this.path}`, ...words];
  }

  /** For a daemon: what it would fetch from the world is refused at once, so that it takes what is installed. */
  enterOffline(): string[] {
    return this.enter('env', `APT_CONFIG=${import.meta.dirname}/no-packages.conf`);
  }

  run(...words: string[]): Promise<Result> {
    const [file = '', ...args] = this.enter(...words);
    return execute(file, args);
  }

  /** Throws when the command fails; gives what it printed. */
  async do(...words: string[]): Promise<string> {
    const { code, stdout, stderr } = await this.run(...words);
    assert.equal(code, 0, `${words.join(' ')}: ${stderr}`);
    return stdout;
  }

  /** Lines of a shell, all of which must work. */
  shell(text: string): Promise<string> {
    return this.do('sh', '-ec', text);
  }

  /** A program that goes on in here until it is killed. */
  spawn(...words: string[]): ChildProcess {
    const [file = '', ...args] = this.enter(...words);
    return spawn(file, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  }

  [Symbol.dispose](): void {
    this.#child.kill('SIGKILL');
  }
}

/** Joins two places by a pair whose ends have these names and addresses. */
export async function wire(
  a: Place,
  [nameA, ...addressesA]: readonly [string, ...string[]],
  b: Place,
  [nameB, ...addressesB]: readonly [string, ...string[]],
): Promise<void> {
  const other = b.path.split('/')[2] ?? '';
  await a.shell(`ip link add ${nameA} type veth peer name ${nameB} netns ${other}`);
  for (const [place, name, addresses] of [
    [a, nameA, addressesA],
    [b, nameB, addressesB],
  ] as const)
    await place.shell(
      [
        `ip link set ${name} up`,
        ...addresses.map((one) => `ip addr add ${one} dev ${name}${one.includes(':') ? ' nodad' : ''}`),
      ].join('\n'),
    );
}
