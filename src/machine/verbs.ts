// The verbs on machines: each takes the machine's lock, leaves it whole, and mends what a killed one left.
import { randomBytes } from 'node:crypto';
import {
  closeSync,
  cpSync,
  existsSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statfsSync,
  writeFileSync,
} from 'node:fs';
import { join, resolve } from 'node:path';
import { conflict, invalid, unavailable } from '../base/errors.ts';
import { processName } from './argv.ts';
import { runProgram } from './command.ts';
import { imagesFolder, type Layout, layoutOf } from './layout.ts';
import { takeLock } from './lock.ts';
import { observe } from './observe.ts';
import { type Power, switchOff, switchOn } from './power.ts';
import { type MachineRecord, machineNames, type Place, readMachine, writeMachine } from './record.ts';
import { checkGrowth, checkName, type Settings } from './settings.ts';

const GIB = 1024 ** 3;
/** What a host keeps for itself. */
const SPARE_BYTES = GIB;

/** How commands reach a machine's daemon by its name. */
export interface Contexts {
  has(name: string): boolean;
  /** Makes the context, and chooses it. */
  add(name: string, host: string): void;
  /** Forgets the context; where it was chosen, Docker's default is. */
  remove(name: string): void;
}

export interface Machines {
  readonly place: Place;
  readonly contexts: Contexts;
  /** This program. */
  readonly program: string;
  readonly onProgress: (line: string) => void;
}

export interface InitOptions {
  readonly settings: Settings;
  /** A folder with Debian's part, made elsewhere. */
  readonly image: string | undefined;
  /** Take what a machine of this name left: its disk stays. */
  readonly isForced: boolean;
}

export async function init(
  machines: Machines,
  name: string,
  { settings, image, isForced }: InitOptions,
): Promise<void> {
  checkName(name);
  const { place, contexts } = machines;
  const layout = layoutOf(place.platform, place.root, name);
  using _ = takeLock(layout.lock, `machine "${name}"`);
  const isThere = existsSync(layout.record);
  if (isThere && !isForced)
    throw conflict(`there is a machine "${name}" already`, { hint: `"berth machine set ${name}" changes it.` });
  if (isThere && observe(layout).kind === 'running') throw conflict(`machine "${name}" is running; stop it first`);
  if (!isThere && contexts.has(name))
    throw conflict(`there is a context "${name}" already, which is no machine's`, { hint: 'Choose another name.' });
  // what an init that was killed left is worth nothing: its record is what it would have written last
  if (!isThere) rmSync(layout.folder, { recursive: true, force: true });
  checkRoom(place, settings.disk, existsSync(layout.data));
  const system = await systemOf(machines, image);
  try {
    mkdirSync(layout.folder, { recursive: true, mode: 0o700 });
    await makeKeys(layout, name);
    if (!existsSync(layout.data)) makeDisk(layout.data, settings.disk);
    const record: MachineRecord = {
      version: 1,
      name,
      created: new Date().toISOString(),
      id: randomBytes(16).toString('hex'),
      ...settings,
      system,
    };
    writeMachine(layout, record);
  } catch (error) {
    if (!isThere) rmSync(layout.folder, { recursive: true, force: true });
    sweepImages(place);
    throw error;
  }
  contexts.add(name, hostOf(layout, name));
}

/** Where clients find the daemon of a machine. */
function hostOf(layout: Layout, name: string): string {
  return process.platform === 'win32' ? `ssh://root@${processName(name)}` : `unix://${layout.socket}`;
}

function checkRoom({ root }: Place, disk: number, isThere: boolean): void {
  mkdirSync(root, { recursive: true, mode: 0o700 });
  const { bavail, bsize } = statfsSync(root);
  const free = bavail * bsize - SPARE_BYTES;
  if (!isThere && disk * GIB > free)
    throw unavailable(
      `no room for a disk of ${disk} GiB: ${Math.max(0, Math.floor(free / GIB))} GiB are free in ${root}`,
      {
        hint: 'Ask for a smaller one with --disk, or set BERTH_MACHINES to a folder with more room.',
      },
    );
}

/** A file with a hole of that size: it takes room as it is filled. */
function makeDisk(file: string, disk: number): void {
  const handle = openSync(file, 'wx', 0o600);
  try {
    ftruncateSync(handle, disk * GIB);
  } finally {
    closeSync(handle);
  }
}

/** Two pairs by OpenSSH: ours, which opens the machine, and its own, by which we know it. */
async function makeKeys(layout: Layout, name: string): Promise<void> {
  for (const [file, comment] of [
    [layout.key, `berth machine ${name}`],
    [layout.hostKey, processName(name)],
  ] as const) {
    if (existsSync(file) && existsSync(`${file}.pub`)) continue;
    for (const one of [file, `${file}.pub`]) rmSync(one, { force: true });
    const { code, stderr } = await runProgram(
      'ssh-keygen',
      ['-q', '-t', 'ed25519', '-N', '', '-C', comment, '-f', file],
      30_000,
    );
    if (code !== 0) throw unavailable(`ssh-keygen: ${stderr.trim()}`);
  }
  const [type = '', key = ''] = readFileSync(`${layout.hostKey}.pub`, 'utf8').split(' ');
  writeFileSync(layout.knownHosts, `${processName(name)} ${type} ${key}\n`, { mode: 0o600 });
}

async function systemOf({ place, onProgress }: Machines, image: string | undefined): Promise<string> {
  const images = imagesFolder(place.platform, place.root);
  using _ = takeLock(`${images}.lock`, 'the system of machines');
  if (image !== undefined) return importSystem(images, resolve(image));
  if (place.platform !== 'linux')
    throw unavailable('the system of a machine can be made on Linux only', {
      hint: 'Make it there with "berth machine image FOLDER", bring the folder here, and name it with --image.',
    });
  const { debianSystem } = await import('./disk/index.ts');
  return debianSystem(images, onProgress);
}

const PARTS = ['kernel', 'initramfs', 'system.img'] as const;

/** A copy, so that the folder may go. */
function importSystem(images: string, folder: string): string {
  const missing = PARTS.find((part) => !existsSync(join(folder, part)));
  if (missing !== undefined) throw invalid(`${folder} is no system of a machine: it has no ${missing}`);
  const target = join(images, `imported-${randomBytes(6).toString('hex')}`);
  const stage = `${target}.new`;
  mkdirSync(images, { recursive: true, mode: 0o700 });
  try {
    cpSync(folder, stage, { recursive: true });
    renameSync(stage, target);
  } finally {
    rmSync(stage, { recursive: true, force: true });
  }
  return target;
}

/** Both parts of a machine's system in a folder, for a host that cannot make them. */
export async function makeImage({ place, program, onProgress }: Machines, folder: string): Promise<void> {
  if (existsSync(folder)) throw conflict(`${folder} is there already`);
  const images = imagesFolder(place.platform, place.root);
  using _ = takeLock(`${images}.lock`, 'the system of machines');
  const { berthDisk, debianSystem, installationOf } = await import('./disk/index.ts');
  const system = await debianSystem(images, onProgress);
  const berth = await berthDisk(images, installationOf(program));
  try {
    cpSync(system, folder, { recursive: true });
    cpSync(berth, join(folder, 'berth.img'));
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
}

export async function start(machines: Machines, name: string): Promise<void> {
  const { layout, record, release } = open(machines, name);
  using _ = release;
  await switchOn(powerOf(machines, record), layout, record);
}

export async function stop(machines: Machines, name: string, isForced: boolean): Promise<void> {
  const { layout, release } = open(machines, name);
  using _ = release;
  await switchOff(layout, name, isForced);
}

export async function restart(machines: Machines, name: string): Promise<void> {
  const { layout, record, release } = open(machines, name);
  using _ = release;
  await switchOff(layout, name);
  await switchOn(powerOf(machines, record), layout, record);
}

export interface Change {
  readonly cpus?: number;
  readonly memory?: number;
  readonly disk?: number;
  readonly shares?: Settings['shares'];
}

/** True when the machine runs, so that the change counts from its next start. */
export function change(machines: Machines, name: string, wanted: Change): boolean {
  const { layout, record, release } = open(machines, name);
  using _ = release;
  if (wanted.disk !== undefined) {
    checkGrowth(record.disk, wanted.disk);
    checkRoom(machines.place, wanted.disk - record.disk, false);
  }
  writeMachine(layout, { ...record, ...wanted });
  return observe(layout).kind === 'running';
}

/** Disk and all. A machine that was left half made goes too. */
export async function remove(machines: Machines, name: string, isForced: boolean): Promise<void> {
  checkName(name);
  const { place, contexts } = machines;
  const layout = layoutOf(place.platform, place.root, name);
  using _ = takeLock(layout.lock, `machine "${name}"`);
  if (!existsSync(layout.folder)) readMachine(layout, name);
  if (observe(layout).kind === 'running') {
    if (!isForced) throw conflict(`machine "${name}" is running`, { hint: 'Stop it first, or use --force.' });
    await switchOff(layout, name, true);
  }
  // its record first: a machine without one is none
  rmSync(layout.record, { force: true });
  contexts.remove(name);
  rmSync(layout.folder, { recursive: true, force: true });
  sweepImages(place);
}

/** Systems that were brought from elsewhere and that no machine starts from any more. */
function sweepImages(place: Place): void {
  const images = imagesFolder(place.platform, place.root);
  const used = new Set(
    machineNames(place).map((name) => readMachine(layoutOf(place.platform, place.root, name), name).system),
  );
  if (!existsSync(images)) return;
  for (const entry of readdirSync(images))
    if (entry.startsWith('imported-') && !used.has(join(images, entry)))
      rmSync(join(images, entry), { recursive: true, force: true });
}

interface Opened {
  readonly layout: Layout;
  readonly record: MachineRecord;
  readonly release: Disposable;
}

/** Throws notFound, or conflict while another command has it. */
function open({ place }: Machines, name: string): Opened {
  checkName(name);
  const layout = layoutOf(place.platform, place.root, name);
  readMachine(layout, name);
  const release = takeLock(layout.lock, `machine "${name}"`);
  try {
    return { layout, record: readMachine(layout, name), release };
  } catch (error) {
    release[Symbol.dispose]();
    throw error;
  }
}

function powerOf({ place, program, onProgress }: Machines, record: MachineRecord): Power {
  const images = imagesFolder(place.platform, place.root);
  return {
    place,
    images,
    program,
    onProgress,
    berthDisk: async () => {
      const brought = join(record.system, 'berth.img');
      if (place.platform !== 'linux') return brought;
      const { berthDisk, installationOf } = await import('./disk/index.ts');
      using _ = takeLock(`${images}.lock`, 'the system of machines');
      return berthDisk(images, installationOf(program));
    },
  };
}
