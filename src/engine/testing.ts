// An engine whose processes, mounts, images, volumes and networks are in memory: its verbs are tested by what they do to them.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { conflict, notFound } from '../base/errors.ts';
import type { Digest } from '../base/ids.ts';
import { silentLog } from '../base/log.ts';
import { PLAIN_HOST } from '../runtime/spec/testing.ts';
import { FAKE_OCI, FakeRuntime } from '../runtime/testing.ts';
import type { ContainerCreateBody } from '../spec/docker/index.ts';
import { openRecords } from '../store/records/index.ts';
import type { ImageSource, NetworkSource, RootMounts, VolumeSource } from './container/ports.ts';
import { specOf } from './create/index.ts';
import { type Engine, openContainers, openEngine } from './index.ts';

/** Root file systems that are only noted; the directory stays as it is. */
export class FakeMounts implements RootMounts {
  readonly mounted = new Set<string>();

  overlay(_parts: unknown, target: string): void {
    this.mounted.add(target);
  }

  unmount(target: string): Promise<void> {
    this.mounted.delete(target);
    return Promise.resolve();
  }
}

/** One image, `busybox`, of one layer. */
class FakeImages implements ImageSource {
  readonly #layer: string;
  config: object = {};

  constructor(layer: string) {
    this.#layer = layer;
  }

  sweep(): void {}
  released(): void {}

  forContainer(reference: string): ReturnType<ImageSource['forContainer']> {
    if (reference !== 'busybox') throw notFound(`No such image: ${reference}:latest`);
    const id: Digest = `sha256:${'a'.repeat(64)}`;
    return { id, config: this.config, os: 'linux', architecture: 'amd64', lowerDirs: [this.#layer] };
  }

  changedConfig(config: object): object {
    return config;
  }

  commit(): Promise<{ id: Digest }> {
    return Promise.reject(new Error('nothing is committed here'));
  }
}

/** Volumes as directories, and who has them. */
export class FakeVolumes implements VolumeSource {
  readonly users = new Map<string, Set<string>>();
  /** Names of those that nobody can have. */
  readonly broken = new Set<string>();
  readonly #root: string;
  #made = 0;

  constructor(root: string) {
    this.#root = root;
  }

  ensure({
    name,
    driver,
  }: {
    name: string;
    driver: string;
  }): Promise<{ name: string; driver: string; mountpoint: string }> {
    this.#made += 1;
    const own = name === '' ? `anonymous-${this.#made}` : name;
    const mountpoint = join(this.#root, own);
    mkdirSync(mountpoint, { recursive: true });
    if (!this.users.has(own)) this.users.set(own, new Set());
    return Promise.resolve({ name: own, driver: driver === '' ? 'local' : driver, mountpoint });
  }

  acquire(name: string, containerId: string): Promise<string> {
    if (this.broken.has(name)) return Promise.reject(conflict(`volume ${name} is on a server that does not answer`));
    if (!this.users.has(name)) return Promise.reject(notFound(`get ${name}: no such volume`));
    this.restore(name, containerId);
    return Promise.resolve(join(this.#root, name));
  }

  restore(name: string, containerId: string): void {
    this.users.get(name)?.add(containerId);
  }

  release(name: string, containerId: string): Promise<void> {
    this.users.get(name)?.delete(containerId);
    return Promise.resolve();
  }

  copyUp(): Promise<void> {
    return Promise.resolve();
  }

  removeUnused(name: string): Promise<void> {
    if (this.users.get(name)?.size === 0) {
      this.users.delete(name);
      rmSync(join(this.#root, name), { recursive: true });
    }
    return Promise.resolve();
  }
}

/** The default network with its addresses, and ports of the host that are taken. */
export class FakeNetworks implements NetworkSource {
  readonly forwards = true;
  /** Who has which ports of the host. */
  readonly ports = new Map<string, string>();
  readonly running = new Map<string, number>();
  readonly reserved = new Set<string>();
  /** The next interface cannot be made. */
  fails: string | undefined;

  get(reference: string): ReturnType<NetworkSource['get']> {
    const found = this.find(reference);
    if (!found) throw notFound(`network ${reference} not found`);
    return found;
  }

  find(reference: string): ReturnType<NetworkSource['find']> {
    return reference === 'bridge'
      ? { id: 'b'.repeat(64), name: 'bridge', driver: 'bridge', configOnly: false }
      : undefined;
  }

  givenSubnets(): undefined {}

  hostGateways(): readonly string[] {
    return ['172.17.0.1'];
  }

  prepare(): Promise<void> {
    return Promise.resolve();
  }

  reserve({ id, endpoints, bindings }: Parameters<NetworkSource['reserve']>[0]): ReturnType<NetworkSource['reserve']> {
    const wanted = Object.values(bindings).flatMap((all) => (all ?? []).map(({ HostPort }) => HostPort));
    for (const port of wanted)
      if (this.ports.has(port)) throw conflict(`Bind for 0.0.0.0:${port} failed: port is already allocated`);
    for (const port of wanted) this.ports.set(port, id);
    this.reserved.add(id);
    return {
      endpoints: { ...endpoints },
      ports: Object.fromEntries(Object.entries(bindings).map(([port, all]) => [port, all && [...all]])),
    };
  }

  files(): ReturnType<NetworkSource['files']> {
    return { hosts: [], ownResolver: false };
  }

  place(): undefined {}

  attach(): Promise<void> {
    const words = this.fails;
    this.fails = undefined;
    return words === undefined ? Promise.resolve() : Promise.reject(new Error(words));
  }

  processStarted(id: string, pid: number): void {
    this.running.set(id, pid);
  }

  release(id: string): Promise<void> {
    this.running.delete(id);
    this.reserved.delete(id);
    for (const [port, owner] of this.ports) if (owner === id) this.ports.delete(port);
    return Promise.resolve();
  }

  restore({ id }: { id: string }, _ports: unknown, pid: number): void {
    this.reserved.add(id);
    this.running.set(id, pid);
  }

  settle(): Promise<void> {
    return Promise.resolve();
  }

  renamed(): void {}

  transfer(): never {
    throw new Error('nothing is handed over here');
  }

  isOn(id: string): boolean {
    return this.running.has(id);
  }

  connect(): Promise<never> {
    return Promise.reject(new Error('there is one network here'));
  }

  disconnect(): Promise<never> {
    return Promise.reject(new Error('there is one network here'));
  }
}

export interface EngineBench {
  readonly engine: Engine;
  readonly runtime: FakeRuntime;
  readonly mounts: FakeMounts;
  readonly volumes: FakeVolumes;
  readonly networks: FakeNetworks;
  /** `action` of each event of a container, in order, with its exit code where it has one. */
  readonly events: string[];
  /** Makes a container of `busybox` that runs `args`, one of the programs of the fake runtime; answers its id. */
  create(args: readonly string[], body?: ContainerCreateBody, name?: string): Promise<string>;
  status(id: string): Promise<string>;
  /** Waits until it has that status. */
  becomes(id: string, status: string): Promise<void>;
  /** What a container holds beyond its directory: mounts, addresses, volumes, processes. */
  holds(): readonly string[];
  /** The daemon dies, as by SIGKILL, and another one takes back what it left. */
  crash(): Promise<void>;
}

export async function engineBench(t: TestContext): Promise<EngineBench> {
  const dir = mkdtempSync(join(tmpdir(), 'berth-engine-'));
  for (const folder of ['layer/etc', 'cgroup', 'volumes']) mkdirSync(join(dir, folder), { recursive: true });
  writeFileSync(join(dir, 'cgroup/cgroup.controllers'), 'cpu cpuset io memory pids');
  const records = openRecords(join(dir, 'berth.db'), silentLog);
  const runtime = new FakeRuntime({ layout: 'v2', roots: new Map([['', join(dir, 'cgroup')]]) });
  const mounts = new FakeMounts();
  const volumes = new FakeVolumes(join(dir, 'volumes'));
  const networks = new FakeNetworks();
  const events: string[] = [];
  const open = async (): Promise<Engine> => {
    const engine = openEngine({
      dataRoot: dir,
      registry: openContainers(records),
      runtime,
      runtimes: new Map([['fake', FAKE_OCI]]),
      defaultRuntime: 'fake',
      mounts,
      images: new FakeImages(join(dir, 'layer')),
      imageNames: { shownName: (written) => written, descendants: () => new Set() },
      volumes,
      networks,
      events: ({ action, attributes }) =>
        void events.push('exitCode' in attributes ? `${action} ${attributes['exitCode']}` : action),
      followers: () => 0,
      log: silentLog,
      host: { ...PLAIN_HOST, cgroup: 'v2' },
      boot: 'this boot',
      hostname: 'thishost',
      initPath: undefined,
      defaults: { logDriver: 'json-file', logOptions: {}, shmSize: 64 * 1024 * 1024, ipcMode: 'private' },
      atStart: { ulimits: [], init: false, noNewPrivileges: false, seccomp: 'builtin' },
      dns: { servers: [], options: [], search: [] },
      cgroupParent: 'berth/test',
    });
    await (await engine.adopt())();
    return engine;
  };
  let engine = await open();
  t.after(async () => {
    await engine.close(false);
    records[Symbol.dispose]();
    rmSync(dir, { recursive: true, force: true });
  });
  const status = async (id: string): Promise<string> => (await engine.inspect(id, false)).State.Status;
  return {
    get engine() {
      return engine;
    },
    runtime,
    mounts,
    volumes,
    networks,
    events,
    create: async (args, body = {}, name) => {
      const spec = specOf({ Image: 'busybox', Cmd: [...args], ...body });
      return (await engine.create({ name, platform: undefined, spec })).Id;
    },
    status,
    becomes: async (id, wanted) => {
      for (const end = Date.now() + 5000; (await status(id)) !== wanted; await delay(2))
        if (Date.now() > end) throw new Error(`it is ${await status(id)}, not ${wanted}`);
    },
    holds: () => [
      ...[...mounts.mounted].map((target) => `mount ${target}`),
      ...[...networks.reserved].map((id) => `address of ${id}`),
      ...[...networks.ports.keys()].map((port) => `port ${port}`),
      ...[...volumes.users].flatMap(([name, users]) => (users.size > 0 ? [`volume ${name}`] : [])),
      ...(runtime.size > 0 ? [`${runtime.size} containers of the runtime`] : []),
    ],
    crash: async () => {
      await engine.close(false);
      engine = await open();
    },
  };
}
