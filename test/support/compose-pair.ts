// The same compose command lines by docker compose and by Berth's own, one after the other in the same folder, and what is left of each.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { execute, type TestDaemon } from './daemon.ts';

export type Tool = 'docker' | 'berth';

/** A folder with files, and command lines in it. A line that begins with `$ ` is the shell's, where `berth` is this daemon's client. */
export interface Scenario {
  readonly name: string;
  readonly files: Readonly<Record<string, string>>;
  readonly lines: string;
  /** the words that bring it up: containers of one tool are to stay as they are under the other */
  readonly takesOver?: string;
}

/** A line that goes on longer is ended, in seconds. */
const PATIENCE = '20';

/** A service that does nothing and ends at once. */
export const IDLE = 'image: busybox, command: sleep 1000, stop_grace_period: 0s';

export interface Seen {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  /** containers, networks and volumes of the project behind the line */
  readonly state: unknown;
}

const PLACES = [
  join(import.meta.dirname, '../../.berth/clients', 'root', 'usr/libexec/docker/cli-plugins/docker-compose'),
  '/usr/libexec/docker/cli-plugins/docker-compose',
  '/usr/local/lib/docker/cli-plugins/docker-compose',
  '/usr/lib/docker/cli-plugins/docker-compose',
];

let found: string | undefined;

/** docker compose of the kind that Berth is measured with; `npm run clients` fetches one. It is looked for until there is one. */
function plugin(): string | undefined {
  found ??= PLACES.find((place) => existsSync(place) && / v?2\.4\d/.test(String(spawnSync(place, ['version']).stdout)));
  return found;
}

/** A quarter of an hour: not part of every run. */
export function composeMissing(): string | false {
  if (process.env['SAME_COMPOSE'] !== 'all') return 'SAME_COMPOSE=all compares it';
  return plugin() === undefined ? 'docker compose 2.40 is not on this machine; npm run clients fetches it' : false;
}

/** The scenario's files, in a fresh folder. */
function unfold(daemon: TestDaemon, scenario: Scenario): string {
  const folder = join(daemon.folder, 'pairs', scenario.name);
  rmSync(folder, { recursive: true, force: true });
  for (const [name, text] of Object.entries(scenario.files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  return folder;
}

/** Runs every line of a scenario by one tool, in a fresh folder, and takes away what is left. */
export async function play(daemon: TestDaemon, tool: Tool, scenario: Scenario): Promise<Seen[]> {
  const folder = unfold(daemon, scenario);
  const run = runner(daemon, tool, folder);
  const seen: Seen[] = [];
  try {
    for (const line of linesOf(scenario)) {
      const { code, stdout, stderr } = await run(line);
      const isLoose = line.startsWith('~');
      seen.push({
        code,
        stdout: normal(isLoose ? sorted(stdout) : stdout, folder),
        stderr: sorted(normal(stderr, folder)),
        state: await stateOf(daemon, folder),
      });
    }
  } finally {
    await clear(daemon);
  }
  return seen;
}

/** Brought up by one, then by the other: ids and states of all containers after each. */
export async function handOver(daemon: TestDaemon, first: Tool, second: Tool, scenario: Scenario): Promise<string[]> {
  const folder = unfold(daemon, scenario);
  const ids = async (): Promise<string> => {
    const list = await json<{ Id: string; Names: string[]; State: string }[]>(daemon, '/containers/json?all=1');
    return list
      .map(({ Id, Names, State }) => `${Names[0]} ${State} ${Id}`)
      .sort()
      .join('\n');
  };
  try {
    const seen: string[] = [];
    for (const tool of [first, second]) {
      const { code, stderr } = await runner(daemon, tool, folder)(scenario.takesOver ?? 'up -d');
      if (code !== 0) throw new Error(`${tool}: ${stderr}`);
      seen.push(await ids());
    }
    return seen;
  } finally {
    await clear(daemon);
  }
}

export function linesOf(scenario: Scenario): string[] {
  return scenario.lines.split('\n').filter((line) => line !== '');
}

/** `~ ` before a line: its output comes in any order. */
function runner(
  daemon: TestDaemon,
  tool: Tool,
  folder: string,
): (line: string) => Promise<{ code: number; stdout: string; stderr: string }> {
  const berth = daemon.command('berth', []);
  const quoted = (parts: readonly string[]): string => parts.map((part) => `'${part}'`).join(' ');
  const client = quoted([berth.file, ...berth.args]);
  const compose = tool === 'berth' ? `${client} compose` : quoted([plugin() ?? '', 'compose']);
  const env = {
    ...berth.env,
    DOCKER_HOST: daemon.host,
    BERTH_HOST: daemon.host,
    HOME: folder,
    // the words after which docker looks whether its plugin was called by it
    DOCKER_CLI_PLUGIN_ORIGINAL_CLI_COMMAND: 'docker',
  };
  const preamble = `cd '${folder}'; compose() { ${compose} "$@"; }; berth() { ${client} "$@"; }; `;
  return (line) => {
    const text = line.replace(/^~ /, '');
    const command = preamble + (text.startsWith('$ ') ? text.slice(2) : `compose ${text}`);
    return execute('timeout', ['-k', '1', PATIENCE, 'bash', '-c', command], { env });
  };
}

/** What differs between any two runs. */
function normal(text: string, folder: string): string {
  return text
    .replaceAll(folder, '<folder>')
    .replace(/\b(sha256:)?[0-9a-f]{64}\b/g, '<id>')
    .replace(/-run-[0-9a-f]{12}\b/g, '-run-<id>')
    .replace(/\b[0-9a-f]{12}\b/g, '<short>')
    .replace(/\d{4}-\d\d-\d\d[T ]\d\d:\d\d:[\d.]+(Z| [+-]\d{4} UTC|[+-]\d\d:\d\d)?/g, '<time>')
    .replace(/\b(Less than a second|About a minute|\d+ (seconds?|minutes?))( ago)?/g, '<age>')
    .replace(/\b(172|192|10)\.\d+\.\d+\.\d+/g, '<address>')
    .replace(/ {2,}/g, '  ')
    .replace(/^─+$/gm, '')
    .replace(/(?<=127\.0\.0\.1:|0\.0\.0\.0:|\[::\]:|"PublishedPort":|[ :])(3[2-9]|[45]\d)\d{3}\b(?!:)/g, '<port>')
    .replace(/^(\S+ {2}\d+ {2}root) .*?\?/gm, '$1 <process>')
    .replace(/,[0-9a-f]{14}…/g, ',<id>…')
    .replace(/"Labels":"([^"]*)"/g, (_, all: string) => `"Labels":"${all.split(',').sort().join(',')}"`)
    .replace(/\b(2\.\d+\.\d+)-\d+\b/g, '$1');
}

/** An empty list or object is as none: both tools say it in their own way. */
const dense = (_: string, value: unknown): unknown =>
  value === null || (typeof value === 'object' && Object.keys(value).length === 0) ? undefined : value;

const sorted = (text: string): string =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .sort()
    .join('\n');

const HASH = 'com.docker.compose.config-hash';
const OWN_LABELS = ['com.docker.compose.version', 'com.docker.compose.replace'];

/** What an engine was asked for, of everything that the daemon has. */
async function stateOf(daemon: TestDaemon, folder: string): Promise<unknown> {
  const list = await json<{ Id: string }[]>(daemon, '/containers/json?all=1');
  const inspected = await Promise.all(list.map(({ Id }) => json<Partial<Inspected>>(daemon, `/containers/${Id}/json`)));
  const containers = inspected.filter((one): one is Inspected => one.State !== undefined);
  const networks = await json<Named[]>(daemon, '/networks');
  const { Volumes: volumes } = await json<{ Volumes: Named[] }>(daemon, '/volumes');
  const state = {
    containers: containers.map(shape).sort(byName),
    networks: networks
      .filter(({ Name }) => !['bridge', 'host', 'none'].includes(Name))
      .map(({ Name, Labels, Driver, Internal, Attachable, EnableIPv6, Options }) => {
        return { Name, Labels: labels(Labels), Driver, Internal, Attachable, EnableIPv6, Options };
      })
      .sort(byName),
    volumes: volumes
      .map(({ Name, Labels, Driver, Options }) => ({ Name, Labels: labels(Labels), Driver, Options }))
      .sort(byName),
  };
  return JSON.parse(normal(JSON.stringify(state, dense), folder));
}

interface Named {
  readonly Name: string;
  readonly Labels?: Record<string, string> | null;
  readonly [key: string]: unknown;
}

interface Inspected {
  readonly Name: string;
  readonly Image: string;
  readonly Config: { readonly Labels?: Record<string, string>; readonly Hostname?: string; readonly Env?: string[] };
  readonly HostConfig: { readonly Binds?: readonly string[] | null; readonly Ulimits?: readonly object[] | null };
  readonly Mounts: readonly { readonly Type: string; readonly Source?: string; readonly Destination: string }[];
  readonly NetworkSettings: { readonly Networks: Record<string, { Aliases?: string[] | null; GwPriority?: number }> };
  readonly State: { readonly Status: string; readonly ExitCode: number };
}

function shape(one: Inspected): Named {
  return {
    Name: one.Name,
    Image: one.Image,
    State: [one.State.Status, one.State.ExitCode],
    Config: { ...one.Config, Labels: labels(one.Config.Labels), Env: [...(one.Config.Env ?? [])].sort() },
    HostConfig: {
      ...one.HostConfig,
      Binds: one.HostConfig.Binds?.toSorted(),
      Ulimits: one.HostConfig.Ulimits?.map((limit) => JSON.stringify(limit)).sort(),
    },
    Mounts: one.Mounts.map(({ Type, Destination }) => `${Type} ${Destination}`).sort(),
    Networks: Object.entries(one.NetworkSettings.Networks)
      .map(([name, { Aliases, GwPriority }]) => `${name} ${[...(Aliases ?? [])].sort().join(',')} ${GwPriority}`)
      .sort(),
  };
}

const byName = (a: { Name: string }, b: { Name: string }): number => (a.Name < b.Name ? -1 : 1);

function labels(all: Record<string, string> | null | undefined): Record<string, string> {
  return Object.fromEntries(
    Object.entries(all ?? {})
      .filter(([key]) => !OWN_LABELS.includes(key))
      // sums are the same for both, unlike ids; nothing is compared with that of what runs once
      .filter(([key]) => key !== HASH || all?.['com.docker.compose.oneoff'] !== 'True')
      .map(([key, value]) => [key, key === HASH ? value.slice(0, 20) : value] as const)
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}

async function json<T>(daemon: TestDaemon, path: string): Promise<T> {
  return JSON.parse((await daemon.get(`/v1.51${path}`)).body) as T;
}

/** Nothing of a scenario is there for the next. */
async function clear(daemon: TestDaemon): Promise<void> {
  for (const { Id } of await json<{ Id: string }[]>(daemon, '/containers/json?all=1'))
    await daemon.call('DELETE', `/containers/${Id}?force=1&v=1`);
  for (const { Name } of await json<Named[]>(daemon, '/networks'))
    if (!['bridge', 'host', 'none'].includes(Name)) await daemon.call('DELETE', `/networks/${Name}`);
  for (const { Name } of (await json<{ Volumes: Named[] }>(daemon, '/volumes')).Volumes)
    await daemon.call('DELETE', `/volumes/${Name}?force=1`);
}
