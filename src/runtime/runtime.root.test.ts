import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { after } from 'node:test';
import { silentLog } from '../base/log.ts';
import { observeAbilities } from '../host/abilities.ts';
import { observeCgroups, removeEmptyGroup } from '../host/cgroup.ts';
import { findProgram } from '../host/find.ts';
import { bootId } from '../host/process.ts';
import { identify } from './choice/choose.ts';
import { execRoot } from './paths.ts';
import { Runtime } from './runtime.ts';
import { RuntimeView } from './view.ts';
import { KNOWN_CAPABILITIES, specFor } from './spec/index.ts';
import { specInput } from './spec/testing.ts';
import { runtimeContract } from './testing.ts';

const cgroups = observeCgroups();
const host = observeAbilities(KNOWN_CAPABILITIES);

for (const program of ['runc', 'crun']) {
  const root = mkdtempSync(`/tmp/berth-contract-${program}-`);
  const cgroupParent = `berth-contract-${program}-${process.pid}`;
  let view: RuntimeView | undefined;
  after(() => {
    view?.[Symbol.dispose]();
    rmSync(root, { recursive: true, force: true });
    removeEmptyGroup(cgroups, `/${cgroupParent}`);
  });

  runtimeContract(program, async () => {
    const found = await identify(program, findProgram(program) ?? program);
    if (!found) throw new Error(`${program} is not installed`);
    const v2Tree = cgroups.roots.get('');
    if (program === 'crun' && cgroups.layout === 'hybrid' && v2Tree !== undefined)
      view = new RuntimeView({ execRoot: root, shared: [join(root, 'files')], v2Tree });
    const rootfs = join(root, 'files/rootfs');
    for (const folder of ['bin', 'dev', 'proc', 'sys', 'etc']) mkdirSync(join(rootfs, folder), { recursive: true });
    cpSync(findProgram('busybox') ?? 'busybox', join(rootfs, 'bin/busybox'));
    const shell = (script: string): string[] => ['/bin/busybox', 'sh', '-c', script];
    return {
      runtime: new Runtime({
        paths: execRoot(join(root, 'exec')),
        cgroups,
        conmon: findProgram('conmon') ?? 'conmon',
        log: silentLog,
      }),
      oci: view?.of(found) ?? found,
      boot: bootId(),
      cgroupParent,
      logFile: (id) => join(root, id),
      spec: (id, args) =>
        specFor(
          specInput({
            config: { Cmd: args },
            hostConfig: { NetworkMode: 'none' },
            host,
            input: { id, rootfs, files: {}, cgroupPath: `/${cgroupParent}/${id}` },
          }),
        ).spec,
      programs: {
        ends: (code) => shell(`exit ${code}`),
        polite: shell("trap 'exit 7' TERM; echo ready; while :; do /bin/busybox sleep 0.02; done"),
        deaf: ['/bin/busybox', 'sleep', '1000'],
        says: shell('echo out; echo err >&2'),
        echoes: ['/bin/busybox', 'cat'],
        missing: ['/bin/none'],
      },
    };
  });
}
