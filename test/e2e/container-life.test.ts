// What clients see of a container's life over the API: events and what can be inspected at each, restarts, want of memory, ports.
import assert from 'node:assert/strict';
import { request } from 'node:http';
import { after, before, suite, test } from 'node:test';
import { pause, TestDaemon, until as tried } from '../support/daemon.ts';

let daemon: TestDaemon;

interface Answer {
  readonly status: number;
  readonly body: { readonly Id: string; readonly message: string };
}

async function call(method: string, path: string, body?: object): Promise<Answer> {
  const answer = await daemon.call(method, `/v1.51${path}`, body);
  return { status: answer.status, body: JSON.parse(/^[[{]/.test(answer.body) ? answer.body : '{}') as Answer['body'] };
}

/** Waits until it is true. */
function until(what: () => boolean | Promise<boolean>): Promise<void> {
  return tried(async () => assert.ok(await what()));
}

interface Event {
  readonly Type: string;
  readonly Action: string;
  readonly Actor: { readonly ID: string; readonly Attributes: Record<string, string> };
}

/** Every event from now on; `look` is called as each comes. */
async function follow(
  look: (event: Event) => Promise<void> = async () => undefined,
): Promise<{ seen: Event[]; stop: () => void }> {
  const seen: Event[] = [];
  const sent = request({ socketPath: daemon.socket, path: '/v1.51/events' });
  sent.on('error', () => undefined);
  await new Promise<void>((resolve) => {
    sent.on('response', (response) => {
      let rest = '';
      response.setEncoding('utf8').on('data', (part: string) => {
        const lines = (rest + part).split('\n');
        rest = lines.pop() ?? '';
        for (const line of lines.filter((one) => one !== '')) {
          const event = JSON.parse(line) as Event;
          seen.push(event);
          void look(event);
        }
      });
      response.on('error', () => undefined);
      resolve();
    });
    sent.end();
  });
  return { seen, stop: () => sent.destroy() };
}

const actions = (seen: readonly Event[]): string[] =>
  seen.filter(({ Type }) => Type === 'container').map(({ Action }) => Action.split(':')[0] ?? '');

async function created(body: object): Promise<string> {
  const { status, body: answer } = await call('POST', '/containers/create', { Image: 'busybox', ...body });
  assert.equal(status, 201, JSON.stringify(answer));
  return answer.Id;
}

async function started(body: object): Promise<string> {
  const id = await created(body);
  const { status, body: answer } = await call('POST', `/containers/${id}/start`);
  assert.equal(status, 204, JSON.stringify(answer));
  return id;
}

interface Inspect {
  readonly State: { readonly Status: string; readonly OOMKilled: boolean; readonly Running: boolean };
  readonly RestartCount: number;
}

const inspect = async (id: string): Promise<Inspect> =>
  JSON.parse((await daemon.get(`/containers/${id}/json`)).body) as Inspect;
const removed = (id: string) => call('DELETE', `/containers/${id}?force=1&v=1`);
const OBEDIENT = ['sh', '-c', 'trap "exit 3" TERM; while true; do sleep 0.05; done'];
const GREEDY = 'x=a; while true; do x=$x$x; done';

suite('a container’s life over the API', () => {
  before(async () => {
    daemon = await TestDaemon.start();
    await daemon.busybox();
  });

  after(async () => {
    assert.deepEqual(await daemon.end(), []);
  });

  for (const AutoRemove of [false, true])
    test(`users S2: who follows events can inspect what they name, also when stop and rm follow at once${AutoRemove ? ' (--rm)' : ''}`, async () => {
      const found: string[] = [];
      const { seen, stop } = await follow(async ({ Type, Action, Actor }) => {
        const exec = Actor.Attributes['execID'];
        const path =
          Type === 'network'
            ? `/networks/${Actor.ID}`
            : Type === 'volume'
              ? `/volumes/${Actor.ID}`
              : exec === undefined
                ? `/containers/${Actor.ID}/json`
                : `/exec/${exec}/json`;
        const { status } = await call('GET', path);
        found.push(`${Type} ${Action.split(':')[0]} ${status}`);
      });
      const id = await started({ Cmd: OBEDIENT, HostConfig: { AutoRemove, Binds: ['follow:/v'] } });
      const exec = (await call('POST', `/containers/${id}/exec`, { Cmd: ['true'] })).body.Id;
      await call('POST', `/exec/${exec}/start`, { Detach: true });
      await until(() => actions(seen).includes('exec_die'));
      await call('POST', `/containers/${id}/stop`);
      await removed(id);
      await until(() => found.some((one) => one.startsWith('container destroy')));
      for (const wanted of [
        'container create 200',
        'container start 200',
        'container exec_create 200',
        'container exec_start 200',
        'container exec_die 200',
        'container kill 200',
        'container die 200',
        'container stop 200',
        'container destroy 404',
        'network connect 200',
        'network disconnect 200',
        'volume create 200',
        'volume mount 200',
        'volume unmount 200',
      ])
        assert.ok(found.includes(wanted), `${wanted} of ${found.join(', ')}`);
      stop();
      await call('DELETE', '/volumes/follow');
    });

  test('users E14: kill comes before die, a restart has a stop and a removal by force a kill', async () => {
    const { seen, stop } = await follow();
    const id = await started({ Cmd: OBEDIENT });
    await call('POST', `/containers/${id}/restart`);
    await call('POST', `/containers/${id}/kill`);
    await call('POST', `/containers/${id}/start`);
    await removed(id);
    await until(() => actions(seen).includes('destroy'));
    assert.equal(actions(seen).join(' '), 'create start kill die stop start restart kill die start kill die destroy');
    stop();
  });

  test('users E6: want of memory of a child and of an exec is told at once, and the container lives on', async () => {
    const { seen, stop } = await follow();
    const limits = { Memory: 20 * 2 ** 20, MemorySwap: 20 * 2 ** 20 };
    const ooms = (): number => actions(seen).filter((one) => one === 'oom').length;
    const id = await started({ Cmd: ['sh', '-c', `sh -c '${GREEDY}'; sleep 100`], HostConfig: limits });
    await until(() => ooms() === 1);
    const { State } = await inspect(id);
    assert.deepEqual([State.OOMKilled, State.Running], [true, true]);
    const exec = (await call('POST', `/containers/${id}/exec`, { Cmd: ['sh', '-c', GREEDY] })).body.Id;
    await call('POST', `/exec/${exec}/start`, {});
    await until(() => ooms() === 2);
    await pause(100);
    assert.equal(ooms(), 2);
    await call('POST', `/containers/${id}/kill`);
    assert.equal((await inspect(id)).State.OOMKilled, true);
    await removed(id);
    stop();
  });

  test('users E8: who starts a container gives its policy all tries again; an update leaves the count', async () => {
    const id = await started({
      Cmd: ['sh', '-c', 'sleep 0.1; exit 1'],
      HostConfig: { RestartPolicy: { Name: 'on-failure', MaximumRetryCount: 2 } },
    });
    const over = async () => {
      const { State, RestartCount } = await inspect(id);
      return State.Status === 'exited' && RestartCount === 2;
    };
    await until(over);
    await call('POST', `/containers/${id}/restart`);
    assert.equal((await inspect(id)).RestartCount, 0);
    await until(over);
    await call('POST', `/containers/${id}/update`, { RestartPolicy: { Name: 'on-failure', MaximumRetryCount: 5 } });
    assert.equal((await inspect(id)).RestartCount, 2);
    await removed(id);
  });

  test('users E8: a start between two tries changes nothing, and never is a container shown as created again', async () => {
    const id = await started({ Cmd: ['false'], HostConfig: { RestartPolicy: { Name: 'always' } } });
    const shown = new Set<string>();
    const end = Date.now() + 1500;
    while (Date.now() < end) shown.add((await inspect(id)).State.Status);
    assert.ok(!shown.has('created'), [...shown].join(' '));
    await until(async () => (await inspect(id)).State.Status === 'restarting');
    assert.equal((await call('POST', `/containers/${id}/start`)).status, 304);
    await removed(id);
  });

  test('users E9: no idle connection is said to be closed after a while', async () => {
    const { headers } = await daemon.call('GET', '/_ping', undefined, { Connection: 'keep-alive' });
    assert.equal(headers['keep-alive'], undefined);
  });

  test('users S3: a commit is told as a new image too', async () => {
    const { seen, stop } = await follow();
    const id = await created({ Cmd: ['true'] });
    const made = (await call('POST', `/commit?container=${id}&repo=kept`)).body.Id;
    await until(() =>
      seen.some(({ Type, Action, Actor }) => Type === 'image' && Action === 'create' && Actor.ID === made),
    );
    await until(() => actions(seen).includes('commit'));
    await removed(id);
    stop();
  });

  test('users E1: an image that carries what is no port runs, and every list goes on', async () => {
    const id = await created({ Cmd: ['true'] });
    const refusal = await call('POST', `/commit?container=${id}&repo=badports`, { ExposedPorts: { '70000/tcp': {} } });
    assert.deepEqual([refusal.status, refusal.body.message], [400, 'invalid port specification: "70000"']);
    const plain = await call('POST', `/commit?container=${id}&repo=badports`, { ExposedPorts: { '53/UDP': {} } });
    assert.equal(plain.status, 201);
    const other = await started({ Image: 'badports', Cmd: ['sleep', '100'], HostConfig: { PublishAllPorts: true } });
    const { status, body } = await daemon.get('/containers/json?all=1');
    assert.equal(status, 200);
    const rows = JSON.parse(body) as { Id: string; Ports: { PrivatePort: number; Type: string }[] }[];
    const row = rows.find((one) => one.Id === other);
    assert.deepEqual([row?.Ports[0]?.PrivatePort, row?.Ports[0]?.Type], [53, 'udp']);
    for (const one of [id, other]) await removed(one);
  });

  test('users E11: an exec and a health check have the score, limits and capabilities of the container', async () => {
    const what =
      'cat /proc/self/oom_score_adj; ulimit -n; grep -E "CapEff|NoNewPrivs|Cpus_allowed_list" /proc/self/status; pwd; id -G';
    const id = await started({
      Cmd: ['sleep', '100'],
      WorkingDir: '/tmp',
      Healthcheck: { Test: ['CMD-SHELL', what], Interval: 100e6 },
      HostConfig: {
        OomScoreAdj: 300,
        Ulimits: [{ Name: 'nofile', Soft: 100, Hard: 200 }],
        CapDrop: ['NET_RAW'],
        SecurityOpt: ['no-new-privileges'],
        CpusetCpus: '0',
        GroupAdd: ['77'],
      },
    });
    const { code, stdout } = await daemon.docker('exec', id, 'sh', '-c', what);
    assert.equal(code, 0);
    assert.match(stdout, /^300\n100\nCapEff:\t00000000a80405fb\nNoNewPrivs:\t1\nCpus_allowed_list:\t0\n\/tmp\n.*77/);
    await until(async () => {
      const { State } = JSON.parse((await daemon.get(`/containers/${id}/json`)).body) as {
        State: { Health?: { Log: { Output: string }[] } };
      };
      return State.Health?.Log[0]?.Output === stdout;
    });
    await removed(id);
  });

  test('users E14: limits too low for the runtime itself hold for the program and for an exec', async () => {
    const id = await started({
      Cmd: ['sh', '-c', 'echo "$(ulimit -n) $(ulimit -Hn) $(ulimit -f)"; echo x >/f || echo refused; sleep 100'],
      HostConfig: {
        Ulimits: [
          { Name: 'nofile', Soft: 20, Hard: 20 },
          { Name: 'fsize', Soft: 0, Hard: 0 },
        ],
      },
    });
    await until(async () => (await daemon.docker('logs', id)).stdout.split('\n').length > 1);
    assert.match((await daemon.docker('logs', id)).stdout, /^20 20 0$/m);
    const exec = await daemon.docker('exec', id, 'sh', '-c', 'sleep 0.2; ulimit -n; ulimit -f');
    assert.deepEqual([exec.code, exec.stdout], [0, '20\n0\n']);
    await removed(id);
  });

  test('users B18, E14: /etc/mtab is there; directories above mounts are 755, and a tmpfs has the mode of what it covers', async () => {
    const id = await created({
      Cmd: ['stat', '-c', '%n %a', '/etc/mtab', '/v', '/v/w', '/v/w/x', '/t', '/bin'],
      HostConfig: { Tmpfs: { '/t': '', '/bin/x': '', '/v/w/x/y': '' }, Binds: ['life-modes:/v/w'] },
    });
    const { stdout } = await daemon.docker('start', '-a', id);
    assert.equal(stdout, '/etc/mtab 777\n/v 755\n/v/w 755\n/v/w/x 755\n/t 1777\n/bin 755\n');
    assert.deepEqual(
      JSON.parse((await daemon.get(`/containers/${id}/changes`)).body).filter(({ Path }: { Path: string }) =>
        Path.startsWith('/etc'),
      ),
      [],
    );
    await removed(id);
    await daemon.docker('volume', 'rm', 'life-modes');
  });

  test('users E12: --init beside another PID namespace adds no init', async () => {
    const id = await created({
      Cmd: ['sh', '-c', 'tr "\\0" " " </proc/$$/cmdline; cat /proc/1/comm'],
      HostConfig: { Init: true, PidMode: 'host' },
    });
    const { stdout, stderr } = await daemon.docker('start', '-a', id);
    assert.equal(stderr, '');
    assert.match(stdout, /^sh -c/);
    await removed(id);
  });

  test('users S6: two links may have one alias, and a link’s line has the other’s host name', async () => {
    const one = await started({ Cmd: ['sleep', '100'], Hostname: 'hosta' });
    const two = await started({ Cmd: ['sleep', '100'], HostConfig: { NetworkMode: `container:${one}` } });
    const { code, stdout, stderr } = await daemon.docker(
      'run',
      '--rm',
      '--link',
      `${one}:x`,
      '--link',
      `${two}:x`,
      'busybox',
      'cat',
      '/etc/hosts',
    );
    assert.equal(code, 0, stderr);
    assert.match(stdout, /\tx hosta /);
    for (const id of [two, one]) await removed(id);
  });
});
