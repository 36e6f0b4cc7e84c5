// Processor time of a daemon and of all that it starts: a control group around them, read to the nanosecond (v1) or microsecond (v2).
import { mkdirSync, readFileSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { controllersOf, groupDirectories, observeCgroups } from '../src/host/cgroup.ts';

export interface Meter extends Disposable {
  /** Goes before a command line, which is then counted. */
  readonly enter: readonly string[];
  /** For `--cgroup-parent`: containers below it are counted too. */
  readonly parent: string;
  /** Milliseconds of processor time so far. */
  readonly used: () => number;
}

export function makeMeter(name: string): Meter {
  const trees = observeCgroups();
  const group = `/berth-bench-${process.pid}-${name}`;
  const counting = trees.layout === 'v2' ? '' : 'cpuacct';
  const root = trees.roots.get(counting);
  if (root === undefined) throw new Error(`no ${counting} control group: ${controllersOf(trees).join(' ')}`);
  const top = join(root, group);
  // a group of v2 holds processes or groups that share out controllers, not both
  const own = join(top, 'daemon');
  mkdirSync(own, { recursive: true });
  return {
    enter: ['sh', '-c', `echo $$ >${own}/cgroup.procs && exec "$0" "$@"`],
    parent: `${group}/containers`,
    used: () =>
      trees.layout === 'v2'
        ? Number(/^usage_usec (\d+)$/m.exec(readFileSync(join(top, 'cpu.stat'), 'latin1'))?.[1]) / 1e3
        : Number(readFileSync(join(top, 'cpuacct.usage'), 'latin1')) / 1e6,
    [Symbol.dispose]() {
      for (const directory of groupDirectories(trees, group))
        for (const one of ['containers', 'daemon', '']) {
          try {
            rmdirSync(join(directory, one));
          } catch {
            // not made in this tree
          }
        }
    },
  };
}
