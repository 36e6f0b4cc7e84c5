// RUN: a process on the layers below, with its mounts and its network, by the same runtime as containers.
import { chmodSync, chownSync, closeSync, mkdirSync, readlinkSync, writeFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { cancelled, internal, invalid, isErrno, messageOf } from '../../base/errors.ts';
import { MS, mount, unmount } from '../../host/mount.ts';
import { newNetworkNamespace } from '../../host/netlink/index.ts';
import { O_PATH, openInRoot } from '../../host/open-in-root.ts';
import { mountOverlay } from '../../host/overlay.ts';
import { exitCodeOf, LaunchError, refusalWords } from '../../runtime/index.ts';
import { type NamespaceSource, type OciSpec, type ResolvedMount, specFor } from '../../runtime/spec/index.ts';
import { resolveUser } from '../../runtime/user/index.ts';
import { containerConfig, decode, hostConfig } from '../../spec/docker/schemas/index.ts';
import type { HostConfig } from '../../spec/docker/index.ts';
import type { BuilderContext } from '../services/context.ts';
import { StepFailure } from '../model/failure.ts';
import type { ExecMount, Op } from '../graph/vertex.ts';
import type { BuildRequest, SecretSource, SshAgents, StepLimits } from '../model/request.ts';
import { checkRunnable } from './emulators.ts';
import { isDirectoryIn, missingPaths, removeStubs } from './stubs.ts';
import type { Workspace } from './workspace.ts';

/** What a mount or a copy reads: directories of layers, topmost first, or one directory. */
export type Readable = readonly string[];

export interface ExecRequest {
  readonly op: Op<'exec'>;
  readonly workspace: Workspace;
  /** By index into the vertex's inputs; the first is the workspace's own. */
  readonly inputs: readonly (Readable | undefined)[];
  /** Names of the inputs, for cache mounts that begin with one. */
  readonly inputIds: readonly string[];
  readonly network: string;
  readonly extraHosts: readonly string[];
  readonly limits: StepLimits;
  readonly secrets: SecretSource | undefined;
  readonly ssh: SshAgents | undefined;
  readonly onOutput: (stream: 1 | 2, chunk: Buffer) => void;
  readonly onFailure: BuildRequest['onFailure'];
  /** A program that cannot start is no program that failed, for the classic builder. */
  readonly isClassic: boolean;
  /** Somebody wants the files of a step that fails. */
  readonly keepsFiles: boolean;
  readonly signal: AbortSignal;
}

/** As BuildKit calls it. */
const HOSTNAME = 'buildkitsandbox';

/** Runs it to its end. Throws StepFailure when the program fails; what was mounted is gone in any case. */
export async function runExec(context: BuilderContext, request: ExecRequest): Promise<void> {
  const { op, workspace, signal } = request;
  checkRunnable(op.platform, op.command);
  const rootfs = workspace.mount();
  await using stack = new AsyncDisposableStack();
  const network = op.network === 'default' ? request.network : op.network;
  const prepared = new Prepared(context, request, stack);
  for (const [index, one] of op.mounts.entries()) await prepared.add(index, one);
  prepared.scripts();
  const stubs = missingPaths(rootfs, [
    '/proc',
    '/sys',
    '/dev',
    '/etc/resolv.conf',
    '/etc/hosts',
    ...prepared.mounts.map(({ target }) => target),
    op.cwd,
  ]);
  const spec = specOf(
    context,
    request,
    rootfs,
    prepared,
    await networkOf(context, workspace.id, network, request, stack),
  );
  const cgroup = posix.join('/', request.limits.cgroupParent || context.cgroupParent, workspace.id);
  stack.defer(() => context.runtime.clean(workspace.id, cgroup, context.ociRuntime));
  if (prepared.mounts.length > 0) context.ociRuntime.beforeBinds?.();
  const failed = await runProgram(context, request, spec, cgroup);
  if (signal.aborted) throw cancelled('context canceled');
  if (failed) {
    await request.onFailure?.(
      {
        command: op.command,
        reason: failed.message,
        async shell(terminal) {
          const { runShell } = await import('./shell.ts');
          await runShell(context, { id: workspace.id, spec, op, cgroup, terminal, signal });
        },
      },
      signal,
    );
    if (request.keepsFiles) {
      await workspace.unmount();
      removeStubs(workspace.upper, stubs, prepared.kept);
    }
    throw failed;
  }
  await workspace.unmount();
  removeStubs(workspace.upper, stubs, prepared.kept);
}

/** Why it failed, undefined when it did not. */
async function runProgram(
  context: BuilderContext,
  { op, workspace, onOutput, isClassic, signal }: ExecRequest,
  spec: OciSpec,
  cgroup: string,
): Promise<StepFailure | undefined> {
  const { runtime, ociRuntime } = context;
  try {
    const code = await runtime.runStep({ id: workspace.id, spec, runtime: ociRuntime, onOutput, signal }, cgroup);
    return code === 0 ? undefined : new StepFailure(op.command, code);
  } catch (error) {
    if (!(error instanceof LaunchError)) throw error;
    const program = op.args[0] ?? '';
    const words = refusalWords({ runtime: ociRuntime.name, verb: 'create', program, text: error.message });
    if (isClassic) throw invalid(words, { cause: error });
    onOutput(2, Buffer.from(`${words}\n`));
    if (exitCodeOf(words) === 128) throw internal(words);
    // BuildKit knows one code for all that cannot start
    return new StepFailure(op.command, 1);
  }
}

function specOf(
  context: BuilderContext,
  request: ExecRequest,
  rootfs: string,
  prepared: Prepared,
  network: {
    readonly namespace: NamespaceSource;
    readonly hosts: string;
    readonly resolvConf: string;
    readonly mode: string;
    /** Of a container whose network is joined. */
    readonly hostname?: string;
  },
) {
  const { op, workspace, limits } = request;
  const hostname = network.hostname ?? op.hostname ?? HOSTNAME;
  const config = {
    ...decode(containerConfig, {}),
    // no HOSTNAME: it would get into what a step writes
    Env: ['HOSTNAME', ...op.env, ...op.hiddenEnv, ...prepared.env],
    Cmd: [...op.args],
    Entrypoint: null,
    WorkingDir: op.cwd,
    User: op.user,
    Hostname: hostname,
  };
  const host: HostConfig = {
    ...decode(hostConfig, {}),
    NetworkMode: network.mode,
    IpcMode: 'private',
    CgroupnsMode: context.host.cgroup === 'v2' ? 'private' : 'host',
    Privileged: op.insecure,
    ShmSize: limits.shmSize || 64 * 1024 * 1024,
    Memory: limits.memory ?? 0,
    MemorySwap: limits.memorySwap ?? 0,
    CpuShares: limits.cpuShares ?? 0,
    CpuPeriod: limits.cpuPeriod ?? 0,
    CpuQuota: limits.cpuQuota ?? 0,
    CpusetCpus: limits.cpusetCpus ?? '',
    CpusetMems: limits.cpusetMems ?? '',
    Ulimits: limits.ulimits ? [...limits.ulimits] : null,
  };
  const file = (name: string, text: string): string => {
    const path = join(workspace.own, name);
    writeFileSync(path, text, { mode: 0o644 });
    return path;
  };
  const { spec, warnings } = specFor({
    id: workspace.id,
    config,
    hostConfig: host,
    rootfs,
    user: userOf(request, rootfs),
    hostname,
    domainname: '',
    mounts: prepared.mounts,
    files: {
      // sudo and their like ask for the name of their host
      hosts: file(
        'hosts',
        network.hostname !== undefined
          ? network.hosts
          : network.hosts.replace('\tlocalhost\n', `\tlocalhost ${hostname}\n`),
      ),
      resolvConf: file('resolv.conf', network.resolvConf),
    },
    namespaces: {
      network: network.namespace,
      pid: 'new',
      ipc: 'new',
      uts: 'new',
      cgroup: context.host.cgroup === 'v2' ? 'new' : 'host',
    },
    cgroupPath: posix.join('/', limits.cgroupParent || context.cgroupParent, workspace.id),
    throttle: [],
    devices: [],
    host: context.host,
  });
  for (const warning of warnings) context.log.debug(`build step ${workspace.id}: ${warning}`);
  return spec;
}

function userOf({ op, isClassic }: ExecRequest, rootfs: string): ReturnType<typeof resolveUser> {
  try {
    return resolveUser(rootfs, op.user, []);
  } catch (error) {
    if (isClassic) throw error;
    throw invalid(`process ${JSON.stringify(op.command)} did not complete successfully: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

/** The step's network namespace, made before its process so that the runtime is called once only. */
async function networkOf(
  context: BuilderContext,
  id: string,
  network: string,
  request: ExecRequest,
  stack: AsyncDisposableStack,
): Promise<{ namespace: NamespaceSource; hosts: string; resolvConf: string; mode: string; hostname?: string }> {
  const extra = request.extraHosts;
  const other = /^container:(.*)$/.exec(network)?.[1];
  if (other !== undefined) {
    const { path, ...files } = context.networks.join(other);
    return { namespace: { path }, mode: network, ...files };
  }
  if (network === 'host') return { namespace: 'host', mode: 'host', ...context.networks.files(id, network, extra) };
  if (network === 'none') return { namespace: 'new', mode: 'none', ...context.networks.files(id, network, extra) };
  context.networks.reserve(id, network);
  stack.defer(() => context.networks.release(id));
  const fd = newNetworkNamespace();
  stack.defer(() => closeSync(fd));
  const path = `/proc/${process.pid}/fd/${fd}`;
  await context.networks.attach(id, path);
  return { namespace: { path }, mode: 'bridge', ...context.networks.files(id, network, extra) };
}

/** Mounts of a step, made ready in its directory and taken away with it. */
class Prepared {
  readonly mounts: ResolvedMount[] = [];
  readonly env: string[] = [];
  /** Where something is mounted that the image has a directory for afterwards. */
  readonly kept: string[] = [];
  readonly #context: BuilderContext;
  readonly #request: ExecRequest;
  readonly #stack: AsyncDisposableStack;
  #memory: string | undefined;
  #agents = 0;

  constructor(context: BuilderContext, request: ExecRequest, stack: AsyncDisposableStack) {
    this.#context = context;
    this.#request = request;
    this.#stack = stack;
  }

  async add(index: number, one: ExecMount): Promise<void> {
    switch (one.type) {
      case 'tmpfs':
        this.mounts.push({
          ...plain(one),
          type: 'tmpfs',
          source: 'tmpfs',
          // steps compile and run there
          options: ['exec', ...(one.size > 0 ? [`size=${one.size}`] : [])],
        });
        return;
      case 'bind':
        this.#bind(this.#under(this.#layersOf(index, one), one.source), one, one.readOnly);
        return;
      case 'volume':
        this.#push(this.#volume(index, one), one.target, false);
        this.kept.push(one.target);
        return;
      case 'cache':
        await this.#cache(one);
        return;
      case 'secret':
        await this.#secret(index, one);
        return;
      case 'ssh':
        await this.#ssh(one);
    }
  }

  /** Heredocs with an interpreter of their own. */
  scripts(): void {
    for (const [index, { path, content }] of this.#request.op.scripts.entries()) {
      const file = join(this.#folder(), `script-${index}`);
      writeFileSync(file, content, { mode: 0o755 });
      chmodSync(file, 0o755);
      this.#push(file, path, true);
    }
  }

  #push(source: string, target: string, readOnly: boolean): void {
    this.mounts.push({ type: 'bind', source, target, readOnly, propagation: 'rprivate', recursive: true, options: [] });
  }

  #bind(source: string, { target }: ExecMount, readOnly: boolean): void {
    this.#push(source, target, readOnly);
  }

  /** The mount's files as a tree of its own: what is written there is thrown away. */
  #layersOf(index: number, one: ExecMount): string {
    return this.#overlay(index, (one.input === undefined ? undefined : this.#request.inputs[one.input]) ?? []);
  }

  #overlay(index: number, layers: Readable): string {
    const { own } = this.#request.workspace;
    const [at, upper, work, empty] = ['m', 'u', 'w', 'e'].map((kind) => join(own, `${kind}${index}`)) as [
      string,
      string,
      string,
      string,
    ];
    for (const folder of [at, upper, work, empty]) mkdirSync(folder, { mode: 0o755 });
    const lowerDirs = layers.length > 0 ? layers : [empty];
    mountOverlay({ lowerDirs, upper, work, volatile: true }, at);
    this.#stack.defer(() => unmount(at));
    return at;
  }

  /** What the image has there, or an empty directory. */
  #volume(index: number, one: ExecMount): string {
    const { lowerDirs, own } = this.#request.workspace;
    if (isDirectoryIn(this.#request.workspace.merged, one.source) && lowerDirs.length > 0)
      return this.#under(this.#overlay(index, lowerDirs), one.source);
    const empty = join(own, `v${index}`);
    mkdirSync(empty, { mode: 0o755 });
    return empty;
  }

  /** A path in a tree as the host has it, without links: none of them leads out of the tree. */
  #under(root: string, path: string): string {
    let fd: number;
    try {
      fd = openInRoot(root, path, O_PATH);
    } catch (error) {
      if (isErrno(error, 'ENOENT', 'ENOTDIR')) throw invalid(`${JSON.stringify(path)}: not found`);
      throw error;
    }
    try {
      return readlinkSync(`/proc/self/fd/${fd}`);
    } finally {
      closeSync(fd);
    }
  }

  async #cache(one: ExecMount): Promise<void> {
    const owner = { uid: one.uid, gid: one.gid, mode: one.mode ?? 0o755 };
    // another owner or mode is another directory, so that nobody finds one that he cannot write
    const isUsual = owner.uid === 0 && owner.gid === 0 && owner.mode === 0o755;
    const base = [
      one.input === undefined ? '' : `${this.#request.inputIds[one.input] ?? ''}:${one.source}`,
      ...(isUsual ? [] : [`${owner.uid}:${owner.gid}:${owner.mode.toString(8)}`]),
    ].join('\0');
    const held = await this.#context.mounts.take(one.id, base, one.sharing, owner, this.#request.signal);
    this.#stack.use(held);
    if (held.isNew) {
      if (one.input !== undefined) {
        const { copyTree } = await import('./copy.ts');
        await copyTree(
          this.#request.workspace,
          this.#request.inputs[one.input] ?? [],
          one.source,
          held.directory,
          this.#request.signal,
        );
      }
      chmodSync(held.directory, owner.mode);
      chownSync(held.directory, owner.uid, owner.gid);
    }
    this.#bind(held.directory, one, one.readOnly);
  }

  /** Memory that is seen by this step alone; secrets never reach a disk. */
  #folder(): string {
    if (this.#memory !== undefined) return this.#memory;
    const at = join(this.#request.workspace.own, 'memory');
    mkdirSync(at, { mode: 0o700 });
    mount('tmpfs', at, 'tmpfs', MS.NOSUID | MS.NODEV, 'mode=700,size=16m');
    this.#stack.defer(() => unmount(at));
    this.#memory = at;
    return at;
  }

  async #secret(index: number, one: ExecMount): Promise<void> {
    const value = await this.#request.secrets?.secret(one.id, this.#request.signal);
    if (value === undefined) {
      if (one.required) throw invalid(`secret ${one.id}: not found`);
      if (one.env !== undefined) this.env.push(`${one.env}=`);
      return;
    }
    if (one.env !== undefined) this.env.push(`${one.env}=${Buffer.from(value).toString()}`);
    if (one.target === '') return;
    const file = join(this.#folder(), `secret-${index}`);
    writeFileSync(file, value, { mode: 0o600 });
    chmodSync(file, one.mode ?? 0o400);
    chownSync(file, one.uid, one.gid);
    this.#push(file, one.target, true);
  }

  async #ssh(one: ExecMount): Promise<void> {
    const agent = await this.#request.ssh?.agent(one.id, this.#request.signal);
    if (!agent) {
      if (one.required) throw invalid(`unset ssh forward key ${one.id}`);
      return;
    }
    this.#stack.use(agent);
    chownSync(agent.socket, one.uid, one.gid);
    chmodSync(agent.socket, one.mode ?? 0o600);
    const target = one.target || `/run/buildkit/ssh_agent.${this.#agents}`;
    this.#agents += 1;
    this.#push(agent.socket, target, false);
    this.env.push(`SSH_AUTH_SOCK=${target}`);
  }
}

function plain({ target, readOnly }: ExecMount): Omit<ResolvedMount, 'type' | 'source' | 'options'> {
  return { target, readOnly, propagation: 'rprivate', recursive: true };
}
