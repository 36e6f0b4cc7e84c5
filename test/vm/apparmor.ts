// The scenario of a host with AppArmor: what profile containers have, and what it keeps them from.
//
//   node apparmor.ts [--without-parser]
//
// runs it against a daemon of its own, as root; a line of JSON on stdout, the daemon's log on stderr.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { Client, Demux } from '../../src/client/index.ts';
import { TestDaemon } from '../support/daemon.ts';
import { Steps } from './steps.ts';

const withParser = process.argv[2] !== '--without-parser';
const IMAGE = 'busybox';
const PROFILES = '/sys/kernel/security/apparmor/profiles';
/** Loaded and enforced, or not there. */
const DEFAULT = withParser ? 'docker-default (enforce)' : 'unconfined';
const SHOW = ['cat', '/proc/self/attr/current'];

const steps = new Steps();
const daemon = await TestDaemon.start([]);
const client = new Client({ kind: 'unix', path: daemon.socket, shown: daemon.host });

function imageTar(): Buffer {
  const folder = mkdtempSync('/tmp/berth-busybox-');
  try {
    for (const name of ['bin', 'mnt', 'proc', 'sys', 'dev']) mkdirSync(join(folder, name));
    copyFileSync(existsSync('/usr/bin/busybox') ? '/usr/bin/busybox' : '/bin/busybox', join(folder, 'bin/busybox'));
    for (const name of ['sh', 'cat', 'sleep', 'mount']) symlinkSync('busybox', join(folder, 'bin', name));
    return execFileSync('tar', ['-c', '-C', folder, '.'], { maxBuffer: 16 * 1024 * 1024 });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function create(command: readonly string[], hostConfig: object): Promise<string> {
  const { Id } = await client.json<{ Id: string }>('ContainerCreate', {
    json: { Image: IMAGE, Cmd: command, HostConfig: { NetworkMode: 'none', ...hostConfig } },
  });
  return Id;
}

/** Output of both streams, and the exit code. */
async function run(
  command: readonly string[],
  hostConfig: object = {},
): Promise<{ text: string; code: number; id: string }> {
  const id = await create(command, hostConfig);
  await client.text('ContainerStart', { params: { id } });
  const { StatusCode: code } = await client.json<{ StatusCode: number }>('ContainerWait', {
    params: { id },
    json: undefined,
  });
  let text = '';
  const demux = new Demux((_, data) => (text += data.toString('utf8')));
  const { body } = await client.stream('ContainerLogs', { params: { id }, query: { stdout: true, stderr: true } });
  for await (const chunk of body) demux.push(chunk);
  return { text: text.trim(), code, id };
}

async function end(): Promise<never> {
  process.stderr.write(daemon.log);
  await daemon[Symbol.asyncDispose]();
  process.stdout.write(`${JSON.stringify(steps.results)}\n`);
  process.exit(0);
}

const profileOf = async (id: string): Promise<string> =>
  (await client.json<{ AppArmorProfile: string }>('ContainerInspect', { params: { id } })).AppArmorProfile;

await steps.step('the host has AppArmor, and info says what containers get', async () => {
  assert.ok(existsSync(PROFILES), 'the kernel has no AppArmor');
  const { SecurityOptions } = await client.json<{ SecurityOptions: string[] }>('SystemInfo');
  assert.equal(SecurityOptions.includes('name=apparmor'), withParser);
  assert.equal(/^docker-default \(enforce\)$/m.test(readFileSync(PROFILES, 'utf8')), withParser);
  if (!withParser) assert.match(daemon.log, /apparmor_parser/);
});

await steps.step('an image is imported', async () => {
  const answer = await client.text('ImageCreate', {
    query: { fromSrc: '-', repo: IMAGE, tag: 'latest' },
    raw: imageTar(),
    headers: { 'Content-Type': 'application/x-tar' },
  });
  assert.doesNotMatch(answer, /"error"/);
});

await steps.step('a container has the default profile', async () => {
  const { text, code, id } = await run(SHOW);
  assert.deepEqual([text, code, await profileOf(id)], [DEFAULT, 0, withParser ? 'docker-default' : 'unconfined']);
});

if (!withParser) await end();

await steps.step('the profile refuses what capabilities and seccomp would allow', async () => {
  const mount = ['mount', '-t', 'tmpfs', 'none', '/mnt'];
  const allowed = { CapAdd: ['SYS_ADMIN'], SecurityOpt: ['seccomp=unconfined'] };
  const { text, code } = await run(mount, allowed);
  assert.notEqual(code, 0, text);
  const unconfined = { ...allowed, SecurityOpt: ['seccomp=unconfined', 'apparmor=unconfined'] };
  assert.equal((await run(mount, unconfined)).code, 0);
});

await steps.step('unconfined is what is asked for, and what a privileged container is', async () => {
  const asked = await run(SHOW, { SecurityOpt: ['apparmor=unconfined'] });
  const privileged = await run(SHOW, { Privileged: true });
  assert.deepEqual([asked.text, privileged.text], ['unconfined', 'unconfined']);
  assert.deepEqual([await profileOf(asked.id), await profileOf(privileged.id)], ['unconfined', 'unconfined']);
});

await steps.step('a profile that is not loaded keeps the container from starting', async () => {
  const id = await create(SHOW, { SecurityOpt: ['apparmor=nonsense'] });
  await assert.rejects(client.text('ContainerStart', { params: { id } }), /apparmor/i);
});

await steps.step('a profile that somebody took away is loaded again', async () => {
  execFileSync('apparmor_parser', ['-R'], { input: 'profile docker-default {}\n' });
  assert.doesNotMatch(readFileSync(PROFILES, 'utf8'), /docker-default/);
  assert.equal((await run(SHOW)).text, DEFAULT);
});

await end();
