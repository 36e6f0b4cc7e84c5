// A client and a daemon that means ill: what the daemon says is shown on the terminal, and commands nothing there.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { execFile } from 'node:child_process';
import { createServer, type Server } from 'node:http';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { promisify } from 'node:util';
import { Terminal } from '../support/pty.ts';

const BERTH = join(import.meta.dirname, '../../src/bin/berth.ts');
/** A new title, a cleared screen, a question that the terminal answers by typing, a line written over. */
const EVIL = '\x1b]0;pwned\x07\x1b[2J\x1b[6n\x9b6n\x7f\roverwritten';
const SHOWN = '\\u001b]0;pwned\\u0007\\u001b[2J';
const ID = 'a'.repeat(64);
const LABELS = {
  [EVIL]: EVIL,
  'com.docker.compose.project': 'p',
  'com.docker.compose.service': 's',
  'com.docker.compose.container-number': '1',
  'com.docker.compose.oneoff': 'False',
  'com.docker.compose.config-hash': 'x',
  'com.docker.compose.project.config_files': EVIL,
  'com.docker.compose.project.working_dir': EVIL,
};
const CONTAINER = {
  Id: ID,
  Names: [`/${EVIL}`],
  Image: EVIL,
  ImageID: EVIL,
  Command: EVIL,
  Created: 1,
  Ports: [{ IP: EVIL, PrivatePort: 1, PublicPort: 2, Type: EVIL }],
  Labels: LABELS,
  State: 'running',
  Status: EVIL,
  Mounts: [],
  HostConfig: { NetworkMode: EVIL },
  NetworkSettings: { Networks: {} },
};
const NETWORK = { Id: ID, Name: EVIL, Driver: EVIL, Scope: EVIL, Labels: {}, Created: '2026-01-01T00:00:00Z' };
/** All but the first two are signs or words of a shell. */
const NAMES = ['web', 'a/b:1.2', '$(touch /tmp/x)', '`id`', 'a;b', 'a b', "a'b", '\x1b[31mred', 'a\nb', '~x', '-x'];
const VOLUME = { Name: EVIL, Driver: EVIL, Mountpoint: EVIL, Labels: { a: EVIL }, Options: {}, Scope: 'local' };

const lines = (...all: object[]): string => all.map((one) => `${JSON.stringify(one)}\n`).join('');

/** By the end of the path; anything else is an error with a text. */
const ANSWERS: Readonly<Record<string, unknown>> = {
  '/_ping': 'OK',
  '/version': {
    Version: EVIL,
    ApiVersion: '1.51',
    MinAPIVersion: '1.24',
    Os: EVIL,
    Arch: EVIL,
    GitCommit: EVIL,
    Platform: { Name: EVIL },
    Components: [{ Name: EVIL, Version: EVIL, Details: { [EVIL]: EVIL } }],
  },
  '/info': {
    Name: EVIL,
    ServerVersion: EVIL,
    OperatingSystem: EVIL,
    Warnings: [EVIL],
    MemTotal: 1,
    NCPU: 1,
    Swarm: { LocalNodeState: EVIL },
    Labels: [EVIL],
    DriverStatus: [[EVIL, EVIL]],
    Plugins: { Volume: [EVIL], Network: [EVIL], Log: [EVIL] },
  },
  '/containers/json': [CONTAINER],
  '/images/json': [
    { Id: `sha256:${ID}`, RepoTags: [`${EVIL}:a`], RepoDigests: [], Created: 1, Size: 1, Labels: {}, Containers: 0 },
  ],
  '/history': [{ Id: ID, Created: 1, CreatedBy: EVIL, Tags: [], Size: 1, Comment: EVIL }],
  '/networks': [NETWORK, ...NAMES.map((Name) => ({ ...NETWORK, Name, Driver: 'bridge' }))],
  '/volumes': { Volumes: [VOLUME], Warnings: [EVIL] },
  '/top': { Titles: [EVIL], Processes: [[EVIL]] },
  '/changes': [{ Kind: 1, Path: EVIL }],
  '/images/create': lines({ status: EVIL, id: EVIL, progressDetail: {} }, { status: EVIL }, { error: EVIL }),
  '/push': lines({ status: EVIL, id: EVIL, progressDetail: { current: 1, total: 2, units: EVIL } }, { error: EVIL }),
  '/images/search': [{ name: EVIL, description: EVIL, star_count: 1, is_official: false }],
  '/events': lines({
    Type: EVIL,
    Action: EVIL,
    Actor: { ID: EVIL, Attributes: { [EVIL]: EVIL } },
    time: 1,
    timeNano: 1,
  }),
  '/containers/prune': { ContainersDeleted: [EVIL], SpaceReclaimed: 1 },
  '/prune': { ImagesDeleted: [{ Untagged: EVIL }], VolumesDeleted: [EVIL], NetworksDeleted: [EVIL], SpaceReclaimed: 1 },
  '/system/df': {
    LayersSize: 1,
    Images: [{ Id: ID, RepoTags: [EVIL], Size: 1, SharedSize: 1, Containers: 1, Created: 1 }],
    Containers: [{ ...CONTAINER, SizeRw: 1 }],
    Volumes: [{ ...VOLUME, UsageData: { Size: 1, RefCount: 1 } }],
    BuildCache: [{ ID: EVIL, Type: EVIL, Description: EVIL, Size: 1 }],
  },
  '/load': lines({ stream: `${EVIL}\n` }, { error: EVIL }),
  [`/containers/${ID}/json`]: { ...CONTAINER, Name: `/${EVIL}`, Config: { Env: [EVIL], Tty: false }, State: {} },
  [`/networks/n`]: NETWORK,
  [`/volumes/v`]: VOLUME,
};

let folder = '';
let server: Server;

before(async () => {
  folder = mkdtempSync('/tmp/berth-hostile-daemon-');
  writeFileSync(join(folder, 'image.tar'), 'x');
  server = createServer((request, response) => {
    request.resume();
    const path = (request.url ?? '').replace(/\?.*$/s, '').replace(/^\/v1\.\d+/, '');
    const found =
      Object.entries(ANSWERS).find(([end]) => path === end) ??
      Object.entries(ANSWERS).find(([end]) => path.endsWith(end));
    response.setHeader('Api-Version', '1.51');
    response.setHeader('Content-Type', 'application/json');
    if (!found) response.writeHead(500).end(JSON.stringify({ message: EVIL }));
    else response.end(typeof found[1] === 'string' ? found[1] : JSON.stringify(found[1]));
  });
  await new Promise<void>((resolve) => server.listen(join(folder, 'd.sock'), resolve));
});
after(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  rmSync(folder, { recursive: true });
});

async function shownOf(args: readonly string[]): Promise<string> {
  using screen = new Terminal(process.execPath, [BERTH, ...args], {
    env: { DOCKER_HOST: `unix://${folder}/d.sock`, HOME: folder, DOCKER_CONFIG: folder, NODE_NO_WARNINGS: '1' },
    size: [40, 2000],
  });
  await screen.ended;
  await screen.expect(/\n/).catch(() => undefined);
  return screen.shown;
}

async function piped(...args: string[]): Promise<string> {
  const env = { ...process.env, DOCKER_HOST: `unix://${folder}/d.sock`, HOME: folder, DOCKER_CONFIG: folder };
  const { stdout } = await promisify(execFile)(process.execPath, [BERTH, ...args], { env });
  return stdout;
}

/** What our own displays ask of a terminal: colours, lines up and down, lines and the rest of the screen cleared. */
// oxlint-disable-next-line no-control-regex
const OURS = /\x1b\[(?:[0-9;]*m|\d+[AB]|2K|K|J)|\r/g;

suite('a hostile daemon', () => {
  for (const line of [
    'ps',
    'ps --no-trunc --format {{.Names}}|{{.Labels}}',
    'ps --format json',
    `inspect ${ID}`,
    `inspect --format {{.Name}} ${ID}`,
    'network inspect n',
    'volume inspect v',
    'images',
    'history x',
    'network ls',
    'volume ls',
    'version',
    'info',
    'top x',
    'diff x',
    'events',
    'system df -v',
    'search x',
    'pull x',
    'push x',
    'logs x',
    'start x',
    'rm x',
    'rmi x',
    'run x',
    'port x',
    'stats --no-stream x',
    'volume prune -f',
    'network prune -f',
    'image prune -f',
    'container prune -f',
    'node ls',
    'service ls',
    'stack ls',
    'swarm init',
    'compose ls',
    'compose -p p ps',
    'compose -p p stop',
    'compose -p p down',
    'compose -p p logs',
  ])
    test(`commands no terminal: ${line}`, async () => {
      const shown = await shownOf(line.split(' '));
      assert.ok(shown.includes(SHOWN), `what the daemon said is not shown: ${JSON.stringify(shown.slice(0, 2000))}`);
      // oxlint-disable-next-line no-control-regex
      const left = /[\0-\x08\x0b-\x1f\x7f-\x9f].{0,20}/.exec(shown.replaceAll(OURS, ''));
      assert.equal(left, null, JSON.stringify(left?.[0]));
      assert.doesNotMatch(shown, /\roverwritten/);
    });

  test('what is no terminal gets what was said', async () => {
    assert.ok((await piped('network', 'ls', '--format', '{{.Name}}')).includes(`${EVIL}\n`));
  });

  test('is asked for completions, and no name that a shell could run or that begins like an option is one', async () => {
    assert.equal(await piped('__complete', 'network', 'inspect', ''), 'web\tbridge\na/b:1.2\tbridge\n:4\n');
  });
});
