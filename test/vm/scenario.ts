// The smoke scenario of control groups: limits, freezer, statistics, want of memory, adoption, and nothing left behind.
//
//   node scenario.ts <runtime> [--without-crash]
//
// runs it against a daemon of its own, as root; a line of JSON on stdout, the daemon's log on stderr.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { Client, Demux } from '../../src/client/index.ts';
import { controllerDirectory, observeCgroups, readControl } from '../../src/host/cgroup.ts';
import { TestDaemon, until } from '../support/daemon.ts';
import { Steps } from './steps.ts';

const [runtime = 'runc', option] = process.argv.slice(2);
/** A daemon that comes back takes half a minute in an emulator. */
const withCrash = option !== '--without-crash';
const trees = observeCgroups();
const v2 = trees.layout === 'v2';
const MIB = 1024 * 1024;
const IMAGE = 'busybox';

interface Made {
  readonly Id: string;
}
interface Inspected {
  readonly State: {
    readonly Status: string;
    readonly ExitCode: number;
    readonly OOMKilled: boolean;
    readonly Pid: number;
    readonly Running: boolean;
  };
}

const steps = new Steps();
const daemon = await TestDaemon.start(['--default-runtime', runtime]);
const client = new Client({ kind: 'unix', path: daemon.socket, shown: daemon.host });

function create(command: readonly string[], hostConfig: object = {}, config: object = {}): Promise<Made> {
  const json = { Image: IMAGE, Cmd: command, NetworkMode: 'none', ...config };
  return client.json<Made>('ContainerCreate', {
    json: { ...json, HostConfig: { NetworkMode: 'none', ...hostConfig } },
  });
}

async function started(command: readonly string[], hostConfig: object = {}): Promise<string> {
  const { Id: id } = await create(command, hostConfig);
  await client.text('ContainerStart', { params: { id } });
  return id;
}

function inspect(id: string): Promise<Inspected> {
  return client.json<Inspected>('ContainerInspect', { params: { id } });
}

async function waited(id: string, condition = 'not-running'): Promise<number> {
  const end = await client.json<{ StatusCode: number }>('ContainerWait', {
    params: { id },
    json: undefined,
    query: { condition },
  });
  return end.StatusCode;
}

async function removed(...ids: readonly string[]): Promise<void> {
  for (const id of ids) await client.text('ContainerDelete', { params: { id }, query: { force: true } });
}

/** Both streams of a multiplexed answer as one text. */
async function demuxed(body: AsyncIterable<Buffer>): Promise<string> {
  let text = '';
  const demux = new Demux((_, data) => (text += data.toString('utf8')));
  for await (const chunk of body) demux.push(chunk);
  return text;
}

async function logs(id: string): Promise<string> {
  return demuxed(
    (await client.stream('ContainerLogs', { params: { id }, query: { stdout: true, stderr: true } })).body,
  );
}

/** Output and exit code of a program in a running container. */
async function exec(id: string, ...command: readonly string[]): Promise<{ output: string; code: number }> {
  const made = await client.json<Made>('ContainerExec', {
    params: { id },
    json: { Cmd: command, AttachStdout: true, AttachStderr: true },
  });
  const run = await client.hijack('ExecStart', { params: { id: made.Id }, json: { Detach: false, Tty: false } });
  const output = await demuxed(takeAll(run.wire.inbox));
  run.wire.socket.destroy();
  const code = await until(async () => {
    const state = await client.json<{ Running: boolean; ExitCode: number }>('ExecInspect', { params: { id: made.Id } });
    assert.equal(state.Running, false);
    return state.ExitCode;
  });
  return { output, code };
}

async function* takeAll(inbox: { take(): Promise<Buffer | undefined> }): AsyncGenerator<Buffer> {
  for (let chunk = await inbox.take(); chunk; chunk = await inbox.take()) yield chunk;
}

/** The group of a container, below the daemon's own. */
function group(id: string): string {
  return join('/berth', createHash('sha256').update(daemon.dataRoot).digest('hex').slice(0, 8), id);
}

/** A control file of the container by its name on this host's layout: [v2, v1 controller, v1 file]. */
function control(id: string, second: string, controller: string, first: string): string | undefined {
  return readControl(controllerDirectory(trees, v2 ? '' : controller, group(id)), v2 ? second : first);
}

/** A root file system of one static program, as a tar. */
function busyboxTar(): Buffer {
  const folder = mkdtempSync('/tmp/berth-busybox-');
  try {
    for (const name of ['bin', 'tmp', 'proc', 'sys', 'dev']) mkdirSync(join(folder, name));
    copyFileSync(existsSync('/usr/bin/busybox') ? '/usr/bin/busybox' : '/bin/busybox', join(folder, 'bin/busybox'));
    for (const name of ['sh', 'echo', 'cat', 'sleep', 'tail', 'head', 'mknod', 'mkdir', 'true', 'grep'])
      symlinkSync('busybox', join(folder, 'bin', name));
    return execFileSync('tar', ['-c', '-C', folder, '.'], { maxBuffer: 16 * MIB });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

await steps.step('the daemon uses the runtime that was asked for and names the cgroup version', async () => {
  const info = await client.json<{ DefaultRuntime: string; CgroupVersion: string }>('SystemInfo');
  assert.equal(info.DefaultRuntime, runtime);
  assert.equal(info.CgroupVersion, v2 ? '2' : '1');
});

await steps.step('an image is imported from a tar', async () => {
  const answer = await client.text('ImageCreate', {
    query: { fromSrc: '-', repo: IMAGE, tag: 'latest' },
    raw: busyboxTar(),
    headers: { 'Content-Type': 'application/x-tar' },
  });
  assert.doesNotMatch(answer, /"error"/);
});

await steps.step('run --rm gives output and exit code, and leaves no container', async () => {
  const { Id: id } = await create(['sh', '-c', 'echo out; echo err >&2; exit 7'], { AutoRemove: true });
  const attached = await client.hijack('ContainerAttach', {
    params: { id },
    query: { stream: true, stdout: true, stderr: true },
  });
  const ended = waited(id, 'removed');
  await client.text('ContainerStart', { params: { id } });
  const output = await demuxed(takeAll(attached.wire.inbox));
  attached.wire.socket.destroy();
  assert.deepEqual(output.split('\n').sort(), ['', 'err', 'out']);
  assert.equal(await ended, 7);
  await assert.rejects(inspect(id), /No such container/);
});

let main = '';
await steps.step('a detached container runs with the limits that were asked for', async () => {
  main = await started(['sh', '-c', 'echo begun; trap "exit 5" TERM; while true; do sleep 0.2; done'], {
    Memory: 64 * MIB,
    MemorySwap: 64 * MIB,
    PidsLimit: 50,
    NanoCpus: 5e8,
    CpuShares: 512,
    CpusetCpus: '0',
  });
  assert.equal(control(main, 'memory.max', 'memory', 'memory.limit_in_bytes'), String(64 * MIB));
  assert.equal(control(main, 'pids.max', 'pids', 'pids.max'), '50');
  assert.equal(control(main, 'cpuset.cpus', 'cpuset', 'cpuset.cpus'), '0');
  if (v2) {
    assert.equal(control(main, 'cpu.max', '', ''), '50000 100000');
    assert.equal(control(main, 'cpu.weight', '', ''), '20');
    assert.equal(control(main, 'memory.swap.max', '', '') ?? '0', '0');
  } else {
    assert.equal(control(main, '', 'cpu', 'cpu.cfs_quota_us'), '50000');
    assert.equal(control(main, '', 'cpu', 'cpu.shares'), '512');
  }
});

await steps.step('the processes are in the group, and top lists them', async () => {
  const { State } = await inspect(main);
  assert.match(readFileSync(`/proc/${State.Pid}/cgroup`, 'utf8'), new RegExp(`${group(main)}$`, 'm'));
  const top = await client.json<{ Processes: string[][] }>('ContainerTop', { params: { id: main } });
  assert.ok(
    top.Processes.some((row) => row.includes(String(State.Pid))),
    JSON.stringify(top),
  );
});

await steps.step('logs give what was written', async () => {
  await until(async () => assert.equal(await logs(main), 'begun\n'));
});

await steps.step('exec gives output and exit code, and sees its own group as the root', async () => {
  const seen = await exec(main, 'sh', '-c', 'cat /proc/self/cgroup /sys/fs/cgroup/memory.max; exit 3');
  assert.equal(seen.code, 3);
  if (v2) assert.equal(seen.output, `0::/\n${64 * MIB}\n`);
});

await steps.step('a group is read-only to its container, and devices that were not given are refused', async () => {
  const limit = v2 ? '/sys/fs/cgroup/memory.max' : '/sys/fs/cgroup/memory/memory.limit_in_bytes';
  const write = await exec(main, 'sh', '-c', `echo -1 > ${limit}`);
  assert.match(write.output, /Read-only file system/);
  const memory = await exec(main, 'sh', '-c', 'mknod /tmp/mem c 1 1 && head -c 1 /tmp/mem');
  assert.match(memory.output, /Operation not permitted/);
  const zero = await exec(main, 'sh', '-c', 'head -c 1 /dev/zero >/dev/null');
  assert.deepEqual(zero, { output: '', code: 0 });
});

await steps.step('pause stops the processes, unpause lets them go on', async () => {
  await client.text('ContainerPause', { params: { id: main } });
  assert.equal((await inspect(main)).State.Status, 'paused');
  if (v2) assert.match(control(main, 'cgroup.events', '', '') ?? '', /frozen 1/);
  await client.text('ContainerUnpause', { params: { id: main } });
  assert.equal((await inspect(main)).State.Status, 'running');
  if (v2) assert.match(control(main, 'cgroup.events', '', '') ?? '', /frozen 0/);
  assert.equal((await exec(main, 'true')).code, 0);
});

await steps.step('a paused container can be killed', async () => {
  const id = await started(['sleep', '1000']);
  await client.text('ContainerPause', { params: { id } });
  await client.text('ContainerKill', { params: { id } });
  assert.equal(await waited(id), 137);
  await removed(id);
});

await steps.step('stats are those of the container', async () => {
  const stats = await client.json<{
    memory_stats: { usage: number; limit: number; stats: Record<string, number> };
    pids_stats: { current: number; limit: number };
    cpu_stats: { cpu_usage: { total_usage: number }; system_cpu_usage: number };
  }>('ContainerStats', { params: { id: main }, query: { stream: false, 'one-shot': true } });
  assert.equal(stats.memory_stats.limit, 64 * MIB);
  assert.ok(stats.memory_stats.usage > 0 && stats.memory_stats.usage < 64 * MIB, `memory ${stats.memory_stats.usage}`);
  assert.ok(Object.hasOwn(stats.memory_stats.stats, v2 ? 'anon' : 'total_rss'), 'memory.stat');
  assert.ok(stats.pids_stats.current >= 1, `pids ${stats.pids_stats.current}`);
  assert.equal(stats.pids_stats.limit, 50);
  assert.ok(stats.cpu_stats.cpu_usage.total_usage > 0, 'cpu');
});

await steps.step('update changes the limits of a running container', async () => {
  await client.text('ContainerUpdate', {
    params: { id: main },
    json: { Memory: 96 * MIB, MemorySwap: 96 * MIB, PidsLimit: 40, CpuShares: 1024 },
  });
  assert.equal(control(main, 'memory.max', 'memory', 'memory.limit_in_bytes'), String(96 * MIB));
  assert.equal(control(main, 'pids.max', 'pids', 'pids.max'), '40');
  if (v2) {
    assert.equal(control(main, 'cpu.weight', '', ''), '39');
    assert.equal(control(main, 'cpu.max', '', ''), '50000 100000');
  }
});

const hungry = { Memory: 16 * MIB, MemorySwap: 16 * MIB };
await steps.step('a container that wants too much memory ends with 137 and is known to', async () => {
  const id = await started(['tail', '/dev/zero'], hungry);
  assert.equal(await waited(id), 137);
  assert.equal((await inspect(id)).State.OOMKilled, true);
  await removed(id);
});

await steps.step(
  'a child killed for want of memory is known too, and the exit code is the first process’s',
  async () => {
    const id = await started(['sh', '-c', 'tail /dev/zero; exit 4'], hungry);
    assert.equal(await waited(id), 4);
    assert.equal((await inspect(id)).State.OOMKilled, true);
    await removed(id);
  },
);

await steps.step('an exit by SIGKILL is no want of memory', async () => {
  const id = await started(['sleep', '1000'], hungry);
  await client.text('ContainerKill', { params: { id } });
  assert.equal(await waited(id), 137);
  assert.equal((await inspect(id)).State.OOMKilled, false);
  await removed(id);
});

await steps.step('processes that outlive the first one in the host’s PID namespace are ended', async () => {
  const id = await started(['sh', '-c', 'sleep 987 & exit 0'], { PidMode: 'host' });
  assert.equal(await waited(id), 0);
  await until(() => assert.equal(existsSync(controllerDirectory(trees, v2 ? '' : 'pids', group(id)) ?? ''), false));
  await removed(id);
});

await steps.step('groups that a privileged container makes go with it', async () => {
  const script = 'mkdir /sys/fs/cgroup/inner && echo 0 > /sys/fs/cgroup/inner/cgroup.procs && echo moved; sleep 1000';
  const id = await started(['sh', '-c', v2 ? script : 'echo moved; sleep 1000'], { Privileged: true });
  await until(async () => assert.equal(await logs(id), 'moved\n'));
  assert.equal((await exec(id, 'true')).code, 0);
  await client.text('ContainerPause', { params: { id } });
  await client.text('ContainerUnpause', { params: { id } });
  const { State } = await inspect(id);
  const top = await client.json<{ Processes: string[][] }>('ContainerTop', { params: { id } });
  assert.ok(
    top.Processes.some((row) => row.includes(String(State.Pid))),
    JSON.stringify(top),
  );
  await removed(id);
  assert.equal(existsSync(controllerDirectory(trees, v2 ? '' : 'pids', group(id)) ?? ''), false);
});

async function survives(): Promise<void> {
  const brief = await started(['sh', '-c', 'sleep 2; exit 9']);
  const starved = await started(['sh', '-c', 'sleep 2; tail /dev/zero'], hungry);
  const frozen = await started(['sleep', '1000']);
  await client.text('ContainerPause', { params: { id: frozen } });
  const { Pid: before } = (await inspect(main)).State;
  await daemon.kill();
  await new Promise((resolve) => setTimeout(resolve, 4000));
  await daemon.up();
  const { State } = await inspect(main);
  assert.deepEqual([State.Status, State.Pid], ['running', before]);
  assert.deepEqual(await exec(main, 'echo', 'again'), { output: 'again\n', code: 0 });
  assert.equal((await inspect(brief)).State.ExitCode, 9);
  const { State: end } = await inspect(starved);
  assert.deepEqual([end.ExitCode, end.OOMKilled], [137, true]);
  assert.equal((await inspect(frozen)).State.Status, 'paused');
  await client.text('ContainerUnpause', { params: { id: frozen } });
  assert.equal((await exec(frozen, 'true')).code, 0);
  await removed(brief, starved, frozen);
}
if (withCrash) await steps.step('a daemon that was killed takes back what runs and what ended meanwhile', survives);

await steps.step('stop asks the process to end, and its exit code is kept', async () => {
  await client.text('ContainerStop', { params: { id: main } });
  assert.equal((await inspect(main)).State.ExitCode, 5);
  await client.text('ContainerStart', { params: { id: main } });
  assert.equal((await inspect(main)).State.Status, 'running');
});

await steps.step('remove leaves no process, mount, control group, or state of the runtime', async () => {
  await removed(main);
  assert.deepEqual(daemon.leftovers(), []);
  for (const folder of ['c', 'exits', 'runtime', 'trial'])
    assert.deepEqual(existsSync(join(daemon.execRoot, folder)) ? readdirSync(join(daemon.execRoot, folder)) : [], []);
});

await steps.step('the daemon ends when it is asked to, and its control group with it', async () => {
  await daemon.stop();
  assert.equal(existsSync(controllerDirectory(trees, v2 ? '' : 'memory', dirname(group(main))) ?? ''), false);
});

process.stderr.write(daemon.log);
await daemon[Symbol.asyncDispose]();
process.stdout.write(`${JSON.stringify(steps.results)}\n`);
process.exit(0);
