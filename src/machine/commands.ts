// The commands on machines: words, flags and what each prints, over the verbs.
import { spawn } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { conflict, invalid } from '../base/errors.ts';
import { Failure, type Flags, flag, flagUsages, parseFlags } from '../cli/grammar/index.ts';
import { layoutOf } from './layout.ts';
import { diskUsed, observe } from './observe.ts';
import { machineNames, readForwards, readMachine } from './record.ts';
import { checkName, DEFAULTS, parseCpus, parseDisk, parseMemory, type Settings, type Share } from './settings.ts';
import { parseShare, withoutNested } from './shares.ts';
import { shellArguments } from './ssh.ts';
import { tend } from './tend.ts';
import { change, init, type Machines, makeImage, remove, restart, start, stop } from './verbs.ts';

const DEFAULT_NAME = 'berth';

export interface Streams {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  /** Whether a person types. */
  readonly isTerminal: boolean;
  /** What is shared when nothing is asked for: the user's home. */
  readonly home: string | undefined;
}

interface Call {
  readonly machines: Machines;
  readonly streams: Streams;
  readonly name: string;
  /** Words after the name. */
  readonly rest: readonly string[];
  readonly text: (flag: string) => string;
  readonly list: (flag: string) => readonly string[];
  readonly isSet: (flag: string) => boolean;
}

interface MachineCommand {
  readonly name: string;
  readonly use: string;
  readonly short: string;
  readonly flags: Flags;
  readonly hidden?: true;
  /** Words behind the name are a command line, or a path. */
  readonly takesMore?: true;
  readonly run: (call: Call) => Promise<number> | number;
}

const SIZES = {
  cpus: flag.string('', 'Processors', String(DEFAULTS.cpus)),
  memory: flag.string('m', 'Memory, as in 2g', '2g'),
  disk: flag.string('', 'Size of the disk, as in 20g; it takes room as it is filled', '20g'),
  volume: flag.list(
    'v',
    'Folder of this host that the machine has under the same path (FOLDER[:ro]); "none" for no folder. Without it your home',
  ),
} as const;

function sharesOf({ list, isSet, streams }: Call): readonly Share[] {
  const texts = isSet('volume')
    ? list('volume').filter((text) => text !== 'none')
    : streams.home === undefined
      ? []
      : [streams.home];
  const shares = withoutNested(texts.map(parseShare));
  for (const { host } of shares)
    if (!statSync(host, { throwIfNoEntry: false })?.isDirectory())
      throw invalid(`--volume ${host}: there is no such folder`);
  return shares;
}

export const COMMANDS: readonly MachineCommand[] = [
  {
    name: 'init',
    use: '[OPTIONS] [NAME]',
    short: 'Make a machine, with a context of its name',
    flags: {
      ...SIZES,
      image: flag.string('', 'Folder with a system that "berth machine image" made'),
      now: flag.bool('', 'Start it too'),
      force: flag.bool('f', 'Make the system of a machine anew; its disk stays'),
    },
    async run(call) {
      const { machines, streams, name, text, isSet } = call;
      const settings: Settings = {
        cpus: parseCpus(text('cpus')),
        memory: parseMemory(text('memory')),
        disk: parseDisk(text('disk')),
        shares: sharesOf(call),
      };
      const image = text('image') === '' ? undefined : text('image');
      await init(machines, name, { settings, image, isForced: isSet('force') });
      streams.err(`Machine "${name}" is made; commands go to it from now on (berth context use default goes back)\n`);
      if (isSet('now')) await start(machines, name);
      else streams.err(`Start it with "berth machine start ${name}"\n`);
      streams.out(`${name}\n`);
      return 0;
    },
  },
  {
    name: 'start',
    use: '[NAME]',
    short: 'Start a machine and wait until its daemon answers',
    flags: {},
    async run({ machines, streams, name }) {
      await start(machines, name);
      streams.out(`${name}\n`);
      return 0;
    },
  },
  {
    name: 'stop',
    use: '[OPTIONS] [NAME]',
    short: 'Stop a machine; what is on its disk stays',
    flags: { force: flag.bool('f', 'Pull the plug') },
    async run({ machines, streams, name, isSet }) {
      await stop(machines, name, isSet('force'));
      streams.out(`${name}\n`);
      return 0;
    },
  },
  {
    name: 'restart',
    use: '[NAME]',
    short: 'Stop a machine and start it again',
    flags: {},
    async run({ machines, streams, name }) {
      await restart(machines, name);
      streams.out(`${name}\n`);
      return 0;
    },
  },
  {
    name: 'ssh',
    use: '[NAME [COMMAND...]]',
    short: 'Open a shell in a machine, or run a command there',
    flags: {},
    takesMore: true,
    run: shell,
  },
  {
    name: 'ls',
    use: '',
    short: 'List machines',
    flags: { quiet: flag.bool('q', 'Only show names') },
    run: listMachines,
  },
  {
    name: 'inspect',
    use: '[NAME]',
    short: 'Show all that is known of a machine, as JSON',
    flags: {},
    run({ machines, streams, name }) {
      streams.out(`${JSON.stringify([describe(machines, name)], undefined, 4)}\n`);
      return 0;
    },
  },
  {
    name: 'set',
    use: '[OPTIONS] [NAME]',
    short: 'Change processors, memory, disk or folders of a machine',
    flags: SIZES,
    run(call) {
      const { machines, streams, name, text, isSet } = call;
      if (!Object.keys(SIZES).some(isSet))
        throw invalid('nothing to change: give --cpus, --memory, --disk or --volume');
      const isRunning = change(machines, name, {
        ...(isSet('cpus') ? { cpus: parseCpus(text('cpus')) } : {}),
        ...(isSet('memory') ? { memory: parseMemory(text('memory')) } : {}),
        ...(isSet('disk') ? { disk: parseDisk(text('disk')) } : {}),
        ...(isSet('volume') ? { shares: sharesOf(call) } : {}),
      });
      if (isRunning) streams.err(`It counts from the next start: berth machine restart ${name}\n`);
      streams.out(`${name}\n`);
      return 0;
    },
  },
  {
    name: 'rm',
    use: '[OPTIONS] [NAME]',
    short: 'Remove a machine with its disk, and its context',
    flags: { force: flag.bool('f', 'Stop it first, at once') },
    async run({ machines, streams, name, isSet }) {
      await remove(machines, name, isSet('force'));
      streams.out(`${name}\n`);
      return 0;
    },
  },
  {
    name: 'image',
    use: 'FOLDER',
    short: 'Make the system of machines, for a host that cannot',
    flags: {},
    takesMore: true,
    async run({ machines, streams, rest }) {
      const [folder] = rest;
      if (folder === undefined || rest.length > 1) throw invalid('a folder to make is wanted');
      await makeImage(machines, folder);
      streams.out(`${folder}\n`);
      return 0;
    },
  },
  {
    name: 'tend',
    use: 'NAME',
    short: 'Bring a running machine’s socket and ports to this host; started by start',
    flags: {},
    hidden: true,
    async run({ machines, streams, name }) {
      const layout = layoutOf(machines.place.platform, machines.place.root, name);
      await tend(layout, name, (line) => streams.err(`${new Date().toISOString()} ${line}\n`));
      return 0;
    },
  },
];

function shell({ machines, streams, name, rest }: Call): Promise<number> {
  checkName(name);
  const layout = layoutOf(machines.place.platform, machines.place.root, name);
  readMachine(layout, name);
  const state = observe(layout);
  if (state.kind !== 'running')
    throw conflict(`machine "${name}" is not running`, { hint: `Start it with "berth machine start ${name}".` });
  const args = shellArguments(layout, name, state.run.sshPort, rest, streams.isTerminal);
  const child = spawn('ssh', args, { stdio: 'inherit' });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => resolve(code ?? 255));
  });
}

function listMachines({ machines, streams, isSet }: Call): number {
  const names = machineNames(machines.place);
  if (isSet('quiet')) {
    streams.out(names.map((name) => `${name}\n`).join(''));
    return 0;
  }
  const rows = names.map((name) => {
    const { State, Cpus, Memory, Disk, Accelerator, Ports } = describe(machines, name);
    const ports = Ports.map(({ port, problem }) => (problem === undefined ? port : `${port} (taken)`)).join(', ');
    return [name, State, String(Cpus), `${Memory} MiB`, `${Disk} GiB`, Accelerator, ports];
  });
  streams.out(table(['NAME', 'STATE', 'CPUS', 'MEMORY', 'DISK', 'ACCELERATOR', 'PORTS'], rows));
  return 0;
}

function describe({ place, contexts }: Machines, name: string) {
  checkName(name);
  const layout = layoutOf(place.platform, place.root, name);
  const record = readMachine(layout, name);
  const state = observe(layout);
  const run = state.kind === 'running' ? state.run : undefined;
  return {
    Name: name,
    State: state.kind === 'stopped' ? 'stopped' : state.isTended ? 'running' : 'untended',
    Created: record.created,
    Started: run?.started ?? '',
    Cpus: record.cpus,
    Memory: record.memory,
    Disk: record.disk,
    DiskUsed: diskUsed(layout),
    Accelerator: run?.accelerator ?? '',
    Pid: run?.machine.pid ?? 0,
    SshPort: run?.sshPort ?? 0,
    Shares: record.shares,
    ShareKind: run?.shareKind ?? '',
    Ports: state.kind === 'running' ? readForwards(layout) : [],
    Context: contexts.has(name) ? name : '',
    Socket: layout.socket,
    Folder: layout.folder,
    Console: existsSync(layout.console) ? layout.console : '',
    System: record.system,
  };
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [head, ...rows];
  const widths = head.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  return all
    .map(
      (row) =>
        `${row
          .map((cell, column) => cell.padEnd(widths[column] ?? 0))
          .join('   ')
          .trimEnd()}\n`,
    )
    .join('');
}

export function usage(): string {
  const shown = COMMANDS.filter(({ hidden }) => !hidden);
  return `Usage:  berth machine COMMAND

Linux machines, for hosts that are none

Commands:
${shown.map(({ name, short }) => `  ${name.padEnd(10)}${short}`).join('\n')}

Run 'berth machine COMMAND --help' for more information on a command.
`;
}

/** Gives the exit code; errors go to stderr, with what may help. */
export async function runCommand(
  machines: Machines,
  streams: Streams,
  argv: readonly string[],
  columns: number,
): Promise<number> {
  const [word = '', ...rest] = argv;
  if (word === '' || word === '--help' || word === 'help' || word === '-h') {
    streams.out(usage());
    return 0;
  }
  const found = COMMANDS.find(({ name }) => name === (word === 'list' ? 'ls' : word === 'remove' ? 'rm' : word));
  if (!found)
    throw new Failure(`berth machine: unknown command: ${word}\n\nRun 'berth machine --help' for more information`);
  const parsed = parseFlags(found.flags, rest, found.takesMore ? { flagsFirst: true } : {});
  if (parsed.error !== undefined)
    throw new Failure(`${parsed.error}\n\nRun 'berth machine ${found.name} --help' for more information`, 125);
  if (parsed.help) {
    const flags = Object.keys(found.flags).length === 0 ? '' : `\nOptions:\n${flagUsages(found.flags, columns)}\n`;
    streams.out(`Usage:  berth machine ${`${found.name} ${found.use}`.trim()}\n\n${found.short}\n${flags}`);
    return 0;
  }
  const takesNone = found.use === '';
  const isImage = found.name === 'image';
  if (!found.takesMore && parsed.args.length > (takesNone ? 0 : 1))
    throw new Failure(`"berth machine ${found.name}" takes ${takesNone ? 'no arguments' : 'one name at most'}`);
  const [name = DEFAULT_NAME] = isImage ? [] : parsed.args;
  return found.run({
    machines,
    streams,
    name,
    rest: isImage ? parsed.args : parsed.args.slice(1),
    text: (key) => (parsed.values.get(key) ?? '') as string,
    list: (key) => (parsed.values.get(key) ?? []) as readonly string[],
    isSet: (key) => parsed.given.has(key),
  });
}
