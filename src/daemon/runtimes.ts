// The OCI runtimes of this host: those that are there and those that the settings add, and the one that is taken by default.
import { join } from 'node:path';
import { messageOf, unavailable } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { CgroupTrees } from '../host/cgroup.ts';
import { findProgram } from '../host/find.ts';
import {
  chooseRuntime,
  identify,
  type OciRuntime,
  type RuntimeTable,
  RuntimeView,
  sealed,
  tryRuntime,
} from '../runtime/index.ts';
import { taskFilesIn } from './adapters/cluster.ts';
import type { DaemonOptions } from './options.ts';

export interface RuntimeSearch {
  readonly options: DaemonOptions;
  readonly dataRoot: string;
  readonly cgroups: CgroupTrees;
  readonly cgroupParent: string;
  readonly log: Log;
}

export interface Runtimes {
  readonly table: ReadonlyMap<string, OciRuntime>;
  readonly chosen: string;
  readonly view: RuntimeView | undefined;
}

/** crun is tried first, as the faster one; on a mixed host also in a view that suits it. */
export async function observeRuntimes(input: RuntimeSearch): Promise<Runtimes> {
  const { options, cgroupParent, log } = input;
  const table = new Map<string, OciRuntime>();
  const requests: RuntimeTable = { crun: { path: 'crun' }, runc: { path: 'runc' }, ...options.runtimes };
  for (const [name, request] of Object.entries(requests)) {
    const path = findProgram(request.path);
    const runtime = path === undefined ? undefined : await identify(name, path, request.runtimeArgs);
    if (runtime) table.set(name, sealed(runtime));
    else if (Object.hasOwn(options.runtimes, name)) log.warn(`runtime ${name}: ${request.path} cannot be run`);
  }
  const wanted = options.defaultRuntime;
  if (wanted !== '' && !table.has(wanted)) throw unavailable(`specified default runtime '${wanted}' does not exist`);
  const trial = (runtime: OciRuntime): Promise<void> =>
    tryRuntime(runtime, join(options.execRoot, 'trial'), cgroupParent);
  const crun = table.get('crun');
  const view = crun && (wanted === '' || wanted === 'crun') ? await viewFor(crun, input, trial) : undefined;
  if (crun && view) table.set('crun', view.of(crun));
  const candidates = wanted === '' ? [...table.values()] : [table.get(wanted)].filter((one) => one !== undefined);
  const { chosen, remarks } = await chooseRuntime(candidates, trial);
  for (const remark of remarks) log.info(remark);
  if (!chosen)
    throw unavailable(
      `no OCI runtime works on this host${remarks.length > 0 ? `: ${remarks.join('; ')}` : '; install runc or crun'}`,
    );
  return { table, chosen: chosen.name, view };
}

/** A view in which crun works on a host where it does not work otherwise; undefined where none is needed or none helps. */
async function viewFor(
  crun: OciRuntime,
  input: RuntimeSearch,
  trial: (runtime: OciRuntime) => Promise<void>,
): Promise<RuntimeView | undefined> {
  const { options, dataRoot, cgroups, log } = input;
  const v2Tree = cgroups.roots.get('');
  if (cgroups.layout !== 'hybrid' || v2Tree === undefined) return undefined;
  const plain = await trial(crun).then(
    () => true,
    () => false,
  );
  if (plain) return undefined;
  try {
    const view = new RuntimeView({
      execRoot: options.execRoot,
      shared: [join(dataRoot, 'containers'), taskFilesIn(options.execRoot)],
      v2Tree,
    });
    try {
      await trial(view.of(crun));
      return view;
    } catch (error) {
      view[Symbol.dispose]();
      throw error;
    }
  } catch (error) {
    log.info(`crun does not work in a view without ${v2Tree} either: ${messageOf(error)}`);
    return undefined;
  }
}
