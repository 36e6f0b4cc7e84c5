// Every place in src/ that starts a program of the host: what it starts, and why nothing that a container, an image, a Dockerfile or a
// registry brought decides what the program opens. No such program gets a path below which others write.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readSources, type Source } from '../scripts/house/sources.ts';

interface Site {
  /** How many calls there are. */
  readonly calls: number;
  readonly starts: string;
  readonly why: string;
}

const RUNTIME =
  'our bundle and state below the exec root, which no container sees; the runtime enters the root file system by itself';

const SITES: Readonly<Record<string, Site>> = {
  'builder/remote/git.ts': {
    calls: 1,
    starts: 'git',
    why: 'a new folder below the data root that no container has seen; no hooks, no local protocols, no submodule by another',
  },
  'cli/autostart.ts': { calls: 1, starts: 'berthd', why: "our own entry and the user's own options" },
  'cli/commands/hub/program-files.ts': { calls: 1, starts: 'ldd', why: 'the Node that runs this very program' },
  'cli/session/raw-mode.ts': { calls: 1, starts: 'stty', why: 'no paths; its terminal is the one that it inherits' },
  'client/build/key-agent.ts': {
    calls: 2,
    starts: 'ssh-agent, ssh-add',
    why: 'a socket in a new folder of mode 0700, and keys that the user names',
  },
  'client/config/helper.ts': {
    calls: 1,
    starts: 'docker-credential-NAME',
    why: "NAME is from the user's own settings; the address of a registry goes by standard input",
  },
  'client/ssh.ts': { calls: 1, starts: 'ssh', why: 'a host that the user names, and never as an option' },
  'cluster/store/child.ts': { calls: 1, starts: 'etcd under setpriv', why: 'its own folder below the data root' },
  'daemon/facts.ts': { calls: 1, starts: 'monitor and init', why: '--version alone' },
  'demo/cluster/hosts.ts': {
    calls: 4,
    starts: 'unshare, nsenter with ip, our own entry',
    why: 'namespaces and a new folder of the demo itself',
  },
  'doctor/observe.ts': {
    calls: 3,
    starts: 'unshare with ip or nft, PROGRAM --version',
    why: 'rules and links of our own in a namespace of their own',
  },
  'engine/verbs/top.ts': {
    calls: 1,
    starts: 'ps',
    why: 'options of the API client and pids; ps reads /proc of the host',
  },
  'host/apparmor.ts': { calls: 1, starts: 'apparmor_parser', why: 'a profile of our own making by standard input' },
  'host/forward-filter.ts': {
    calls: 4,
    starts: 'nft, iptables',
    why: 'names of chains that the host lists, by words and standard input',
  },
  'host/nft.ts': { calls: 2, starts: 'nft', why: 'rules of our own making by standard input' },
  'host/spawn.ts': { calls: 1, starts: 'what its callers say', why: 'its callers are in this table' },
  'images/bootstrap/busybox.ts': {
    calls: 7,
    starts: 'apt-get, apt-cache, dpkg, dpkg-deb, busybox',
    why: "the distribution's signed packages, in a folder of ours",
  },
  'images/bootstrap/command.ts': { calls: 1, starts: 'what its callers say', why: 'its callers are in this table' },
  'images/bootstrap/mmdebstrap.ts': {
    calls: 4,
    starts: 'apt-get, apt-helper, apt-config, unshare with debootstrap',
    why: "the distribution's signed packages, in a folder of ours",
  },
  'machine/accelerators.ts': { calls: 2, starts: 'the emulator', why: 'what it can, by words alone' },
  'machine/command.ts': { calls: 1, starts: 'what its callers say', why: 'its callers are in this table' },
  'machine/commands.ts': { calls: 1, starts: 'ssh', why: "the user's own machine, its key in a folder of the user" },
  'machine/disk/kernel.ts': { calls: 1, starts: 'apt-cache', why: 'the name of a package, by words alone' },
  'machine/disk/package.ts': {
    calls: 2,
    starts: 'apt-get, dpkg-deb',
    why: "the distribution's signed packages, in a new folder that no container sees",
  },
  'machine/disk/system.ts': {
    calls: 4,
    starts: 'busybox, depmod, du, mke2fs',
    why: "a folder of the distribution's and our own files, made anew before any container",
  },
  'machine/power.ts': {
    calls: 4,
    starts: 'the emulator, and berth to tend it',
    why: 'disks of the user, whose content the emulator does not read',
  },
  'machine/process.ts': { calls: 1, starts: 'ps', why: 'a pid, by words alone' },
  'machine/tend.ts': { calls: 2, starts: 'ssh', why: "the user's own machine, its key in a folder of the user" },
  'machine/verbs.ts': { calls: 1, starts: 'programs of the machine', why: 'names of disks and machines of the user' },
  'machine/virtiofs.ts': {
    calls: 1,
    starts: 'virtiofsd',
    why: 'a folder that the user shares: it is made for content of others, and has the folder as its root',
  },
  'network/firewall/forward-guard.ts': { calls: 2, starts: 'nft', why: 'lists tables, by words alone' },
  'network/firewall/input-guard.ts': { calls: 1, starts: 'nft', why: 'lists tables, by words alone' },
  'runtime/choice/choose.ts': { calls: 1, starts: 'the OCI runtime', why: '--version alone' },
  'runtime/runtime.ts': { calls: 2, starts: 'the OCI runtime', why: RUNTIME },
  'runtime/monitor/start.ts': { calls: 1, starts: 'the OCI runtime', why: RUNTIME },
  'runtime/monitor/launch.ts': { calls: 1, starts: 'conmon, which starts the OCI runtime', why: RUNTIME },
  'runtime/sealed.ts': { calls: 1, starts: 'the OCI runtime', why: '--version alone' },
  'runtime/step.ts': { calls: 2, starts: 'the OCI runtime', why: RUNTIME },
  'runtime/trial.ts': {
    calls: 1,
    starts: 'the OCI runtime',
    why: 'a bundle of our own with a program of a hundred bytes',
  },
  'runtime/view.ts': {
    calls: 1,
    starts: 'unshare with sh',
    why: 'paths of the exec root and of control groups as words, none in the script',
  },
  'store/compression.ts': {
    calls: 1,
    starts: 'gzip, xz, bzip2 and their like',
    why: 'bytes from pipe to pipe: it has no path, and runs outside of every container',
  },
  'store/pack.ts': { calls: 1, starts: 'pigz, gzip', why: 'bytes from pipe to pipe: it has no path' },
};

/** Functions that start what their caller says. */
const STARTERS: Readonly<Record<string, RegExp>> = {
  'node:child_process': /.*/,
  'host/spawn.ts': /^spawnDetached$/,
  'host/nft.ts': /^askProgram$/,
  'images/bootstrap/command.ts': /^run$/,
  'machine/command.ts': /^runProgram$/,
};

/** Names by which a file starts programs: what it imports, and what it makes of that with `promisify`. */
function starters({ code, imports, file }: Source): string[] {
  const names = imports.flatMap(({ name, to }) => {
    const which = STARTERS[to ?? name];
    const clause = new RegExp(`import ([^;]*?) from '${name.replaceAll('.', '\\.')}'`).exec(code)?.[1] ?? '';
    if (which === undefined) return [];
    return clause
      .replace(/[{}]/g, '')
      .split(',')
      .map((one) => one.trim())
      .filter((one) => one !== '' && !one.startsWith('type '))
      .map((one) => one.split(' as '))
      .filter(([original = '']) => which.test(original))
      .map((parts) => parts.at(-1) ?? '');
  });
  const later = code.includes("getBuiltinModule('child_process')")
    ? ['spawn', 'spawnSync', 'execFile', 'execFileSync', 'fork']
    : [];
  const own = file === 'host/spawn.ts' ? ['spawnCall'] : [];
  return [...names, ...later, ...own];
}

function callsIn(source: Source): number {
  const names = starters(source);
  const aliases = [...source.code.matchAll(/\bconst (\w+) = promisify\((\w+)\)/g)]
    .filter(([, , original = '']) => names.includes(original))
    .map(([, alias = '']) => alias);
  return [...names, ...aliases].reduce(
    (sum, name) =>
      sum +
      (source.code.match(
        new RegExp(
          `(?<![\\w#.]|function )${name}\\(|\\bpromisify\\(${name}\\)\\(|'child_process'\\)\\.${name}\\(`,
          'g',
        ),
      )?.length ?? 0),
    0,
  );
}

// without lines that are comments: a part of a line that looks like one may be a string
const sources = readSources()
  .filter(({ isTest, file }) => !isTest && !file.endsWith('-testing.ts'))
  .map((source) => ({ ...source, code: source.text.replace(/^\s*(?:\/\/|\*|\/\*).*$/gm, '') }));

test('every place that starts a program of the host is in the table, with as many calls as it has', () => {
  const found = sources.flatMap((source) => {
    const calls = callsIn(source);
    return calls > 0 ? [[source.file, calls] as const] : [];
  });
  assert.deepEqual(
    Object.fromEntries(found),
    Object.fromEntries(Object.entries(SITES).map(([file, { calls }]) => [file, calls])),
    'a call that is new needs its line in SITES: which program, and why no path with content of others reaches it',
  );
});

test('programs are started in no other way', () => {
  const ways = sources
    .filter(
      ({ code, file }) =>
        (/child_process/.test(code.replace(/^import type .*$/gm, '')) && SITES[file] === undefined) ||
        (/posix_spawn|\b(?:execv|execl|fexecve|popen|vfork)\w*\(/.test(code) && file !== 'host/spawn.ts') ||
        (/\bshell: true/.test(code) && SITES[file] !== undefined),
    )
    .map(({ file }) => file);
  assert.deepEqual(ways, []);
});

test('a new call fails, however it is written', () => {
  const source = (code: string): Source => ({
    file: 'engine/new.ts',
    folder: 'engine',
    text: code,
    code,
    imports: [{ name: 'node:child_process', to: undefined, typesOnly: false }],
    isTest: false,
  });
  const ways = [
    "import { spawn } from 'node:child_process';\nspawn('du', []);",
    "import { execFile as call } from 'node:child_process';\ncall('du', []);",
    "import { execFile } from 'node:child_process';\nconst run = promisify(execFile);\nawait run('du');",
    "import { execFile } from 'node:child_process';\nawait promisify(execFile)('du');",
    "process.getBuiltinModule('child_process').spawnSync('du');",
  ];
  assert.deepEqual(
    ways.map((code) => callsIn(source(code))),
    [1, 1, 1, 1, 1],
  );
});
