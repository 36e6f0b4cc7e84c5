// Command lines of `create`, `run`, `exec` and others, as each client and daemon do them: exit code, output and errors.
import type { Random } from '../builds/random.ts';
import { client, type Side, type Subject } from './subject.ts';

const FLAGS: readonly (readonly [string, readonly string[]])[] = [
  ['-e', ['A=1', 'A', '=x', '', 'A=b c']],
  ['--env-file', ['/nosuch-file', '/dev/null']],
  ['-u', ['0', '5:6', 'nosuch', 'root:nosuch', ':5', '']],
  ['-w', ['/w', 'rel', '/', '/etc/passwd']],
  ['-h', ['name', 'a.b', '-x', 'x'.repeat(70)]],
  ['--memory', ['64m', '1m', 'x', '-1', '0', '6g']],
  ['--memory-swap', ['-1', '1m', '128m', 'x']],
  ['--cpus', ['1', '0.5', '-1', 'x', '1000']],
  ['--cpuset-cpus', ['0', '99', 'x', '']],
  ['--pids-limit', ['50', '-1', '0', 'x']],
  ['--ulimit', ['nofile=50', 'nofile=50:40', 'x=1', 'nofile', 'core=0:0', 'nofile=-1:-1']],
  ['--restart', ['no', 'always', 'on-failure:2', 'x', 'always:3', 'on-failure:-1', 'on-failure:x']],
  [
    '-v',
    [
      '/tmp:/t',
      '/tmp:/t:ro',
      'rel:/t',
      '/tmp:rel',
      '/t',
      ':/t',
      '/tmp:/t:ro:x',
      '/tmp:/:ro',
      '/nosuch/../tmp:/t',
      '/tmp:/t:ro,rw',
    ],
  ],
  [
    '--mount',
    [
      'type=tmpfs,dst=/t',
      'type=bind,src=/tmp,dst=/t,ro',
      'dst=/t',
      'type=x,dst=/t',
      'type=bind,dst=/t',
      'type=volume,dst=/t,x=y',
      'type=tmpfs,dst=/t,tmpfs-mode=x',
      'type=bind,src=/nosuch,dst=/t',
      'x',
      'type=bind,src=rel,dst=/t',
      'type=tmpfs',
    ],
  ],
  ['--tmpfs', ['/t', '/t:size=1m', 't', '/t:x', '/t:exec,mode=700']],
  ['-p', ['80', '0:80', '127.0.0.1::80', 'x:80', '80/x', '70000', '1-2:3-5', '::80', '[::1]::80']],
  ['--expose', ['80', '80/udp', 'x', '70000', '5-3', '5-6/tcp']],
  ['--network', ['none', 'host', 'nosuch', 'container:nosuch', 'container:', 'bridge']],
  ['--add-host', ['a:1.2.3.4', 'a=1.2.3.4', 'a:x', 'x', 'a:host-gateway']],
  ['--dns', ['1.2.3.4', 'x', '']],
  ['--cap-add', ['NET_ADMIN', 'ALL', 'x', 'cap_sys_time']],
  ['--cap-drop', ['ALL', 'x', 'chown']],
  [
    '--security-opt',
    ['no-new-privileges', 'seccomp=unconfined', 'x', 'seccomp=/nosuch', 'label=disable', 'no-new-privileges=x'],
  ],
  ['--device', ['/dev/null', '/dev/nosuch', '/dev/null:/dev/x:r', '/dev/null:/dev/x:z', 'x']],
  ['--stop-signal', ['TERM', '9', 'x', '99']],
  ['--stop-timeout', ['5', '-1', 'x']],
  ['--entrypoint', ['', 'sh', '/bin/echo', 'nosuch', '/etc']],
  ['--label', ['a=b', 'a', '=b', '']],
  ['--log-driver', ['none', 'local', 'x']],
  ['--log-opt', ['max-size=1m', 'x=y', 'max-size=x', 'x']],
  ['--ipc', ['private', 'none', 'x', 'container:nosuch', 'host']],
  ['--pid', ['host', 'x', 'container:nosuch']],
  ['--uts', ['host', 'x']],
  ['--userns', ['host', 'x']],
  ['--cgroupns', ['host', 'private', 'x']],
  ['--shm-size', ['1m', 'x', '-1', '0']],
  ['--sysctl', ['net.core.somaxconn=5', 'x', 'kernel.x=y', 'x=y']],
  ['--health-cmd', ['true', '']],
  ['--health-interval', ['1s', '1', '-1s', '1us']],
  ['--oom-score-adj', ['100', '1001', 'x']],
  ['--group-add', ['5', 'nosuch', '']],
  ['--pull', ['never', 'missing', 'x']],
  ['--platform', ['linux/amd64', 'x', 'linux/arm64', 'windows']],
  ['--volumes-from', ['nosuch', 'nosuch:x']],
  ['--blkio-weight', ['5', '10', 'x']],
  ['--gpus', ['all', 'x']],
  ['--isolation', ['default', 'x']],
  ['--runtime', ['nosuch', '']],
  ['--name', ['/', 'a b', 'x', '-x', 'fuzz-$$']],
  ['--ip', ['1.2.3.4', 'x']],
  ['--mac-address', ['02:42:ac:11:00:05', 'x']],
  ['--link', ['nosuch:a', 'x']],
  ['--network-alias', ['a', '']],
  ['--annotation', ['a=b', 'x']],
  ['--detach-keys', ['ctrl-a', 'ctrl-A', 'x,y']],
  ['--kernel-memory', ['1m', 'x']],
  ['--nosuch', ['x']],
];
const SWITCHES = [
  '--rm',
  '--init',
  '--read-only',
  '--privileged',
  '--no-healthcheck',
  '-t',
  '-i',
  '--oom-kill-disable',
  '-P',
  '--rm=false',
  '--tty=x',
  '-x',
  '--quiet',
  '--sig-proxy=false',
  '--disable-content-trust',
];
const IMAGES = [
  'busybox',
  'busybox',
  'busybox',
  'busybox:latest',
  'BAD',
  'nosuch-image',
  'busybox:',
  'busybox@sha256:0',
];
const COMMANDS = [
  'true',
  'echo hi',
  'nosuch',
  '/etc',
  'id',
  'env',
  'pwd',
  'hostname',
  'exit',
  'false',
  '',
  'cat /proc/self/oom_score_adj',
  'stat -c %a /t',
];

/** The names of the runtimes, and ids, times and addresses. */
function plain(text: string): string {
  return text
    .replaceAll(/\b[0-9a-f]{12,64}\b/g, 'ID')
    .replaceAll(/\bberth\b/gi, 'docker')
    .replaceAll(/\b(crun|runc)( (create|exec))?( failed)?\b/g, 'RUNTIME')
    .replaceAll(/dial tcp: lookup [^"\n]*/g, 'no registry')
    .replaceAll(/ \((No registry can be|"docker image)[^\n]*\)/g, '')
    .trimEnd();
}

export const command: Subject<string> = {
  make(random: Random): readonly string[] {
    const parts: string[] = [];
    for (let count = random.between(0, 4); count > 0; count -= 1) {
      if (random.chance(0.2)) parts.push(random.pick(SWITCHES));
      else {
        const [flag, values] = random.pick(FLAGS);
        parts.push(`${flag}\0${random.pick(values)}`);
      }
    }
    return [
      random.pick(['run', 'create', 'run']),
      ...parts,
      `IMAGE\0${random.pick(IMAGES)}`,
      `COMMAND\0${random.pick(COMMANDS)}`,
    ];
  },

  async observe(side: Side, parts: readonly string[]): Promise<readonly string[]> {
    const verb = parts.find((one) => one === 'run' || one === 'create') ?? 'run';
    const of = (kind: string): string[] => {
      const found = parts.find((one) => one.startsWith(`${kind}\0`))?.slice(kind.length + 1);
      return found === undefined || found === '' ? [] : kind === 'COMMAND' ? found.split(' ') : [found];
    };
    const flags = parts
      .filter((one) => one !== 'run' && one !== 'create' && !/^(IMAGE|COMMAND)\0/.test(one))
      .flatMap((one) => one.split('\0'));
    const usual = flags.includes('--network') ? [] : ['--network', 'none'];
    const label = `fuzz.${process.pid}`;
    const args = [verb, '--label', label, ...usual, '--pull', 'never', ...flags, ...of('IMAGE'), ...of('COMMAND')];
    const { code, stdout, stderr } = await client(side, args);
    const left = await client(side, ['ps', '-aq', '--filter', `label=${label}`]);
    const ids = left.stdout.split('\n').filter((one) => one !== '');
    if (ids.length > 0) await client(side, ['rm', '-fv', ...ids]);
    return [`code: ${code}`, `left: ${ids.length}`, `stdout: ${plain(stdout)}`, `stderr: ${plain(stderr)}`];
  },

  show: (part) => part.replace('\0', ' '),

  // what the runtime itself says
  meant: (ours, theirs) => /OCI runtime/.test(ours) && /OCI runtime/.test(theirs),
};
