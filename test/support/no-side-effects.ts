// Shows that what is hostile does no harm: beside the daemon nothing changes, its memory stays flat, its store keeps what it had.
import assert from 'node:assert/strict';
import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { type TestDaemon, until } from './daemon.ts';

/** What a daemon may take on top, in bytes, whatever comes: threads that were not there before, garbage not collected yet. */
const FLAT = 128 * 1024 * 1024;

/** Files beside the daemon's that an attacker knows of. */
export class Bystander implements Disposable {
  readonly folder = mkdtempSync('/tmp/berth-bystander-');

  constructor() {
    mkdirSync(join(this.folder, 'sub'));
    writeFileSync(join(this.folder, 'secret'), 'nobody may read this\n', { mode: 0o600 });
    writeFileSync(join(this.folder, 'sub', 'file'), 'or change this\n');
    symlinkSync('secret', join(this.folder, 'link'));
  }

  /** Runs it and looks at everything before and after. `keeps`: the store may hold more afterwards. */
  async unharmed(daemon: TestDaemon, what: string, work: () => Promise<void>): Promise<void> {
    const before = { host: this.#host(), store: storeOf(daemon) };
    const memory = residentNow(daemon);
    await work();
    assert.deepEqual(this.#host(), before.host, `${what}: files beside the daemon's changed`);
    const grown = residentAtMost(daemon) - memory;
    assert.ok(grown < FLAT, `${what}: the daemon took ${Math.round(grown / 1024 / 1024)} MiB`);
    // what is removed goes in the background
    await until(() => assert.deepEqual(storeOf(daemon), before.store, `${what}: something is in the store`));
  }

  #host(): Record<string, string> {
    return { ...look(this.folder), ...shallow('/'), ...shallow('/etc') };
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true });
  }
}

function look(folder: string): Record<string, string> {
  return Object.fromEntries(
    readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => {
      const path = join(folder, name);
      const info = lstatSync(path);
      const content = info.isFile() ? readFileSync(path, 'utf8') : info.isSymbolicLink() ? readlinkSync(path) : '';
      return [path, `${info.mode.toString(8)} ${info.uid}:${info.gid} ${info.nlink} ${info.mtimeMs} ${content}`];
    }),
  );
}

function shallow(folder: string): Record<string, string> {
  return Object.fromEntries(
    readdirSync(folder).map((name) => {
      const path = join(folder, name);
      const { mode, uid, gid } = lstatSync(path);
      return [path, `${mode.toString(8)} ${uid}:${gid}`];
    }),
  );
}

/** Names of all that the store has. */
function storeOf(daemon: TestDaemon): Record<string, string[]> {
  return Object.fromEntries(
    ['l', 'blobs/sha256', 'seams', 'part', 'tmp'].map((name) => [
      name,
      readdirSync(join(daemon.dataRoot, name)).sort(),
    ]),
  );
}

/** Bytes; what it took at most is counted from here. */
function residentNow(daemon: TestDaemon): number {
  writeFileSync(`/proc/${daemon.pid}/clear_refs`, '5');
  return status(daemon, 'VmRSS');
}

function residentAtMost(daemon: TestDaemon): number {
  return status(daemon, 'VmHWM');
}

function status(daemon: TestDaemon, field: string): number {
  const text = readFileSync(`/proc/${daemon.pid}/status`, 'utf8');
  return Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(text)?.[1]) * 1024;
}
