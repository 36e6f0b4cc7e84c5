// On a host whose control groups are a mixture ("hybrid": v1 controllers beside a v2 tree), crun refuses to work as soon as the
// v2 tree has a controller of its own, although it would use v1 only. It is therefore run in a mount namespace of its own that is
// the host's in everything but that tree. The runtime alone lives in it; containers, monitors and the daemon do not notice.
import { execFileSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { MS, mount, mountsBelow, unmountSync } from '../host/mount.ts';
import type { OciRuntime } from './choice/choose.ts';
import { enterMounts } from './enter.ts';

/** A view that was replaced is kept so long for runtimes that are just being started in it, milliseconds. */
const KEEP_OLD_MS = 30_000;

export class RuntimeView implements Disposable {
  readonly #folder: string;
  readonly #shared: readonly string[];
  readonly #v2Tree: string;
  readonly #ignored: readonly string[];
  #number = 0;
  #seen = '';

  /**
   * `shared` are the folders of the daemon that containers get mounts from, such as their root file systems: they become shared
   * mounts, so that what is mounted there is seen in the view at once, and the other way round. `v2Tree` is the mount point to
   * leave out.
   */
  constructor(options: { execRoot: string; shared: readonly string[]; v2Tree: string }) {
    this.#folder = join(options.execRoot, 'view');
    this.#shared = options.shared;
    this.#v2Tree = options.v2Tree;
    this.#ignored = [...options.shared, options.execRoot];
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
    for (const point of mountsBelow(this.#folder)) unmountSync(point);
    mount(this.#folder, this.#folder, '', MS.BIND, '');
    mount('', this.#folder, '', MS.PRIVATE, '');
    for (const folder of this.#shared) {
      mkdirSync(folder, { recursive: true, mode: 0o710 });
      if (mountsBelow(folder).includes(folder)) continue;
      mount(folder, folder, '', MS.BIND, '');
      mount('', folder, '', MS.SHARED, '');
    }
    this.refresh();
  }

  /** The same runtime, run in the view. */
  of(runtime: OciRuntime): OciRuntime {
    const command = (): string[] => [...enterMounts(this.#file), ...runtime.command];
    return {
      ...runtime,
      get command() {
        return command();
      },
      beforeBinds: () => this.refresh(),
    };
  }

  get #file(): string {
    return join(this.#folder, String(this.#number));
  }

  /**
   * Mounts that were made on the host since the view was made, and do not spread by themselves, must be seen by a container that
   * binds paths of the host: then a new view is made. Some 0.1 ms when nothing has changed, 10 ms otherwise.
   */
  refresh(): void {
    const now = this.#hostMounts();
    if (now === this.#seen) return;
    const old = this.#file;
    this.#number += 1;
    closeSync(openSync(this.#file, 'w', 0o600));
    const script = 'mount --make-private "$1" && umount "$2"';
    const parent = this.#v2Tree.slice(0, this.#v2Tree.lastIndexOf('/'));
    execFileSync(
      'unshare',
      [`--mount=${this.#file}`, '--propagation', 'unchanged', 'sh', '-c', script, 'sh', parent, this.#v2Tree],
      { stdio: ['ignore', 'ignore', 'pipe'] },
    );
    this.#seen = now;
    setTimeout(() => unmountSync(old), KEEP_OLD_MS).unref();
  }

  /** The host's mounts but the daemon's own, which are shared with the view or not for it. */
  #hostMounts(): string {
    return readFileSync('/proc/self/mountinfo', 'latin1')
      .split('\n')
      .filter((line) => !this.#ignored.some((folder) => line.includes(` ${folder}`)))
      .join('\n');
  }

  /** Root file systems that are still in use stay mounted, and their folder shared. */
  [Symbol.dispose](): void {
    for (const point of mountsBelow(this.#folder)) unmountSync(point);
    for (const folder of this.#shared) if (mountsBelow(folder).length === 1) unmountSync(folder);
  }
}
