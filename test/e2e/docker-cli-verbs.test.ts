// The docker CLI looks at containers and handles them: exec, logs, ps, inspect, events, and the verbs of a container's life.
import assert from 'node:assert/strict';
import { after, before, beforeEach, suite, test } from 'node:test';
import { pause, type Result, TestDaemon, until } from '../support/daemon.ts';
import { dockerMissing, Program } from '../support/program.ts';

let daemon: TestDaemon;

/** Runs it, and fails the test when the exit code is not 0; what it printed, without the last newline. */
async function docker(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await daemon.docker(...args);
  assert.equal(code, 0, `docker ${args.join(' ')}: ${stderr}`);
  return stdout.replace(/\n$/, '');
}

async function refused(words: RegExp, code: number, ...args: string[]): Promise<void> {
  const result = await daemon.docker(...args);
  assert.equal(result.code, code, `${result.stdout}${result.stderr}`);
  assert.match(result.stderr, words);
}

/** A container that goes on until it is told otherwise, removed at the end of the test. */
async function running(name: string, ...command: string[]): Promise<AsyncDisposable> {
  const end = command.length > 0 ? command : ['sleep', '1000'];
  await docker('run', '-d', '--network', 'none', '--stop-timeout', '0', '--name', name, 'busybox', ...end);
  return { [Symbol.asyncDispose]: async () => void (await daemon.docker('rm', '-f', name)) };
}

suite('docker', { skip: dockerMissing() }, () => {
  before(async () => {
    daemon = await TestDaemon.start();
    await daemon.busybox();
  });

  beforeEach(async () => assert.equal(await docker('ps', '-aq'), '', 'the test before left nothing'));

  after(async () => {
    assert.deepEqual(await daemon.end(), []);
  });

  test('exec: output, exit codes 0, 3, 126, 127 and 1 for a container that does not run', async () => {
    await using _ = await running('box');
    const exec = (...args: string[]): Promise<Result> => daemon.docker('exec', 'box', ...args);
    assert.deepEqual(await exec('sh', '-c', 'echo out; echo err >&2; exit 3'), {
      code: 3,
      stdout: 'out\n',
      stderr: 'err\n',
    });
    assert.equal((await exec('nosuch')).code, 127);
    assert.match((await exec('nosuch')).stdout, /executable file not found in \$PATH/);
    assert.equal((await exec('/etc/passwd')).code, 126);
    assert.equal((await exec('sh', '-c', 'kill -9 $$')).code, 137);
    await docker('stop', 'box');
    await refused(/container [0-9a-f]{64} is not running/, 1, 'exec', 'box', 'true');
    await refused(/No such container: nosuch/, 1, 'exec', 'nosuch', 'true');
  });

  test('what a program says arrives whole when it leaves its input unread, by exec -i and by run -i', async () => {
    await using _ = await running('box');
    const loud = ['sh', '-c', 'echo out; exec <&-; head -c 300000 /dev/zero; echo end; exit 3'];
    for (let turn = 0; turn < 10; turn++)
      for (const command of [
        ['exec', '-i', 'box', ...loud],
        ['run', '--rm', '-i', '--network', 'none', 'busybox', ...loud],
      ]) {
        const { code, stdout } = await daemon.client('docker', command, { input: 'never read\n'.repeat(turn * 2000) });
        assert.equal(code, 3);
        assert.equal(stdout.length, 'out\n'.length + 300_000 + 'end\n'.length, command[0]);
      }
  });

  test('exec -i: a megabyte through cat, and what is typed is answered before the half-close', async () => {
    await using _ = await running('box');
    const much = '0123456789abcde\n'.repeat(65_536);
    const { stdout } = await daemon.client('docker', ['exec', '-i', 'box', 'cat'], { input: much });
    assert.equal(stdout.length, much.length);
    assert.equal(stdout, much);
    using program = new Program(daemon.command('docker', ['exec', '-i', 'box', 'cat']));
    program.type('typed\n');
    await program.expect(/^typed\n$/);
    program.closeInput();
    assert.equal(await program.ended, 0);
  });

  test('exec -t has a terminal, -u, -w, -e, --env-file and --privileged change the process', async () => {
    await using _ = await running('box');
    assert.equal(await docker('exec', '-t', 'box', 'tty').then((text) => text.trim()), '/dev/pts/0');
    assert.match(await docker('exec', 'box', 'sh', '-c', 'tty || true'), /not a tty/);
    assert.equal(await docker('exec', '-u', '12:34', 'box', 'id'), 'uid=12 gid=34 groups=34');
    const nobody = await daemon.docker('exec', '-u', 'nosuch', 'box', 'true');
    assert.equal(nobody.code, 1);
    assert.match(nobody.stderr, /^Error response from daemon: unable to find user nosuch: no matching entries/);
    assert.equal(await docker('exec', '-w', '/tmp', 'box', 'pwd'), '/tmp');
    assert.equal(
      await docker('exec', '-e', 'A=1', '-e', 'B=two words', 'box', 'sh', '-c', 'echo "$A $B"'),
      '1 two words',
    );
    const bits = "sed -n 's/CapEff:\\s*//p' /proc/self/status";
    assert.equal(await docker('exec', 'box', 'sh', '-c', bits), '00000000a80425fb');
    assert.notEqual(await docker('exec', '--privileged', 'box', 'sh', '-c', bits), '00000000a80425fb');
  });

  test('exec -d comes back at once and the process goes on', async () => {
    await using _ = await running('box');
    assert.equal(await docker('exec', '-d', 'box', 'sh', '-c', 'sleep 0.2; touch /done'), '');
    await until(async () => assert.equal((await daemon.docker('exec', 'box', 'ls', '/done')).code, 0));
  });

  test('logs: both streams, --tail, --since, --until, -t, --details', async () => {
    await using _ = await running(
      'box',
      'sh',
      '-c',
      'for i in 1 2 3 4; do echo line $i; sleep 0.02; done; echo wrong >&2; sleep 1.1; echo late; sleep 1000',
    );
    await until(async () => assert.match(await docker('logs', 'box'), /late/));
    const all = await daemon.docker('logs', 'box');
    assert.deepEqual(all, { code: 0, stdout: 'line 1\nline 2\nline 3\nline 4\nlate\n', stderr: 'wrong\n' });
    assert.equal(await docker('logs', '--tail', '1', 'box'), 'late');
    assert.equal(await docker('logs', '--tail', '0', 'box'), '');
    const stamped = (await docker('logs', '-t', 'box')).split('\n');
    assert.match(stamped[0] ?? '', /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z line 1$/);
    const time = (stamped.at(-1) ?? '').split(' ')[0] ?? '';
    assert.equal(await docker('logs', '--since', time, 'box'), 'late');
    const early = (stamped[1] ?? '').split(' ')[0] ?? '';
    assert.equal(await docker('logs', '--until', early, 'box'), 'line 1\nline 2');
  });

  test('logs -f shows what comes, and ends with the container', async () => {
    await using _ = await running(
      'box',
      'sh',
      '-c',
      'echo first; until [ -e /go ]; do sleep 0.02; done; echo second; until [ -e /end ]; do sleep 0.02; done; echo last',
    );
    using program = new Program(daemon.command('docker', ['logs', '-f', 'box']));
    await program.expect(/^first\n$/);
    await docker('exec', 'box', 'touch', '/go');
    await program.expect(/^first\nsecond\n$/);
    // the container may end, and take this with it, before it is told to have ended
    await daemon.docker('exec', 'box', 'touch', '/end');
    assert.equal(await program.ended, 0);
    assert.equal(program.stdout, 'first\nsecond\nlast\n');
  });

  test('ps: filters, --format, -q, --no-trunc, -n, -s', async () => {
    await using _ = await running('runs');
    await docker('create', '--name', 'waits', '--label', 'tier=web', 'busybox', 'true');
    await daemon.docker(
      'run',
      '--name',
      'ended',
      '--network',
      'none',
      '--label',
      'tier=db',
      'busybox',
      'sh',
      '-c',
      'exit 4',
    );
    const names = (...args: string[]): Promise<string> =>
      docker('ps', '--format', '{{.Names}}', ...args).then((text) => text.split('\n').toSorted().join(' '));
    assert.equal(await names(), 'runs');
    assert.equal(await names('-a'), 'ended runs waits');
    assert.equal(await names('-a', '--filter', 'status=created'), 'waits');
    assert.equal(await names('-a', '--filter', 'exited=4'), 'ended');
    assert.equal(await names('-a', '--filter', 'label=tier'), 'ended waits');
    assert.equal(await names('-a', '--filter', 'label=tier=db'), 'ended');
    assert.equal(await names('-a', '--filter', 'name=^/?w'), 'waits');
    assert.equal(await names('-a', '--filter', 'ancestor=busybox'), 'ended runs waits');
    assert.equal(await names('-a', '--filter', 'since=runs'), 'ended waits');
    assert.equal(await names('-a', '--filter', 'before=waits'), 'runs');
    assert.equal(await names('-n', '1'), 'ended');
    assert.match(await docker('ps', '-q'), /^[0-9a-f]{12}$/);
    assert.match(await docker('ps', '-q', '--no-trunc'), /^[0-9a-f]{64}$/);
    assert.match(await docker('ps', '-s', '--format', '{{.Size}}'), /^\d+(\.\d+)?[kM]?B \(virtual \d/);
    assert.match(
      await docker('ps', '-a', '--filter', 'name=ended', '--format', '{{.Status}}|{{.Command}}|{{.Image}}|{{.Ports}}'),
      /^Exited \(4\) (Less than a|\d+) seconds? ago\|"sh -c 'exit 4'"\|busybox\|$/,
    );
    assert.match(
      await docker('ps'),
      /^CONTAINER ID {3}IMAGE {5}COMMAND {8}CREATED +STATUS +PORTS {5}NAMES\n[0-9a-f]{12} {3}busybox {3}"sleep 1000" {3}(Less than a|\d+) seconds? ago +Up .* runs$/,
    );
    await refused(/invalid filter 'nosuch'/, 1, 'ps', '--filter', 'nosuch=1');
    await docker('rm', 'waits', 'ended');
  });

  test('inspect: templates, json, several objects, and one that is missing', async () => {
    await using _ = await running('box');
    assert.equal(
      await docker(
        'inspect',
        '-f',
        '{{.Name}} {{.State.Status}} {{.HostConfig.NetworkMode}} {{range .Config.Cmd}}[{{.}}]{{end}}',
        'box',
      ),
      '/box running none [sleep][1000]',
    );
    const [full] = JSON.parse(await docker('inspect', 'box')) as { Id: string; Image: string }[];
    assert.match(full?.Id ?? '', /^[0-9a-f]{64}$/);
    assert.equal(await docker('inspect', '--type', 'image', '-f', '{{.Id}}', 'busybox'), full?.Image);
    const partly = await daemon.docker('inspect', '-f', '{{.Name}}', '--type', 'container', 'box', 'nosuch');
    assert.equal(partly.code, 1);
    assert.equal(partly.stdout, '/box\n');
    assert.match(partly.stderr, /No such container: nosuch/);
  });

  test('events are seen while things happen, filtered and formatted, and --since/--until replays them', async () => {
    const start = Math.floor(Date.now() / 1000) - 1;
    using program = new Program(
      daemon.command('docker', [
        'events',
        '--filter',
        'type=container',
        '--filter',
        'container=seen',
        '--format',
        '{{.Action}} {{.Actor.Attributes.name}} {{.Actor.Attributes.exitCode}}',
      ]),
    );
    await pause(300);
    await daemon.docker('run', '--rm', '--name', 'other', '--network', 'none', 'busybox', 'true');
    await daemon.docker('run', '--rm', '--name', 'seen', '--network', 'none', 'busybox', 'sh', '-c', 'exit 6');
    await program.expect(/destroy/);
    const lines = program.stdout.replaceAll(' <no value>', '').trimEnd().split('\n');
    assert.deepEqual(lines, ['create seen', 'attach seen', 'start seen', 'die seen 6', 'destroy seen']);
    program.signal('SIGINT');
    await program.ended;
    const replayed = await docker(
      'events',
      '--since',
      String(start),
      '--until',
      (Date.now() / 1000).toFixed(3),
      '--filter',
      'container=seen',
      '--filter',
      'event=die',
      '--format',
      '{{.Action}}',
    );
    assert.equal(replayed, 'die');
  });

  test('wait: the exit codes, in order, also of what ended before', async () => {
    await docker('run', '-d', '--network', 'none', '--name', 'one', 'busybox', 'sh', '-c', 'sleep 0.3; exit 3');
    await docker('run', '-d', '--network', 'none', '--name', 'two', 'busybox', 'sh', '-c', 'exit 4');
    assert.equal(await docker('wait', 'one', 'two'), '3\n4');
    assert.equal(await docker('wait', 'two'), '4');
    await docker('rm', 'one', 'two');
    await refused(/No such container: nosuch/, 1, 'wait', 'nosuch');
  });

  test('rename: the new name works, the old does not, a taken one is refused', async () => {
    await using _ = await running('first');
    await docker('create', '--name', 'taken', 'busybox');
    await refused(/Conflict\. The container name "\/taken" is already in use/, 1, 'rename', 'first', 'taken');
    await docker('rename', 'first', 'second');
    await refused(/No such container: first/, 1, 'start', 'first');
    assert.equal(await docker('inspect', '-f', '{{.Name}}', 'second'), '/second');
    await docker('rename', 'second', 'first');
    await docker('rm', 'taken');
  });

  test('pause freezes, unpause goes on', async () => {
    await using _ = await running('box', 'sh', '-c', 'i=0; while :; do i=$((i+1)); echo $i > /count; sleep 0.02; done');
    await docker('pause', 'box');
    assert.equal(
      await docker('inspect', '-f', '{{.State.Status}} {{.State.Paused}} {{.State.Running}}', 'box'),
      'paused true true',
    );
    await refused(/is paused, unpause the container before exec/, 1, 'exec', 'box', 'true');
    await refused(/is already paused/, 1, 'pause', 'box');
    assert.match(await docker('ps', '--format', '{{.Status}}'), /^Up .* \(Paused\)$/);
    await docker('unpause', 'box');
    const count = async (): Promise<number> => Number(await docker('exec', 'box', 'cat', '/count'));
    const before = await count();
    await until(async () => assert.ok((await count()) > before));
    await refused(/is not paused/, 1, 'unpause', 'box');
  });

  test('a paused container can be stopped and removed by force', async () => {
    await using _ = await running('box');
    await docker('pause', 'box');
    await docker('rm', '-f', 'box');
  });

  test('top shows the processes, with the columns of ps', async () => {
    await using _ = await running('box');
    // until then its process is the runtime's
    await until(async () => assert.match(await docker('top', 'box'), /sleep 1000$/));
    const before = String(Date.now() / 1000);
    const plain = (await docker('top', 'box')).split('\n');
    assert.match(plain[0] ?? '', /^UID +PID +PPID +C +STIME +TTY +TIME +CMD$/);
    assert.match(plain[1] ?? '', /^root +\d+ .*sleep 1000$/);
    assert.match(await docker('top', 'box', '-o', 'pid,args'), /^PID +COMMAND\n\d+ +sleep 1000$/);
    const events = await docker(
      'events',
      '--since',
      before,
      '--until',
      String(Date.now() / 1000),
      '--format',
      '{{.Action}}',
    );
    assert.deepEqual(events.trim().split('\n'), ['top', 'top']);
  });

  test('kill: SIGKILL, a signal by name and by number, and one that is none', async () => {
    await using _ = await running(
      'box',
      'sh',
      '-c',
      'trap "echo usr1" USR1; trap "echo int" INT; echo ready; while :; do sleep 0.02; done',
    );
    await until(async () => assert.match(await docker('logs', 'box'), /ready/));
    await docker('kill', '-s', 'USR1', 'box');
    await until(async () => assert.match(await docker('logs', 'box'), /usr1/));
    await docker('kill', '--signal', '2', 'box');
    await until(async () => assert.match(await docker('logs', 'box'), /int/));
    await refused(/invalid signal: NOSUCH/i, 1, 'kill', '-s', 'NOSUCH', 'box');
    assert.equal(await docker('kill', 'box'), 'box');
    assert.equal(await docker('inspect', '-f', '{{.State.ExitCode}} {{.State.Status}}', 'box'), '137 exited');
    await refused(/container [0-9a-f]{64} is not running/, 1, 'kill', 'box');
  });

  test('stop sends the stop signal, and kills only after the time', async () => {
    await using _ = await running('box', 'sh', '-c', 'trap "exit 21" TERM; echo ready; while :; do sleep 0.02; done');
    await until(async () => assert.match(await docker('logs', 'box'), /ready/));
    assert.equal(await docker('stop', '-t', '10', 'box'), 'box');
    assert.equal(await docker('inspect', '-f', '{{.State.ExitCode}}', 'box'), '21');
    assert.equal(await docker('stop', 'box'), 'box', 'a second time is no error');
    await docker(
      'run',
      '-d',
      '--network',
      'none',
      '--name',
      'other',
      '--stop-signal',
      'USR2',
      'busybox',
      'sh',
      '-c',
      'trap "exit 22" USR2; echo ready; while :; do sleep 0.02; done',
    );
    await until(async () => assert.match(await docker('logs', 'other'), /ready/));
    await docker('stop', 'other');
    assert.equal(await docker('inspect', '-f', '{{.State.ExitCode}}', 'other'), '22');
    await docker('rm', 'other');
  });

  test('restart: a new process, the same files and the same id', async () => {
    await using _ = await running('box');
    await docker('exec', 'box', 'touch', '/kept');
    const before = await docker('inspect', '-f', '{{.Id}} {{.State.Pid}}', 'box');
    assert.equal(await docker('restart', '-t', '0', 'box'), 'box');
    const now = await docker('inspect', '-f', '{{.Id}} {{.State.Pid}}', 'box');
    assert.equal(now.split(' ')[0], before.split(' ')[0]);
    assert.notEqual(now, before);
    assert.equal(await docker('exec', 'box', 'ls', '/kept'), '/kept');
  });

  test('restart of an --rm container leaves it there, whether it ends by itself or is killed', async () => {
    await docker('run', '-d', '--rm', '--name', 'quick', '--network', 'none', 'busybox', 'top');
    for (let time = 0; time < 3; time += 1) await docker('restart', '-t', '0', 'quick');
    await docker('kill', 'quick');
    await until(async () => assert.equal(await docker('ps', '-aq', '--filter', 'name=quick'), ''));
  });

  test('kill: a restart policy rests after the stop signal, and after any signal when none is named', async () => {
    const script = 'trap "" HUP; while [ ! -e /go ]; do sleep 0.02; done; exit 3';
    const after = async (...flags: string[]): Promise<string> => {
      await docker('run', '-d', '--name', 'box', '--network', 'none', ...flags, 'busybox', 'sh', '-c', script);
      await docker('kill', '-s', 'HUP', 'box');
      const ended = daemon.docker('wait', 'box');
      // the end of the container may be that of the command as well
      await daemon.docker('exec', 'box', 'touch', '/go');
      await ended;
      const status = await docker('inspect', '-f', '{{.State.Status}}', 'box');
      await docker('rm', '-f', 'box');
      return status === 'exited' ? 'rests' : 'goes on';
    };
    assert.equal(await after('--restart', 'always'), 'rests');
    assert.equal(await after('--restart', 'always', '--stop-signal', 'TERM'), 'goes on');
    assert.equal(await after('--restart', 'unless-stopped', '--stop-signal', 'TERM'), 'rests');
  });

  test('create, then start -a: output and exit code; start -ai: input too', async () => {
    await docker('create', '--name', 'later', '--network', 'none', 'busybox', 'sh', '-c', 'echo out; exit 9');
    assert.deepEqual(await daemon.docker('start', '-a', 'later'), { code: 9, stdout: 'out\n', stderr: '' });
    await docker('create', '-i', '--name', 'asks', '--network', 'none', 'busybox', 'cat');
    assert.deepEqual(await daemon.client('docker', ['start', '-ai', 'asks'], { input: 'given\n' }), {
      code: 0,
      stdout: 'given\n',
      stderr: '',
    });
    await docker('rm', 'later', 'asks');
  });

  test('attach shows what is written from now on, and gives the exit code', async () => {
    await using _ = await running(
      'box',
      'sh',
      '-c',
      'echo before; until [ -e /go ]; do sleep 0.02; done; echo after; exit 8',
    );
    await until(async () => assert.match(await docker('logs', 'box'), /before/));
    using program = new Program(daemon.command('docker', ['attach', '--no-stdin', 'box']));
    await pause(200);
    await docker('exec', 'box', 'touch', '/go');
    assert.equal(await program.ended, 8);
    assert.equal(program.stdout, 'after\n');
    await refused(/cannot attach to a stopped container|You cannot attach to a stopped container/, 1, 'attach', 'box');
  });

  test('two who are attached both see all output', async () => {
    await using _ = await running('box', 'sh', '-c', 'until [ -e /go ]; do sleep 0.02; done; seq 1000');
    using one = new Program(daemon.command('docker', ['attach', '--no-stdin', 'box']));
    using two = new Program(daemon.command('docker', ['attach', '--no-stdin', 'box']));
    await pause(200);
    await docker('exec', 'box', 'touch', '/go');
    const whole = `${Array.from({ length: 1000 }, (_, index) => index + 1).join('\n')}\n`;
    await Promise.all([one.ended, two.ended]);
    assert.equal(one.stdout, whole);
    assert.equal(two.stdout, whole);
  });

  test('rm: a running one is refused, -f removes it, several are removed and the missing one is named', async () => {
    await using _ = await running('box');
    await refused(
      /cannot remove container "box": container is running: stop the container before removing or force remove/,
      1,
      'rm',
      'box',
    );
    await docker('create', '--name', 'idle', 'busybox');
    const mixed = await daemon.docker('rm', 'idle', 'nosuch');
    assert.deepEqual([mixed.code, mixed.stdout], [1, 'idle\n']);
    assert.match(mixed.stderr, /No such container: nosuch/);
    assert.equal(await docker('rm', '-f', 'box', 'nosuch').catch(() => 'refused'), 'box');
  });

  test('container prune removes what has ended', async () => {
    await using _ = await running('box');
    await docker('create', '--name', 'idle', 'busybox');
    assert.match(
      await docker('container', 'prune', '-f'),
      /^Deleted Containers:\n[0-9a-f]{64}\n\nTotal reclaimed space: 0B$/,
    );
    assert.equal(await docker('ps', '-a', '--format', '{{.Names}}'), 'box');
  });

  test('stats --no-stream has a row for the container', async () => {
    await using _ = await running('box');
    const row = await docker('stats', '--no-stream', '--format', '{{.Name}} {{.PIDs}} {{.MemUsage}}', 'box');
    assert.match(row, /^box 1 [\d.]+[KM]?i?B \/ [\d.]+[KMGT]iB$/);
  });

  test('images, tag, history, save and load, rmi', async () => {
    await docker('tag', 'busybox', 'again:v2');
    assert.equal(await docker('images', '--format', '{{.Repository}}:{{.Tag}}', 'again'), 'again:v2');
    assert.match(await docker('history', '--format', '{{.Size}}', 'busybox'), /B$/);
    const file = `${daemon.folder}/saved.tar`;
    await docker('save', '-o', file, 'again:v2');
    await docker('rmi', 'again:v2');
    assert.match(await docker('load', '-i', file), /^Loaded image: again:v2$/m);
    assert.equal(await docker('rmi', 'again:v2'), 'Untagged: again:v2');
    await refused(/No such image: nosuch/, 1, 'rmi', 'nosuch');
  });

  test('version and info speak with the daemon', async () => {
    assert.match(
      await docker('version', '--format', '{{.Server.Os}}/{{.Server.Arch}} {{.Server.APIVersion}}'),
      /^linux\/\w+ 1\.\d+$/,
    );
    assert.match(
      await docker('info', '--format', '{{.Driver}} {{.Containers}} {{.CgroupVersion}}'),
      /^overlay2? 0 [12]$/,
    );
  });
});
