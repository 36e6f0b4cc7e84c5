// The cluster with its adapters: the engine runs its tasks, and the machine is described to the managers.
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { cpus, hostname, networkInterfaces, totalmem } from 'node:os';
import { join } from 'node:path';
import { BerthError } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import { ClusterAccess, TASK_LABEL } from '../../cluster/index.ts';
import type { ContainerView, Machine, TaskContainers, TaskNetworks } from '../../cluster/agent/ports.ts';
import { specOf } from '../../engine/create/index.ts';
import type { Engine } from '../../engine/index.ts';
import type { EventLog } from '../../events/index.ts';
import { findProgram } from '../../host/find.ts';
import { hostLoad } from '../../host/load.ts';
import { MS, mount, mountsBelow, unmountSync } from '../../host/mount.ts';
import { type Images, parseReference, withTag } from '../../images/index.ts';
import { hostNetworks, type Networks } from '../../network/index.ts';
import type { ContainerInspect } from '../../spec/docker/index.ts';
import { type SystemFacts, versionOf } from '../../system/index.ts';

/** Secrets and configs of one task. */
const FILES_SIZE = '64m';

export interface ClusterParts {
  readonly dataRoot: string;
  readonly execRoot: string;
  readonly engine: Engine;
  readonly images: Images;
  readonly networks: Networks;
  readonly events: EventLog;
  readonly facts: SystemFacts;
  readonly log: Log;
}

export function makeCluster(parts: ClusterParts): ClusterAccess {
  const access: ClusterAccess = new ClusterAccess({
    dataRoot: parts.dataRoot,
    containers: taskContainers(parts),
    machine: machineOf(parts, (connection) => access.onTunnel(connection)),
    networks: taskNetworks(parts),
    log: parts.log,
    emit: parts.events.emit,
  });
  return access;
}

function taskNetworks({ networks: { overlays } }: ClusterParts): TaskNetworks {
  return {
    apply: (node, states) => overlays.apply(node, states),
    setJoiner: (joiner) => {
      overlays.joiner = joiner;
    },
    joined: () => overlays.joined(),
  };
}

function taskContainers({ engine, images, events }: ClusterParts): TaskContainers {
  const view = async (id: string): Promise<ContainerView | undefined> => {
    try {
      return viewOf(await engine.inspect(id, false));
    } catch (error) {
      if (error instanceof BerthError && error.kind === 'notFound') return undefined;
      throw error;
    }
  };
  return {
    view,
    list: async () => {
      const rows = await engine.list({ all: true, limit: 0, filters: new Map([['label', [TASK_LABEL]]]) });
      const views = await Promise.all(rows.map(({ Id }) => view(Id)));
      return views.filter((one) => one !== undefined);
    },
    hasImage: (reference) => {
      try {
        images.forContainer(reference);
        return true;
      } catch {
        return false;
      }
    },
    pull: (text, signal, credentials) => {
      const parsed = parseReference(text);
      const reference = parsed.tag === undefined && parsed.digest === undefined ? withTag(parsed, 'latest') : parsed;
      return images.pull(reference, { credentials, say: () => Promise.resolve(), signal });
    },
    create: async (name, body) => (await engine.create({ name, platform: undefined, spec: specOf(body) })).Id,
    start: (id) => engine.start(id),
    stop: async (id, signal, seconds) => {
      await engine.stop(id, signal, seconds);
    },
    kill: (id) => engine.kill(id, 'KILL'),
    remove: (id) => engine.remove(id, { force: true, volumes: true }),
    async *logs(id, { stdout, stderr, follow, tail, since, until }, signal) {
      const { batches } = engine.logs(
        id,
        {
          stdout,
          stderr,
          follow,
          since: since === undefined ? undefined : BigInt(since),
          until: until === undefined ? undefined : BigInt(until),
          tail,
          eachLine: true,
        },
        signal,
      );
      for await (const batch of batches)
        yield batch.map(({ channel, time, data }) => ({
          channel: channel === 'stderr' ? 'stderr' : 'stdout',
          time,
          data: Buffer.from(data).toString('base64'),
        }));
    },
    usage: async (id) => {
      for await (const sample of engine.stats(id, { stream: false, oneShot: true }, AbortSignal.timeout(2000))) {
        const { cpu_stats: cpu, memory_stats: memory } = sample as Sample;
        // pages of files that nobody uses are no need
        const bytes =
          (memory.usage ?? 0) - (memory.stats?.['total_inactive_file'] ?? memory.stats?.['inactive_file'] ?? 0);
        return { cpuNanos: cpu.cpu_usage.total_usage, bytes: Math.max(0, bytes) };
      }
      return undefined;
    },
    async *changes(signal) {
      for await (const event of events.watch({ signal }))
        if (event.kind === 'event' && event.type === 'container' && event.attributes[TASK_LABEL] !== undefined)
          yield event.id;
    },
  };
}

interface Sample {
  readonly cpu_stats: { readonly cpu_usage: { readonly total_usage: number } };
  readonly memory_stats: { readonly usage?: number; readonly stats?: Readonly<Record<string, number>> };
}

function viewOf({ Id, State, Config }: ContainerInspect): ContainerView {
  const health = State.Health?.Status;
  return {
    id: Id,
    task: Config.Labels?.[TASK_LABEL] ?? '',
    running: State.Running,
    started: State.Running || State.Status === 'exited' || State.Status === 'dead' || State.Error !== '',
    pid: State.Pid,
    exitCode: State.ExitCode,
    error: State.Status === 'created' ? State.Error : '',
    health: health === 'healthy' || health === 'unhealthy' || health === 'starting' ? health : 'none',
    hasHealthCheck: health !== undefined && health !== 'none',
  };
}

/** Where secrets and configs of tasks are, each task's in a file system in memory of its own. */
export function taskFilesIn(execRoot: string): string {
  return join(execRoot, 'tasks');
}

function machineOf({ execRoot, facts }: ClusterParts, serve: Machine['serve']): Machine {
  const folder = taskFilesIn(execRoot);
  const of = (task: string): string => join(folder, task);
  return {
    describe: () => ({
      Hostname: hostname(),
      Platform: { Architecture: architecture(facts), OS: 'linux' },
      Resources: { NanoCPUs: cpus().length * 1e9, MemoryBytes: totalmem() },
      Engine: {
        EngineVersion: versionOf(facts).Version,
        ...(facts.labels.length > 0 ? { Labels: labelsOf(facts.labels) } : {}),
      },
    }),
    load: hostLoad(),
    memoryFiles: (task) => {
      mkdirSync(of(task), { recursive: true, mode: 0o700 });
      if (!mountsBelow(folder).includes(of(task)))
        mount('tmpfs', of(task), 'tmpfs', MS.NOSUID | MS.NODEV | MS.NOEXEC, `size=${FILES_SIZE},mode=700`);
      return Promise.resolve(of(task));
    },
    removeFiles: (task) => {
      if (mountsBelow(folder).includes(of(task))) unmountSync(of(task));
      rmSync(of(task), { recursive: true, force: true });
      return Promise.resolve();
    },
    addresses: () =>
      Object.entries(networkInterfaces()).flatMap(([device, addresses = []]) =>
        addresses
          .filter(({ internal, family }) => !internal && family === 'IPv4' && !isOfContainers(device))
          .map(({ address }) => ({ device, address })),
      ),
    blocks: () => hostNetworks(),
    etcd: () => findProgram('etcd'),
    serve,
  };
}

const MACHINES: Readonly<Record<string, string>> = { x64: 'x86_64', arm64: 'aarch64', ia32: 'i686' };

/** As `uname -m` says it: constraints on the platform are written so. */
function architecture({ abilities }: SystemFacts): string {
  return MACHINES[abilities.arch] ?? abilities.arch;
}

function labelsOf(labels: readonly string[]): Record<string, string> {
  return Object.fromEntries(labels.map((label) => [label.split('=')[0] ?? '', label.slice(label.indexOf('=') + 1)]));
}

/** Bridges, Docker's and ours, are no way to this machine. */
function isOfContainers(device: string): boolean {
  if (/^(?:docker|br-|veth|berth)/.test(device)) return true;
  try {
    readFileSync(`/sys/class/net/${device}/bridge/bridge_id`);
    return true;
  } catch {
    return false;
  }
}
