// Services made and changed by our own client: each flag is seen in the container, the network or the answer.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { TestCluster } from '../support/cluster.ts';
import { type Result, until } from '../support/daemon.ts';

let cluster: TestCluster;

before(async () => {
  cluster = await TestCluster.start(1);
  await cluster.form(1);
});

after(() => cluster[Symbol.asyncDispose]());

const QUICK = ['--no-resolve-image', '--stop-grace-period', '1s', '--update-monitor', '500ms'];

function run(...args: string[]): Promise<Result> {
  return cluster.node(1).daemon.berth(...args);
}

async function berth(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await run(...args);
  assert.equal(code, 0, stderr);
  return stdout;
}

/** What a shell in the one running task of a service prints. */
async function within(service: string, script: string): Promise<string> {
  const [id] = (await berth('ps', '-q', '--filter', `label=com.docker.swarm.service.name=${service}`))
    .trim()
    .split('\n');
  return berth('exec', id ?? '', 'sh', '-c', script);
}

test('a service is made, and its way up is shown as by Docker', async () => {
  const { code, stdout, stderr } = await run(
    'service',
    'create',
    '--name',
    'web',
    ...QUICK,
    'busybox',
    'sleep',
    '1000',
  );
  assert.equal(code, 0, stderr);
  const [id = '', ...lines] = stdout.trim().split('\n');
  assert.match(id, /^[a-z0-9]{25}$/);
  assert.equal(lines[0], 'overall progress: 0 out of 1 tasks');
  assert.ok(lines.includes('overall progress: 1 out of 1 tasks'), stdout);
  assert.equal(lines.at(-1), `verify: Service ${id} converged`);
  await berth('service', 'rm', 'web');
});

test('flags of create are settings of the container', async () => {
  const node = cluster.node(1);
  await node.daemon.client('berth', ['secret', 'create', 'key', '-'], { input: 'xyzzy' });
  await node.daemon.client('berth', ['config', 'create', 'conf', '-'], { input: 'plain' });
  const flags = [
    ['--secret', 'source=key,target=k,mode=0400'],
    ['--config', 'source=conf,target=/etc/conf'],
    ['--mount', 'type=tmpfs,target=/scratch,tmpfs-size=1m'],
    ['--host', 'db:10.1.2.3'],
    ['--dns', '10.9.8.7'],
    ['--ulimit', 'nofile=100:200'],
    ['--cap-drop', 'chown'],
    ['--sysctl', 'net.ipv4.ip_unprivileged_port_start=77'],
    ['--limit-memory', '64m', '--limit-pids', '50', '--limit-cpu', '.5'],
    ['--hostname', '{{.Service.Name}}-{{.Task.Slot}}', '--user', '0:0', '--workdir', '/tmp', '--group', '777'],
    ['--read-only', '--init', '--tty', '--stop-signal', 'SIGINT', '--oom-score-adj', '7'],
    ['--health-cmd', 'true', '--health-interval', '1s', '--health-retries', '2'],
    ['--entrypoint', 'sh -c', '-e', 'A=1', '-l', 'a=b', '--container-label', 'x=y'],
    ['--log-driver', 'json-file', '--log-opt', 'max-size=1m'],
  ].flat();
  await berth('service', 'create', '-q', '--name', 'all', ...QUICK, ...flags, 'busybox', 'sleep 1000');
  const text = await within(
    'all',
    'cat /run/secrets/k /etc/conf; echo; stat -c %a /run/secrets/k; grep db /etc/hosts; grep nameserver /etc/resolv.conf;' +
      'ulimit -n; grep CapBnd /proc/self/status; cat /proc/sys/net/ipv4/ip_unprivileged_port_start; hostname; pwd; id -G;' +
      'echo $A; touch /x; touch /scratch/y && echo scratch; cat /proc/1/comm /proc/1/oom_score_adj; cat /proc/1/limits | grep "open files"',
  );
  const lines = text.replaceAll('\r', '').split('\n');
  for (const line of ['xyzzyplain', '400', '77', 'all-1', '/tmp', '0 777', '1', 'scratch', '7'])
    assert.ok(lines.includes(line), `${line} in ${text}`);
  assert.match(text, /10\.1\.2\.3\s+db/);
  assert.match(text, /nameserver 10\.9\.8\.7/);
  assert.match(text, /Max open files +100 +200/);
  const [caps = ''] = /CapBnd:\s+(\w+)/.exec(text)?.slice(1) ?? [];
  assert.equal(BigInt(`0x${caps}`) & 1n, 0n, 'chown is dropped');
  const [container] = JSON.parse(
    await berth('inspect', ...(await berth('ps', '-q', '--filter', 'label=x=y')).trim().split('\n')),
  ) as [
    { HostConfig: Record<string, unknown>; Config: Record<string, unknown>; State: { Health: { Status: string } } },
  ];
  const { Memory, PidsLimit, NanoCpus, ReadonlyRootfs, Init } = container.HostConfig;
  assert.deepEqual(
    { Memory, PidsLimit, NanoCpus, ReadonlyRootfs, Init },
    { Memory: 64 << 20, PidsLimit: 50, NanoCpus: 5e8, ReadonlyRootfs: true, Init: true },
  );
  assert.equal(container.State.Health.Status, 'healthy');
  assert.equal(container.Config['StopSignal'], 'SIGINT');
});

test('an update changes what its flags name, in new tasks', async () => {
  const flags = [
    '--secret-rm',
    'key',
    '--host-rm',
    'db',
    '--host-add',
    'cache:10.1.2.4',
    '--env-add',
    'A=2',
    '--env-add',
    'B=3',
  ];
  const other = ['--mount-rm', '/scratch', '--mount-add', 'type=tmpfs,target=/other', '--limit-memory', '32m'];
  const stdout = await berth('service', 'update', ...flags, ...other, '--label-rm', 'a', 'all');
  assert.match(stdout, /^all\noverall progress: [\s\S]*verify: Service all converged\n$/);
  const text = await within('all', 'ls /run/secrets /other 2>&1; cat /etc/hosts; echo $A$B');
  assert.match(text, /10\.1\.2\.4\s+cache/);
  assert.doesNotMatch(text, /10\.1\.2\.3|\bk\b/);
  assert.match(text, /^23\r?$/m);
  const labels = await berth('service', 'inspect', '-f', '{{json .Spec.Labels}}', 'all');
  assert.equal(labels, '{}\n');
  const rolled = await berth('service', 'update', '--rollback', 'all');
  assert.match(rolled, /^all\nrollback: manually requested rollback\n/);
  assert.match(await within('all', 'echo A=$A'), /^A=1/);
  await berth('service', 'rm', 'all');
});

test('an update that fails is told with its reason and exit code 1', async () => {
  await berth('service', 'create', '-q', '--name', 'bad', ...QUICK, '--replicas', '2', 'busybox', 'sleep', '1000');
  const { code, stderr } = await run('service', 'update', '--args', 'false', 'bad');
  assert.equal(code, 1);
  assert.match(stderr, /service update paused: update paused due to failure or early termination of task \w+/);
  await berth('service', 'rm', 'bad');
});

test('a service whose tasks have ended for good ends the waiting', async () => {
  const once = ['--restart-condition', 'none', 'busybox', 'false'];
  const { code, stderr } = await run('service', 'create', '--name', 'once', ...QUICK, ...once);
  assert.equal(code, 1);
  assert.match(stderr, /does not converge: its tasks have ended: task: non-zero exit \(1\)/);
  await berth('service', 'rm', 'once');
});

test('a job is waited for until it is complete', async () => {
  const flags = ['--mode', 'replicated-job', '--replicas', '2', '--no-resolve-image'];
  const stdout = await berth('service', 'create', '--name', 'job', ...flags, 'busybox', 'true');
  assert.match(stdout, /job progress: 2 out of 2 complete\n[\s\S]*job complete\n$/);
  await berth('service', 'rm', 'job');
});

test('a job that runs when it is due is not waited for', { timeout: 60_000 }, async () => {
  await berth(
    'service',
    'create',
    '--name',
    'yearly',
    '--schedule',
    '0 0 1 1 *',
    '--no-resolve-image',
    'busybox',
    'true',
  );
  await berth('service', 'update', '--label-add', 'a=b', 'yearly');
  await berth('service', 'rm', 'yearly');
});

test('networks and ports are added and removed by name', async () => {
  await berth('network', 'create', '-d', 'overlay', 'back');
  await berth('service', 'create', '-q', '--name', 'net', ...QUICK, 'busybox', 'httpd', '-f', '-p', '80');
  await berth('service', 'update', '-q', '--network-add', 'name=back,alias=b', '--publish-add', '8090:80', 'net');
  const endpoint = () => berth('service', 'inspect', '-f', '{{json .Endpoint}}', 'net');
  await until(async () => assert.match(await endpoint(), /"PublishedPort":8090.*"VirtualIPs":\[/));
  assert.match(await within('net', 'nslookup b 2>&1'), /Address/);
  await berth('service', 'update', '-q', '--network-rm', 'back', '--publish-rm', '80', 'net');
  await until(async () => assert.doesNotMatch(await endpoint(), /8090|VirtualIPs/));
  await berth('service', 'rm', 'net');
});

test('what is wrong is refused before anything is made', async () => {
  const refused = async (flags: string[], pattern: RegExp): Promise<void> => {
    const { code, stderr } = await run('service', 'create', '--name', 'no', '--no-resolve-image', ...flags, 'busybox');
    assert.notEqual(code, 0);
    assert.match(stderr, pattern);
  };
  await refused(['--secret', 'nope'], /secret not found: nope/);
  await refused(['--network', 'nope'], /network nope not found/);
  await refused(['--publish', '1.2.3.4:80:80'], /hostip is not supported/);
  await refused(['--isolation', 'hyperv'], /invalid isolation 'hyperv'/);
  await refused(['--credential-spec', 'file://x'], /no managed service accounts/);
  await refused(['--generic-resource', 'gpu=1'], /generic resources are not implemented/);
  assert.equal(await berth('service', 'ls', '-q'), '');
});

test("a service without a name gets one, and Docker's client waits for it too", async () => {
  const id =
    (await cluster.node(1).docker('service', 'create', ...QUICK, 'busybox', 'sleep', '1000')).split('\n')[0] ?? '';
  assert.match(
    await berth('service', 'inspect', '-f', '{{.Spec.Name}} {{.Spec.Mode.Replicated.Replicas}}', id),
    /^[a-z]+_[a-z]+ 1\n$/,
  );
});
