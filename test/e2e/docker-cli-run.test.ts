// The docker CLI runs containers: output, exit codes, and what each flag of `run` gives the process.
import assert from 'node:assert/strict';
import { existsSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { type Result, TestDaemon, until } from '../support/daemon.ts';
import { dockerMissing, Program } from '../support/program.ts';

let daemon: TestDaemon;

/** `docker run --rm --network none …`. */
function run(...args: string[]): Promise<Result> {
  return daemon.docker('run', '--rm', '--network', 'none', ...args);
}

/** What a shell in the container prints; fails the test when it does not end with 0. */
async function shell(flags: string[], script: string): Promise<string> {
  const { code, stdout, stderr } = await run(...flags, 'busybox', 'sh', '-c', script);
  assert.equal(code, 0, stderr);
  assert.equal(stderr, '');
  return stdout;
}

/** A control group's file, by its name in version 2, or by controller and name in version 1. */
function groupFile(two: string, one: string): string {
  return `cat /sys/fs/cgroup/${two} 2>/dev/null || cat /sys/fs/cgroup/${one}`;
}

suite('docker run', { skip: dockerMissing() }, () => {
  before(async () => {
    daemon = await TestDaemon.start();
    await daemon.busybox();
  });

  after(async () => {
    const { stdout } = await daemon.docker('ps', '--all', '--quiet');
    assert.deepEqual(await daemon.end(), []);
    assert.equal(stdout, '', 'every container was removed');
  });

  test('stdout, stderr and the exit code are those of the process', async () => {
    assert.deepEqual(await run('busybox', 'sh', '-c', 'echo out; echo err >&2; exit 3'), {
      code: 3,
      stdout: 'out\n',
      stderr: 'err\n',
    });
  });

  test('a megabyte of output arrives whole', async () => {
    const { stdout } = await run('busybox', 'sh', '-c', 'yes 0123456789abcde | head -c 1048576');
    assert.equal(stdout, '0123456789abcde\n'.repeat(65_536));
  });

  for (const [what, args, code, words] of [
    ['1 for a process that says so', ['busybox', 'false'], 1, /^$/],
    [
      '125 for an image that is not there',
      ['--pull', 'never', 'nosuch:image', 'true'],
      125,
      /No such image: nosuch:image/,
    ],
    ['125 for an unknown flag', ['--nosuch', 'busybox'], 125, /unknown flag: --nosuch/],
    ['125 for a mount that cannot be', ['-v', '/tmp:relative', 'busybox'], 125, /invalid mount path: 'relative'/],
    ['126 for a file that cannot be executed', ['busybox', '/etc/passwd'], 126, /permission denied/],
    ['126 for a directory', ['busybox', '/etc'], 126, /is a directory|permission denied/],
    [
      '127 for a command that is not there',
      ['busybox', 'nosuch'],
      127,
      /"nosuch": executable file not found in \$PATH/,
    ],
    ['127 for a path that is not there', ['busybox', '/bin/nosuch'], 127, /no such file or directory/],
    ['137 for SIGKILL', ['busybox', 'sh', '-c', 'sh -c "kill -9 \\$PPID"; exit 137'], 137, /^$/],
    ['143 for SIGTERM', ['--init', 'busybox', 'sh', '-c', 'kill -15 $$'], 143, /^$/],
  ] as const) {
    test(`the exit code is ${what}`, async (t) => {
      if (args[0] === '--init' && !(await hasInit())) return t.skip('no init binary');
      const result = await run(...args);
      assert.deepEqual([result.code, result.stdout], [code, '']);
      assert.match(result.stderr, words);
    });
  }

  async function hasInit(): Promise<boolean> {
    return (await run('--init', 'busybox', 'true')).code === 0;
  }

  test('-i: input is piped in, and its end is the end of input while output goes on', async () => {
    const summed = await daemon.client(
      'docker',
      ['run', '--rm', '-i', '--network', 'none', 'busybox', 'sh', '-c', 'wc -c; sleep 0.2; echo after'],
      { input: 'x'.repeat(300_000) },
    );
    assert.deepEqual(summed, { code: 0, stdout: '300000\nafter\n', stderr: '' });
  });

  test('-i: what is typed is answered while input stays open, until the half-close', async () => {
    using program = new Program(daemon.command('docker', ['run', '--rm', '-i', '--network', 'none', 'busybox', 'cat']));
    program.type('one\n');
    await program.expect(/^one\n$/);
    program.type('two\n');
    await program.expect(/^one\ntwo\n$/);
    program.closeInput();
    assert.equal(await program.ended, 0);
  });

  test('without -i the process has no input', async () => {
    assert.equal(await shell([], 'wc -c'), '0\n');
  });

  test('-a stderr leaves stdout out', async () => {
    assert.deepEqual(await run('-a', 'stderr', 'busybox', 'sh', '-c', 'echo out; echo err >&2'), {
      code: 0,
      stdout: '',
      stderr: 'err\n',
    });
  });

  test('-d prints the id, the container goes on, and --cidfile holds the same id', async () => {
    const file = join(daemon.folder, 'cid');
    const { code, stdout } = await daemon.docker(
      'run',
      '-d',
      '--network',
      'none',
      '--cidfile',
      file,
      '--name',
      'detached',
      'busybox',
      'sleep',
      '1000',
    );
    assert.equal(code, 0);
    assert.match(stdout, /^[0-9a-f]{64}\n$/);
    assert.equal(readFileSync(file, 'utf8'), stdout.trim());
    const again = await run('--cidfile', file, 'busybox', 'true');
    assert.equal(again.code, 125);
    assert.match(again.stderr, /container ID file found/);
    assert.equal(
      (await daemon.docker('inspect', '-f', '{{.State.Running}} {{.Id}}', 'detached')).stdout,
      `true ${stdout}`,
    );
    await daemon.docker('rm', '-f', 'detached');
  });

  test('--rm removes the container, also when the command is not there', async () => {
    await run('--name', 'fleeting', 'busybox', 'true');
    await run('--name', 'fleeting', 'busybox', 'nosuch');
    assert.equal((await daemon.docker('ps', '-aq', '--filter', 'name=fleeting')).stdout, '');
  });

  test('-e, --env-file: values, a name alone taken from the client, and an empty value', async () => {
    const file = join(daemon.folder, 'env');
    writeFileSync(file, '# a comment\nFROM_FILE=file value\nBOTH=file\nHOME_OF_CLIENT\n');
    const out = await shell(
      ['--env-file', file, '-e', 'BOTH=flag', '-e', 'EMPTY=', '-e', 'SPACES=a  b', '-e', 'NOT_SET_ANYWHERE'],
      'env | sort',
    );
    for (const line of ['BOTH=flag', 'EMPTY=', 'FROM_FILE=file value', 'SPACES=a  b', 'HOME=/root'])
      assert.ok(out.split('\n').includes(line), `${line} in ${out}`);
    assert.doesNotMatch(out, /NOT_SET_ANYWHERE|HOME_OF_CLIENT|BOTH=file/);
    assert.match(out, /^PATH=\/usr\/local\/sbin:/m);
  });

  test('-w is made where it is missing, -u sets user and groups', async () => {
    assert.equal(await shell(['-w', '/made/here'], 'pwd'), '/made/here\n');
    assert.equal(await shell(['-u', '1234:5678', '--group-add', '99'], 'id'), 'uid=1234 gid=5678 groups=99,5678\n');
    assert.match(await shell(['-u', 'nobody'], 'id -un'), /^nobody\n$/);
  });

  test('--entrypoint replaces the image’s, with the arguments after it', async () => {
    assert.deepEqual(await run('--entrypoint', 'echo', 'busybox', 'a', 'b c'), {
      code: 0,
      stdout: 'a b c\n',
      stderr: '',
    });
  });

  test('--hostname, and the short id without it', async () => {
    assert.equal(await shell(['--hostname', 'ship'], 'hostname; cat /etc/hostname'), 'ship\nship\n');
    const plain = await shell([], 'hostname');
    assert.match(plain, /^[0-9a-f]{12}\n$/);
  });

  test('--add-host, --dns, --dns-search and --dns-option write hosts and resolv.conf', async () => {
    const out = await shell(
      ['--add-host', 'far:10.1.2.3', '--dns', '10.9.8.7', '--dns-search', 'example.test', '--dns-option', 'ndots:3'],
      'cat /etc/hosts /etc/resolv.conf',
    );
    assert.match(out, /^10\.1\.2\.3\s+far$/m);
    assert.match(out, /^nameserver 10\.9\.8\.7$/m);
    assert.match(out, /^search example\.test$/m);
    assert.match(out, /^options ndots:3$/m);
  });

  test('--ulimit sets soft and hard limits', async () => {
    assert.equal(
      await shell(['--ulimit', 'nofile=100:200', '--ulimit', 'core=0'], 'ulimit -Sn; ulimit -Hn; ulimit -c'),
      '100\n200\n0\n',
    );
  });

  test('--tmpfs, --shm-size and --read-only', async () => {
    const out = await shell(
      ['--read-only', '--tmpfs', '/scratch:size=1m,mode=1770', '--shm-size', '8m'],
      'touch /scratch/x && stat -c %a /scratch; touch /x 2>&1; df -k /scratch /dev/shm | tail -n 2; touch /etc/x 2>&1; true',
    );
    assert.match(out, /^1770\n/);
    assert.match(out, /touch: \/x: Read-only file system/);
    assert.match(out, /touch: \/etc\/x: Read-only file system/);
    assert.match(out, /tmpfs\s+1024 .*\/scratch/);
    assert.match(out, /shm\s+8192 .*\/dev\/shm/);
  });

  test('--cap-drop, --cap-add and --privileged', async () => {
    const bits = async (...flags: string[]): Promise<bigint> =>
      BigInt(`0x${(await shell(flags, "sed -n 's/CapEff:\\s*//p' /proc/self/status")).trim()}`);
    assert.equal(await bits(), 0xa80425fbn);
    assert.equal(await bits('--cap-drop', 'ALL'), 0n);
    assert.equal(await bits('--cap-drop', 'all', '--cap-add', 'CHOWN', '--cap-add', 'cap_net_raw'), 0x2001n);
    assert.ok((await bits('--privileged')) > 0xa80425fbn);
    assert.equal(await bits('-u', '1000'), 0n);
  });

  test('--security-opt: no-new-privileges, seccomp', async () => {
    const field = (name: string, ...flags: string[]): Promise<string> =>
      shell(flags, `sed -n 's/^${name}:\\s*//p' /proc/self/status`);
    assert.equal(await field('NoNewPrivs'), '0\n');
    assert.equal(await field('NoNewPrivs', '--security-opt', 'no-new-privileges'), '1\n');
    assert.equal(await field('Seccomp'), '2\n');
    assert.equal(await field('Seccomp', '--security-opt', 'seccomp=unconfined'), '0\n');
    assert.equal(await field('Seccomp', '--privileged'), '0\n');
    const profile = join(daemon.folder, 'profile.json');
    writeFileSync(
      profile,
      JSON.stringify({
        defaultAction: 'SCMP_ACT_ALLOW',
        syscalls: [{ names: ['mkdir', 'mkdirat'], action: 'SCMP_ACT_ERRNO' }],
      }),
    );
    assert.match(
      await shell(['--security-opt', `seccomp=${profile}`], 'mkdir /tmp/x 2>&1; true'),
      /Operation not permitted/,
    );
    const refused = await run('--security-opt', 'nosuch=1', 'busybox', 'true');
    assert.equal(refused.code, 125);
    assert.match(refused.stderr, /invalid --security-opt 2: "nosuch=1"|invalid --security-opt/);
  });

  test('/proc/sys and /sys are read-only and paths are masked, unless unconfined or privileged', async () => {
    const mounts = "awk '{ print $2, substr($4, 1, 2) }' /proc/mounts";
    const plain = await shell([], mounts);
    assert.match(plain, /^\/proc\/sys ro$/m);
    assert.match(plain, /^\/sys ro$/m);
    assert.match(plain, /^\/sys\/firmware ro$/m);
    assert.doesNotMatch(
      await shell(['--security-opt', 'systempaths=unconfined'], mounts),
      /^\/proc\/sys|^\/sys\/firmware/m,
    );
    assert.match(await shell(['--privileged'], mounts), /^\/sys rw$/m);
  });

  test('--init: the first process is an init that reaps', async (t) => {
    if (!(await hasInit())) return t.skip('no init binary');
    assert.match(await shell(['--init'], 'cat /proc/1/cmdline | tr "\\0" " "'), /^\/sbin\/docker-init -- sh -c/);
  });

  test('--pid, --ipc, --uts: own, the host’s, another container’s', async () => {
    await daemon.docker(
      'run',
      '-d',
      '--network',
      'none',
      '--name',
      'other',
      '--ipc',
      'shareable',
      'busybox',
      'sleep',
      '1000',
    );
    const space = async (kind: string, ...flags: string[]): Promise<string> =>
      (await shell(flags, `readlink /proc/self/ns/${kind}`)).trim();
    const inside = async (kind: string): Promise<string> =>
      (await daemon.docker('exec', 'other', 'readlink', `/proc/self/ns/${kind}`)).stdout.trim();
    for (const kind of ['pid', 'ipc', 'uts'] as const) {
      const own = await space(kind);
      assert.notEqual(own, readlinkSync(`/proc/self/ns/${kind}`), `${kind} is not the host's`);
      assert.equal(await space(kind, `--${kind}`, 'host'), readlinkSync(`/proc/self/ns/${kind}`));
    }
    for (const kind of ['pid', 'ipc'] as const)
      assert.equal(await space(kind, `--${kind}`, 'container:other'), await inside(kind));
    await daemon.docker('rm', '-f', 'other');
  });

  test('--network none, host and container:X', async () => {
    assert.equal(await shell([], 'ls /sys/class/net'), 'lo\n');
    const { stdout } = await daemon.docker(
      'run',
      '--rm',
      '--network',
      'host',
      'busybox',
      'sh',
      '-c',
      'readlink /proc/self/ns/net; hostname',
    );
    assert.equal(stdout, `${readlinkSync('/proc/self/ns/net')}\n${readFileSync('/proc/sys/kernel/hostname', 'utf8')}`);
    await daemon.docker(
      'run',
      '-d',
      '--network',
      'none',
      '--name',
      'server',
      '--hostname',
      'harbour.test',
      'busybox',
      'sh',
      '-c',
      'mkdir /www; echo page > /www/index.html; httpd -f -p 127.0.0.1:80 -h /www',
    );
    const fetched = await daemon.docker(
      'run',
      '--rm',
      '--network',
      'container:server',
      'busybox',
      'sh',
      '-c',
      'for i in 1 2 3 4 5 6 7 8 9; do wget -q -O - http://127.0.0.1/ && break; sleep 0.2; done; hostname',
    );
    assert.deepEqual(fetched, { code: 0, stdout: 'page\nharbour.test\n', stderr: fetched.stderr });
    await daemon.docker('rm', '-f', 'server');
    const missing = await daemon.docker('run', '--rm', '--network', 'container:nosuch', 'busybox', 'true');
    assert.equal(missing.code, 125);
    assert.match(missing.stderr, /joining network namespace of container: No such container: nosuch/);
  });

  test('-m, --cpus, --cpu-shares, --pids-limit are in the control group', async () => {
    const out = await shell(
      ['-m', '64m', '--cpus', '0.5', '--pids-limit', '50'],
      [
        groupFile('memory.max', 'memory/memory.limit_in_bytes'),
        groupFile('cpu.max', 'cpu/cpu.cfs_quota_us'),
        groupFile('pids.max', 'pids/pids.max'),
      ].join('; '),
    );
    assert.match(out, /^67108864\n50000( 100000)?\n50\n$/);
    assert.equal(
      existsSync('/sys/fs/cgroup/cpu/cpu.shares')
        ? await shell(['--cpu-shares', '512'], 'cat /sys/fs/cgroup/cpu/cpu.shares')
        : '512\n',
      '512\n',
    );
    const refused = await run('-m', '1m', 'busybox', 'true');
    assert.equal(refused.code, 125);
    assert.match(refused.stderr, /Minimum memory limit allowed is 6MB/);
  });

  test('docker update changes the limits of a running container', async () => {
    await daemon.docker('run', '-d', '--network', 'none', '--name', 'limited', '-m', '64m', 'busybox', 'sleep', '1000');
    const updated = await daemon.docker(
      'update',
      '--memory',
      '96m',
      '--memory-swap',
      '-1',
      '--pids-limit',
      '33',
      'limited',
    );
    assert.deepEqual([updated.code, updated.stdout], [0, 'limited\n'], updated.stderr);
    const { stdout } = await daemon.docker(
      'exec',
      'limited',
      'sh',
      '-c',
      `${groupFile('memory.max', 'memory/memory.limit_in_bytes')}; ${groupFile('pids.max', 'pids/pids.max')}`,
    );
    assert.equal(stdout, '100663296\n33\n');
    const lifted = await daemon.docker('update', '--pids-limit', '-1', '--cpu-quota', '-1', 'limited');
    assert.equal(lifted.code, 0, lifted.stderr);
    const limits = `${groupFile('pids.max', 'pids/pids.max')}; ${groupFile('cpu.max', 'cpu/cpu.cfs_quota_us')}`;
    assert.match((await daemon.docker('exec', 'limited', 'sh', '-c', limits)).stdout, /^max\n(max 100000|-1)\n$/);
    await daemon.docker('rm', '-f', 'limited');
  });

  test('--device', async () => {
    assert.equal(
      await shell(['--device', '/dev/null:/dev/mine:r'], 'test -c /dev/mine && cat /dev/mine; echo $?'),
      '0\n',
    );
    const missing = await run('--device', '/dev/nosuch', 'busybox', 'true');
    assert.equal(missing.code, 127, 'as dockerd: the message says “no such file or directory”');
    assert.match(missing.stderr, /error gathering device information while adding custom device "\/dev\/nosuch"/);
  });

  test('--label, --label-file, --stop-signal and --stop-timeout are remembered', async () => {
    const file = join(daemon.folder, 'labels');
    writeFileSync(file, 'from.file=yes\n');
    await daemon.docker(
      'create',
      '--name',
      'labelled',
      '--label',
      'a=b',
      '--label',
      'bare',
      '--label-file',
      file,
      '--stop-signal',
      'SIGUSR1',
      '--stop-timeout',
      '3',
      'busybox',
    );
    const { stdout } = await daemon.docker(
      'inspect',
      '-f',
      '{{json .Config.Labels}} {{.Config.StopSignal}} {{.Config.StopTimeout}}',
      'labelled',
    );
    assert.equal(stdout, '{"a":"b","bare":"","from.file":"yes"} SIGUSR1 3\n');
    await daemon.docker('rm', 'labelled');
  });

  test('--sig-proxy: a signal to the client is a signal to the process', async () => {
    using program = new Program(
      daemon.command('docker', [
        'run',
        '--rm',
        '--network',
        'none',
        'busybox',
        'sh',
        '-c',
        'trap "echo caught; exit 9" TERM; echo ready; while :; do sleep 0.05; done',
      ]),
    );
    await program.expect(/ready\n/);
    program.signal('SIGTERM');
    assert.equal(await program.ended, 9);
    assert.equal(program.stdout, 'ready\ncaught\n');
  });

  test('--sysctl and --oom-score-adj', async () => {
    assert.equal(
      await shell(
        ['--sysctl', 'net.ipv4.ip_forward=1', '--oom-score-adj', '500'],
        'cat /proc/sys/net/ipv4/ip_forward /proc/self/oom_score_adj',
      ),
      '1\n500\n',
    );
  });

  test('--restart on-failure:2 tries again twice, and the count is in inspect', async () => {
    await daemon.docker(
      'run',
      '-d',
      '--network',
      'none',
      '--name',
      'stubborn',
      '--restart',
      'on-failure:2',
      'busybox',
      'sh',
      '-c',
      'echo try; exit 5',
    );
    assert.equal((await daemon.docker('wait', 'stubborn')).stdout, '5\n');
    await until(async () => {
      const { stdout } = await daemon.docker(
        'inspect',
        '-f',
        '{{.RestartCount}} {{.State.ExitCode}} {{.State.Status}}',
        'stubborn',
      );
      assert.equal(stdout, '2 5 exited\n');
    });
    assert.equal((await daemon.docker('logs', 'stubborn')).stdout, 'try\ntry\ntry\n');
    await daemon.docker('rm', 'stubborn');
  });
});
