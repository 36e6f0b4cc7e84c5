// The same command line through `docker` and through `berth` prints the same and ends with the same code.
import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { type Client, TestDaemon } from '../support/daemon.ts';
import { dockerMissing } from '../support/program.ts';

let daemon: TestDaemon;

/** `box` runs, `ended` exited with 3, `idle` was never started. Several lines are run one after the other. */
const LOOKING = `
ps
ps -a
ps -q --no-trunc
ps -a --format '{{.Names}} {{.Image}} {{.Command}} {{.State}}'
ps -a --format 'table {{.Names}}\\t{{.Status}}'
ps -a --format '{{json .Labels}}'
ps -a --filter label=tier --filter status=exited
ps -a --filter nosuch=1
ps -a --last 2 --format {{.Names}}
ps -as --format {{.Names}}
ps --bad
container ls -a --format {{.Names}}
inspect box --format '{{.Name}} {{.State.Status}} {{.HostConfig.RestartPolicy.Name}} {{json .Config.Cmd}}'
inspect -f '{{range $k, $v := .Config.Labels}}{{$k}}={{$v}};{{end}}' ended
inspect -f '{{.Nosuch}}' box
inspect -f '{{.Name' box
inspect --type image -f '{{.Os}} {{len .RootFS.Layers}}' busybox
inspect --type nosuch box
container inspect idle
container inspect nosuch
image inspect busybox
image inspect -f '{{json .Config}} {{json .Descriptor}} {{.OsVersion}} {{.VirtualSize}}' busybox
image inspect nosuch:tag
logs ended
logs --tail 1 ended
logs --tail -3 ended
logs --since 2001-01-01T00:00:00Z ended
logs --since nonsense ended
logs nosuch
logs
top box -o pid,comm
top ended
port box
diff nosuch
stats --no-stream --format '{{.Name}} {{.PIDs}}' box
wait ended
wait nosuch ended
version --format '{{.Server.Os}}'
version --format '{{.Nosuch}}'
info --format '{{.OSType}} {{.Driver}}'
images
images --format '{{.Repository}}:{{.Tag}} {{.ID}} {{.Size}}'
images -q
images --format raw busybox
images --digests nosuch
images --filter dangling=true
history busybox --format '{{.Comment}}|{{.Size}}'
history -q busybox
volume ls
volume ls -q --filter nosuch=x
volume inspect nosuch
system df --format '{{.Type}} {{.TotalCount}}'
events --since 1 --until 2
`;

const DOING = `
run --rm --network none busybox echo one two
run --rm --network none busybox sh -c 'echo out; echo err >&2; exit 9'
run --rm --network none busybox nosuch
run --rm --network none busybox /etc
run --rm --network none -e A=1 -e 'B=x y' -w /tmp -u 7:8 busybox sh -c 'echo $A $B; pwd; id -u; id -g'
run --rm --network none --entrypoint id busybox -u
run -d --network none --name made busybox sleep 1000 ; rm -f made
run --rm --network none --name box busybox true
run --rm --network none --memory 1m busybox true
run --rm --network none --memory nonsense busybox true
run --rm --network none --cpus -1 busybox true
run --rm --network none -v relative:/x:bad busybox true
run --rm --network none --mount type=bind,src=/nosuch-here,dst=/x busybox true
run --rm --network none --mount type=nosuch,dst=/x busybox true
run --rm --network none --pull never nosuch:image
run --rm --network none --env-file /nosuch-file busybox true
run --rm --network none --ulimit nonsense busybox true
run --rm --network none --restart always --rm busybox true
run --rm --network none --cap-add NOSUCH busybox true
run --rm --network none --security-opt nosuch busybox true
run --rm --network none --user nosuch busybox true
run --rm --network none --workdir relative busybox true
run --rm --network none --hostname 'bad name' busybox hostname
run --rm --network none --stop-signal NOSUCH busybox true
run --rm --network none --detach --attach stdout busybox true
run --rm --network container:nosuch busybox true
run --rm --network none --read-only --tmpfs /t busybox sh -c 'touch /t/x && touch /x'
run
run --nosuch busybox
run --name
run --rm --network none BadName
run --rm --network none busybox:
create --name fresh --network none busybox true ; start -a fresh ; rm fresh
create --name 'bad name' busybox
create --name box busybox
create
exec box echo hi
exec box sh -c 'exit 12'
exec box nosuch
exec -u 5 -w /tmp -e Z=3 box sh -c 'id -u; pwd; echo $Z'
exec -u nosuch box true
exec -w relative box pwd
exec ended true
exec nosuch true
exec box
exec -d box true
start nosuch
start box
start -a box idle
stop nosuch
stop -t 0 idle
stop -t nonsense box
kill idle
kill -s NOSUCH box
kill -s 0 nosuch
pause idle
pause box ; pause box ; ps --format '{{.Names}} {{.Status}}' ; exec box true ; unpause box ; unpause box
restart nosuch
rename box ended
rename box 'bad name'
rename nosuch x
rename box moved ; rename moved box
rename box
rm box
rm nosuch
rm -f nosuch
rm
attach ended
attach nosuch
update --memory 64m --memory-swap -1 box
update --memory 1m box
update nosuch --memory 64m
tag busybox again:1 ; images -q again ; rmi again:1
tag busybox BAD
tag nosuch again
tag '' again
push busybox@sha256:0000000000000000000000000000000000000000000000000000000000000000
push --platform linux/arm64 busybox
push --platform nonsense busybox
save --platform nonsense busybox
create --platform nonsense busybox
import --change '' /dev/null
rmi nosuch
rmi busybox
volume create vol ; volume inspect -f {{.Driver}} vol ; volume ls -q ; volume rm vol
volume create 'bad name'
volume rm nosuch
load -i /nosuch-file
save nosuch
import /nosuch-file x:1
cp nosuch:/x /tmp/nosuch-place
container prune --force --filter label=nosuch
image prune -f
volume prune -f
nosuch
container nosuch
--nosuch
ps extra
`;

/** What each verb says when it is called wrongly, or about what is not there. */
const MISUSED = `
network ls -q --filter name=nosuch
network ls --format '{{.Name}} {{.Driver}} {{.Scope}}'
network ls --filter nosuch=1
network inspect nosuch
network inspect -f '{{.Name}} {{.Internal}}' bridge none
network create net-a ; network inspect -f '{{.Driver}} {{.Internal}} {{.Attachable}}' net-a ; network rm net-a
network create --subnet nonsense net-b
network create --driver nosuch net-b
network create --subnet 10.99.0.0/24 --gateway 10.98.0.1 net-b
network create bridge
network rm nosuch
network rm bridge
network rm -f nosuch
network connect bridge nosuch
network prune -f --filter label=nosuch
network nosuch
volume ls --format '{{.Name}} {{.Driver}}' --filter name=nosuch
volume ls --filter nosuch=1
volume create --driver nosuch v1
volume create --opt nosuch=1 v1
volume create -d local -o type=tmpfs v1
volume inspect
volume rm
volume rm -f nosuch
volume prune --force --filter nosuch=1
container ls --filter status=nosuch
container ls --filter health=nosuch
container prune -f --filter until=nonsense
image ls --filter nosuch=1
image ls --format '{{.Repository}}' --filter reference='nosuch*'
image rm
image inspect
image prune -f --filter nosuch=x
image history nosuch
image nosuch
image tag busybox
image save
image load --input
image import
history busybox --human=false --no-trunc --format '{{.ID}}'
system nosuch
system df nosuch
system prune -f --filter nosuch=1
system events --since 1 --until 2 --filter nosuch=1
events --since nonsense
events --since 1 --until 2 --format '{{.Nosuch}}'
events --since 1 --until 2 --filter type=nosuch
logs -n 1 -t nosuch
top nosuch
port nosuch
stats nosuch --no-stream
cp a b
cp
export nosuch
export
commit nosuch
run --rm --network nosuch busybox true
run --rm --network none --ip 1.2.3.4 busybox true
run --rm --network none --mac-address nonsense busybox true
run --rm --network none --expose nonsense busybox true
run --rm --network none --device nonsense busybox true
run --rm --network none --device /dev/nosuch busybox true
run --rm --network none --log-driver nosuch busybox true
run --rm --network none --log-opt max-size=nonsense busybox true
run --rm --network none --sysctl nonsense busybox true
run --rm --network none --health-interval 1 busybox true
run --rm --network none --health-cmd true --no-healthcheck busybox true
run --rm --network none --pids-limit nonsense busybox true
run --rm --network none --shm-size nonsense busybox true
run --rm --network none --oom-score-adj 2000 busybox true
run --rm --network none --blkio-weight 5 busybox true
run --rm --network none --cpuset-cpus 9999 busybox true
run --rm --network none --tmpfs relative busybox true
run --rm --network none --volumes-from nosuch busybox true
run --rm --network none --link nosuch busybox true
run --rm --network none --add-host nonsense busybox true
run --rm --network none --dns nonsense busybox true
run --rm --network none --ipc nosuch busybox true
run --rm --network none --pid nosuch busybox true
run --rm --network none --uts nosuch busybox true
run --rm --network none --userns nosuch busybox true
run --rm --network none --cgroupns nosuch busybox true
run --rm --network none --gpus nonsense=x busybox true
run --rm --network none --runtime nosuch busybox true
run --rm --network none --isolation nosuch busybox true
run --rm --network none --restart nosuch busybox true
run --rm --network none --label-file /nosuch busybox true
run --rm --network none --cidfile /nosuch/x busybox true
run --rm --network none --mount type=volume,dst=relative busybox true
run --rm --network none --mount type=tmpfs,dst=/t,tmpfs-size=nonsense busybox true
run --rm --network none --mount nonsense busybox true
run --rm --network none --entrypoint nosuch busybox
run --rm --network none -it busybox true
start
start -ai nosuch
stop
kill
restart
pause
pause nosuch
unpause
rename
wait
attach
update
rm -l nosuch
logout nosuch.example
push
push nosuch
push nosuch:tag
pull
pull BAD
pull --platform nonsense busybox
pull -a busybox:tag
tag
rmi
rmi -f nosuch
save -o /nosuch/x busybox
load extra
import nosuch-file
info --format '{{.Nosuch}}'
info extra
version extra
version --format nonsense
help nosuch
--log-level nonsense ps
network create 'bad name!' ; network rm 'bad name!'
`;

/** The newest version of the API that the docker CLI here speaks: `inspect` prints what that version has. */
let version: string;

/** Words of a line; what stands in single quotes is one word. */
function words(line: string): string[] {
  return [...line.matchAll(/'([^']*)'|(\S+)/g)].map((match) => match[1] ?? match[2] ?? '');
}

/** What differs between any two runs: ids, ages, times and the name of the program. */
function normal(text: string): string {
  return text
    .replace(/\b[0-9a-f]{64}\b/g, '<id>')
    .replace(/\b[0-9a-f]{12}\b/g, '<short>')
    .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, '<time>')
    .replace(/\b(Less than a second|About a minute|\d+ (seconds?|minutes?))( ago)?/g, '<age>')
    .replace(/ {2,}/g, '  ')
    .replace(/\bberth\b/gi, 'docker');
}

async function said(client: Client, line: string): Promise<{ code: number; stdout: string; stderr: string }[]> {
  const results = [];
  for (const part of line.split(' ; ')) {
    const { code, stdout, stderr } = await daemon.client(client, words(part), { env: { DOCKER_API_VERSION: version } });
    results.push({ code, stdout: normal(stdout), stderr: normal(stderr) });
  }
  return results;
}

const lines = (text: string): string[] => text.split('\n').filter((line) => line !== '');

suite('docker and berth', { skip: dockerMissing(), concurrency: false }, () => {
  before(async () => {
    daemon = await TestDaemon.start();
    await daemon.busybox();
    version = (await daemon.docker('version', '--format', '{{.Client.APIVersion}}')).stdout.trim();
    await daemon.docker(
      'run',
      '-d',
      '--network',
      'none',
      '--name',
      'box',
      '--label',
      'a=b',
      'busybox',
      'sleep',
      '1000',
    );
    await daemon.docker(
      'run',
      '--network',
      'none',
      '--name',
      'ended',
      '--label',
      'tier=web',
      'busybox',
      'sh',
      '-c',
      'echo out 1; sleep 0.02; echo out 2; exit 3',
    );
    await daemon.docker('create', '--name', 'idle', '--label', 'tier=db', 'busybox');
  });

  after(async () => {
    for (const name of ['box', 'ended', 'idle']) await daemon.docker('rm', '-f', name);
    assert.deepEqual(await daemon.end(), []);
  });

  test('images before 1.41: filter=NAME is a reference, and who made the image is told only where its file says so', async () => {
    const alone = await daemon.get('/v1.54/images/json?identity=1');
    assert.deepEqual([alone.status, /identity requires manifests=1/.test(alone.body)], [400, true]);
    const { body } = await daemon.get('/v1.40/images/json?filter=nosuch');
    assert.deepEqual(JSON.parse(body), []);
    assert.equal((JSON.parse((await daemon.get('/v1.40/images/json?filter=busy*')).body) as unknown[]).length, 1);
    const shown = JSON.parse((await daemon.get('/v1.40/images/busybox/json')).body) as Record<string, unknown>;
    assert.equal('ContainerConfig' in shown, true);
    assert.equal('Container' in shown, false);
  });

  for (const line of [...lines(LOOKING), ...lines(DOING), ...lines(MISUSED)]) {
    test(line, async () => {
      const [docker, berth] = [await said('docker', line), await said('berth', line)];
      const plain = (all: typeof docker): object[] => all.map(({ code, stdout }) => ({ code, stdout }));
      assert.deepEqual(plain(berth), plain(docker), `${docker.at(-1)?.stderr} / ${berth.at(-1)?.stderr}`);
    });
  }
});
