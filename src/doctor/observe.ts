// Looks at the host for the doctor: reads /proc and /sys, and tries what only a trial tells. Leaves nothing behind.
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statfsSync, statSync } from 'node:fs';
import { release, tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { messageOf } from '../base/errors.ts';
import { observeAbilities } from '../host/abilities.ts';
import { controllersOf, groupDirectories, observeCgroups, removeGroup } from '../host/cgroup.ts';
import { findProgram } from '../host/find.ts';
import { identify, RuntimeView, tryRuntime } from '../runtime/index.ts';
import { KNOWN_CAPABILITIES } from '../runtime/spec/index.ts';
import type { Facts, RuntimeFact, Trial } from './facts.ts';

const run = promisify(execFile);

/** Everything at once; takes a tenth of a second. `dataRoot` need not exist. */
export async function observe(dataRoot: string): Promise<Facts> {
  const uid = process.geteuid?.() ?? -1;
  const root = uid === 0;
  const folder = existing(resolve(dataRoot));
  const abilities = observeAbilities(KNOWN_CAPABILITIES);
  const [links, nftables, runtimes, conmon] = await Promise.all([
    tryLinks(root),
    observeNftables(root),
    Promise.all(['runc', 'crun'].map((name) => observeRuntime(name, root))),
    versionOf('conmon', /version (\S+)/),
  ]);
  const space = statfsSync(folder);
  return {
    platform: process.platform,
    arch: process.arch,
    node: process.version,
    uid,
    kernel: release(),
    namespaces: readdirSync('/proc/self/ns'),
    maxUserNamespaces: numberIn('/proc/sys/user/max_user_namespaces'),
    filesystems: (text('/proc/filesystems') ?? '').split('\n').map((line) => line.replace(/^nodev/, '').trim()),
    overlay: root ? await tryOverlay(folder) : NEEDS_ROOT,
    cgroup: { layout: abilities.cgroup, controllers: controllers() },
    capabilities: abilities.capabilities,
    seccomp: abilities.seccomp,
    apparmor: { enabled: abilities.apparmor, parser: findProgram('apparmor_parser') !== undefined },
    openFiles: abilities.hardLimits['NOFILE'] ?? Number.POSITIVE_INFINITY,
    nftables,
    links,
    ipv6: ipv6(),
    ipForward: numberIn('/proc/sys/net/ipv4/ip_forward') === 1,
    uplink: uplink(text('/proc/net/route') ?? ''),
    runtimes,
    conmon,
    programs: { ps: findProgram('ps') !== undefined, mmdebstrap: findProgram('mmdebstrap') !== undefined },
    disk: { path: folder, freeBytes: space.bavail * space.bsize, freeInodes: space.ffree },
    now: Date.now(),
    built: statSync(new URL(import.meta.url)).mtimeMs,
  };
}

const NEEDS_ROOT: Trial = { result: 'not tried', why: 'needs root' };

async function tried(work: () => Promise<unknown>): Promise<Trial> {
  try {
    await work();
    return { result: 'works' };
  } catch (error) {
    return { result: 'fails', why: lastWords(error) };
  }
}

/** The last line that a program said on stderr, or the message of any other failure. */
function lastWords(error: unknown): string {
  const said =
    error instanceof Error && 'stderr' in error && typeof error.stderr === 'string' ? error.stderr.trim() : '';
  const last = said.split('\n').at(-1) || messageOf(error);
  // runc writes its errors as lines of a log.
  return /level=error msg="(.*)"$/.exec(last)?.[1] ?? last;
}

function text(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

function numberIn(path: string): number | undefined {
  const found = text(path);
  return found === undefined ? undefined : Number(found);
}

/** The folder itself, or the nearest above it that exists: the same disk. */
function existing(folder: string): string {
  return existsSync(folder) ? folder : existing(dirname(folder));
}

/** Without the trees that only name groups (`name=systemd`). */
function controllers(): string[] {
  return controllersOf(observeCgroups())
    .filter((name) => !name.startsWith('name='))
    .sort();
}

/** An overlay of three empty folders, where containers would have theirs. */
async function tryOverlay(folder: string): Promise<Trial> {
  return tried(async () => {
    // koffi is loaded here, so that a host on which it does not load still gets its other findings.
    const { mount, unmountSync } = await import('../host/mount.ts');
    const place = mkdtempSync(join(folder, '.berth-doctor-'));
    try {
      for (const name of ['lower', 'upper', 'work', 'merged']) mkdirSync(join(place, name));
      const [lower, upper, work, merged] = ['lower', 'upper', 'work', 'merged'].map((name) => join(place, name));
      mount('overlay', merged ?? '', 'overlay', 0, `lowerdir=${lower},upperdir=${upper},workdir=${work}`);
      unmountSync(merged ?? '');
    } finally {
      rmSync(place, { recursive: true, force: true });
    }
  });
}

/** In a network namespace that ends with the program, so that no link is left. */
async function tryLinks(root: boolean): Promise<Facts['links']> {
  const lacks = !root ? NEEDS_ROOT : TOOLS.find((name) => findProgram(name) === undefined);
  const attempt = async (...link: string[]): Promise<Trial> => {
    if (typeof lacks === 'string') return { result: 'not tried', why: `${lacks} is not installed` };
    if (lacks !== undefined) return lacks;
    return tried(() =>
      run(findProgram('unshare') ?? '', ['--net', findProgram('ip') ?? '', 'link', 'add', 'berth0', ...link]),
    );
  };
  const [veth, bridge, vxlan] = await Promise.all([
    attempt('type', 'veth', 'peer', 'name', 'berth1'),
    attempt('type', 'bridge'),
    attempt('type', 'vxlan', 'id', '42', 'dstport', '4789'),
  ]);
  return { veth, bridge, vxlan };
}

const TOOLS = ['unshare', 'ip'];

async function observeNftables(root: boolean): Promise<Facts['nftables']> {
  const nft = findProgram('nft');
  if (nft === undefined) return { version: undefined, trial: { result: 'not tried', why: 'not installed' } };
  const version = await versionOf('nft', /v?(\d\S*)/);
  const unshare = findProgram('unshare');
  if (!root || unshare === undefined) return { version, trial: NEEDS_ROOT };
  const rules =
    'add table inet berth; add chain inet berth out { type nat hook postrouting priority 100; }; add rule inet berth out masquerade';
  return { version, trial: await tried(() => run(unshare, ['--net', nft, rules])) };
}

async function observeRuntime(name: string, root: boolean): Promise<RuntimeFact> {
  const path = findProgram(name);
  const at = { name, path, version: '', inView: false };
  if (path === undefined) return { ...at, trial: { result: 'not tried', why: 'not installed' } };
  const runtime = await identify(name, path);
  if (!runtime) return { ...at, trial: { result: 'fails', why: 'cannot be run' } };
  const { version } = runtime;
  if (!root) return { ...at, version, trial: NEEDS_ROOT };
  const folder = mkdtempSync(join(tmpdir(), 'berth-doctor-'));
  const group = `berth-doctor-${process.pid}-${name}`;
  const trees = observeCgroups();
  const trialOf = (one: typeof runtime): Promise<Trial> => tried(() => tryRuntime(one, join(folder, 'trial'), group));
  try {
    const plain = await trialOf(runtime);
    const v2Tree = trees.roots.get('');
    if (plain.result === 'works' || name !== 'crun' || trees.layout !== 'hybrid' || v2Tree === undefined) {
      return { ...at, version, trial: plain };
    }
    // The daemon's second try: crun without a sight of the v2 tree.
    using view = new RuntimeView({ execRoot: folder, shared: [join(folder, 'containers')], v2Tree });
    const inView = (await trialOf(view.of(runtime))).result === 'works';
    return { ...at, version, inView, trial: inView ? { result: 'works' } : plain };
  } catch (error) {
    return { ...at, version, trial: { result: 'fails', why: messageOf(error) } };
  } finally {
    rmSync(folder, { recursive: true, force: true });
    if (groupDirectories(trees, group).some((directory) => existsSync(directory))) removeGroup(trees, group);
  }
}

async function versionOf(name: string, pattern: RegExp): Promise<string | undefined> {
  const path = findProgram(name);
  if (path === undefined) return undefined;
  try {
    const { stdout } = await run(path, ['--version']);
    return pattern.exec(stdout)?.[1] ?? 'of unknown version';
  } catch {
    return undefined;
  }
}

function ipv6(): Facts['ipv6'] {
  if (!existsSync('/proc/net/if_inet6')) return 'absent';
  return numberIn('/proc/sys/net/ipv6/conf/all/disable_ipv6') === 1 ? 'off' : 'on';
}

/** The interface of the IPv4 route to everywhere, out of the text of /proc/net/route. */
function uplink(routes: string): Facts['uplink'] {
  const name = routes
    .split('\n')
    .map((line) => line.split('\t'))
    .find(([, destination, , , , , , mask]) => destination === '00000000' && mask === '00000000')?.[0];
  if (name === undefined) return undefined;
  return { name, mtu: numberIn(`/sys/class/net/${name}/mtu`) ?? 0 };
}
