// Switches a machine on and off: its process, the helper beside it, and the wait until its daemon answers.
import { spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { internal, unavailable } from '../base/errors.ts';
import { Client, parseEndpoint } from '../client/index.ts';
import { type Accelerator, chooseAccelerator } from './accelerator.ts';
import { usableAccelerators } from './accelerators.ts';
import {
  type Architecture,
  emulatorOf,
  type Images,
  processName,
  qemuArguments,
  type ShareKind,
  TAGS,
} from './argv.ts';
import { runProgram } from './command.ts';
import type { Layout } from './layout.ts';
import { observe, type State } from './observe.ts';
import { end, isSame, markOf, type ProcessMark } from './process.ts';
import { monitorCall } from './qmp.ts';
import { type MachineRecord, type Place, type RunRecord, writeForwards, writeRun } from './record.ts';
import { settingsArchive } from './disk/initramfs.ts';
import { shellArguments } from './ssh.ts';
import { findVirtiofsd, startVirtiofsd } from './virtiofs.ts';
import { pause, waitUntil } from './wait.ts';

/** How long an emulated machine on a busy host may take until its daemon answers. */
const READY_MS = 300_000;
const POWER_OFF_MS = 40_000;
const GIB = 1024 ** 3;
const PORT_TRIES = 4;

export interface Power {
  readonly place: Place;
  readonly images: string;
  /** This program, by which the helper is started. */
  readonly program: string;
  /** The file of Berth's part, made when it is missing. */
  readonly berthDisk: () => Promise<string>;
  readonly onProgress: (line: string) => void;
}

/** Returns when the machine's daemon answers on the host. What was started is ended again when it does not. */
export async function switchOn(power: Power, layout: Layout, record: MachineRecord): Promise<void> {
  const state = observe(layout);
  if (state.kind === 'stopped') {
    await boot(power, layout, record);
    startHelper(power, layout, record.name);
  } else if (!state.isTended) startHelper(power, layout, record.name);
  await ready(power, layout, record.name);
}

async function boot(power: Power, layout: Layout, record: MachineRecord): Promise<void> {
  const { place, images, onProgress } = power;
  const [kernel, initramfs] = [join(record.system, 'kernel'), join(record.system, 'initramfs')];
  if (!existsSync(kernel))
    throw unavailable(`the system of machine "${record.name}" is gone: ${record.system}`, {
      hint: `"berth machine init ${record.name} --force" makes it anew; the disk with its images and volumes stays.`,
    });
  const files: Images = { kernel, system: join(record.system, 'system.img'), berth: await power.berthDisk() };
  if (!existsSync(layout.data)) throw unavailable(`the disk of machine "${record.name}" is gone: ${layout.data}`);
  if (statSync(layout.data).size < record.disk * GIB) truncateSync(layout.data, record.disk * GIB);
  const architecture: Architecture = 'x64';
  const emulator = emulatorOf(architecture);
  const usable = await usableAccelerators(place.platform, emulator, images, kernel, initramfs);
  const choice = chooseAccelerator(place.platform, usable, process.arch !== architecture);
  if (choice.warning !== undefined) onProgress(`Warning: ${choice.warning}`);
  for (const { host } of record.shares)
    if (!statSync(host, { throwIfNoEntry: false })?.isDirectory())
      throw unavailable(`the shared folder ${host} is not there`, {
        hint: `Make it, or choose others with "berth machine set ${record.name} --volume FOLDER".`,
      });
  const virtiofsd = record.shares.length > 0 ? findVirtiofsd() : undefined;
  const shareKind: ShareKind = virtiofsd === undefined ? '9p' : 'virtiofs';
  for (const file of [layout.socket, layout.qmp, layout.master, layout.pid]) rmSync(file, { force: true });
  writeFileSync(
    layout.initrd,
    Buffer.concat([readFileSync(initramfs), settingsArchive(settingsOf(layout, record, shareKind))]),
    {
      mode: 0o600,
    },
  );
  writeFileSync(layout.console, '', { mode: 0o600 });
  writeForwards(layout, []);
  onProgress(`Starting machine "${record.name}" (${choice.accelerator})`);
  for (let tries = 1; ; tries++) {
    if (virtiofsd !== undefined)
      for (const [at, { host }] of record.shares.entries())
        await startVirtiofsd(virtiofsd, layout.share(at), host, layout.tendLog);
    const sshPort = await freePort();
    const qmpPort = place.platform === 'win32' ? await freePort() : undefined;
    const args = qemuArguments({
      platform: place.platform,
      architecture,
      accelerator: choice.accelerator,
      name: record.name,
      layout,
      images: files,
      cpus: record.cpus,
      memory: record.memory,
      shares: record.shares,
      shareKind,
      sshPort,
      ...(qmpPort === undefined ? {} : { qmpPort }),
    });
    const machine = await launch(emulator, args, layout);
    if (typeof machine === 'string') {
      // another program may have taken the port in the moment between
      if (/host forwarding|Address already in use/i.test(machine) && tries < PORT_TRIES) continue;
      throw unavailable(`QEMU did not start: ${machine.trim()}`);
    }
    const run: RunRecord = {
      machine,
      sshPort,
      ...(qmpPort === undefined ? {} : { qmpPort }),
      accelerator: choice.accelerator satisfies Accelerator,
      shareKind,
      started: new Date().toISOString(),
    };
    writeRun(layout, run);
    return;
  }
}

/** What the machine is told of itself at this start. */
function settingsOf(layout: Layout, record: MachineRecord, kind: ShareKind): Readonly<Record<string, string>> {
  return {
    hostname: `${record.name}\n`,
    'machine-id': `${record.id}\n`,
    authorized_keys: readFileSync(`${layout.key}.pub`, 'utf8'),
    host_key: readFileSync(layout.hostKey, 'utf8'),
    shares: record.shares
      .map(({ guest, readOnly }, at) => `${TAGS(at)} ${kind} ${readOnly ? 'ro' : 'rw'} ${guest}\n`)
      .join(''),
  };
}

/** The process, or why there is none. */
async function launch(emulator: string, args: readonly string[], layout: Layout): Promise<ProcessMark | string> {
  if (process.platform !== 'win32') {
    const { code, stderr } = await runProgram(emulator, args, 60_000);
    if (code !== 0) return stderr || `exit code ${code}`;
    const mark = markOf(Number(readFileSync(layout.pid, 'utf8')));
    return mark ?? (stderr || 'it ended at once');
  }
  const out = openSync(layout.tendLog, 'a', 0o600);
  const child = spawn(emulator, args, { detached: true, stdio: ['ignore', out, out], windowsHide: true });
  closeSync(out);
  child.on('error', () => undefined);
  child.unref();
  await pause(500);
  return (child.pid === undefined ? undefined : markOf(child.pid)) ?? readFileSync(layout.tendLog, 'utf8').slice(-500);
}

function startHelper({ program, place }: Power, layout: Layout, name: string): void {
  const log = openSync(layout.tendLog, 'a', 0o600);
  const child = spawn(process.execPath, ['--', program, 'machine', 'tend', name], {
    detached: true,
    stdio: ['ignore', log, log],
    env: { ...process.env, BERTH_MACHINES: place.root },
    cwd: '/',
    windowsHide: true,
  });
  closeSync(log);
  child.on('error', () => undefined);
  child.unref();
}

async function ready({ onProgress }: Power, layout: Layout, name: string): Promise<void> {
  const begin = Date.now();
  const answers = await waitUntil(async () => {
    if (observe(layout).kind === 'stopped')
      throw internal(`machine "${name}" went down while it started${lastWords(layout)}`);
    return existsSync(layout.socket) && (await pings(layout.socket));
  }, READY_MS);
  if (!answers) {
    await switchOff(layout, name, true);
    throw unavailable(`machine "${name}" did not answer within ${READY_MS / 1000} s${lastWords(layout)}`);
  }
  onProgress(`Machine "${name}" is ready after ${((Date.now() - begin) / 1000).toFixed(1)} s`);
}

/** The last lines of the console, for a person to look at. */
function lastWords(layout: Layout): string {
  const text = existsSync(layout.console) ? readFileSync(layout.console, 'utf8').trim() : '';
  const lines = text.replaceAll('\r', '').split('\n').slice(-5);
  return text === '' ? '' : `; its console said:\n${lines.map((line) => `  ${line}`).join('\n')}`;
}

async function pings(socket: string): Promise<boolean> {
  try {
    await new Client(parseEndpoint(`unix://${socket}`)).text('SystemPing', { signal: AbortSignal.timeout(10_000) });
    return true;
  } catch {
    return false;
  }
}

/** Asks the machine to end its work; pulls the plug when it does not, or at once with `isForced`. */
export async function switchOff(layout: Layout, name: string, isForced = false): Promise<void> {
  const state = observe(layout);
  if (state.kind === 'running') await halt(state, layout, name, isForced);
  for (const file of [layout.socket, layout.qmp, layout.master, layout.pid, layout.run]) rmSync(file, { force: true });
  writeForwards(layout, []);
}

async function halt(
  { run }: Extract<State, { kind: 'running' }>,
  layout: Layout,
  name: string,
  isForced: boolean,
): Promise<void> {
  const isGone = (): boolean => !isSame(run.machine);
  if (!isForced) {
    await runProgram('ssh', shellArguments(layout, name, run.sshPort, ['poweroff'], false), POWER_OFF_MS).catch(
      () => undefined,
    );
    if (await waitUntil(isGone, POWER_OFF_MS)) return endHelper(run);
  }
  await monitorCall(run.qmpPort ?? layout.qmp, 'quit').catch(() => undefined);
  if (!(await waitUntil(isGone, 3000))) {
    end(run.machine, 'SIGKILL');
    if (!(await waitUntil(isGone, 3000)))
      throw internal(`${processName(name)} (process ${run.machine.pid}) cannot be ended`);
  }
  endHelper(run);
}

function endHelper(run: RunRecord): void {
  end(run.tend, 'SIGTERM');
}

/** A port of the loopback that nobody has now. */
function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}
