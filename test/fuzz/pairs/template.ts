// Templates of `--format`, by Docker's client and Berth's on one daemon.
import type { Random } from '../builds/random.ts';
import { client, type Side, type Subject } from './subject.ts';

/** A command that takes a template, and the fields that it has. */
const COMMANDS: readonly (readonly [string, readonly string[]])[] = [
  [
    'inspect fuzz-box',
    [
      '.Id',
      '.Name',
      '.Config',
      '.Config.Labels',
      '.Config.Cmd',
      '.HostConfig.Binds',
      '.State',
      '.State.Pid',
      '.State.Running',
      '.NetworkSettings.Networks',
      '.Mounts',
      '.HostConfig.RestartPolicy.Name',
      '.HostConfig.Memory',
      '.Nosuch',
      '.Config.ExposedPorts',
      '.Args',
    ],
  ],
  [
    'image inspect busybox',
    [
      '.Id',
      '.RepoTags',
      '.Config',
      '.Config.Env',
      '.RootFS.Layers',
      '.Size',
      '.Os',
      '.Config.Entrypoint',
      '.Metadata',
      '.Nosuch',
    ],
  ],
  ['network inspect bridge', ['.Name', '.IPAM', '.IPAM.Config', '.Options', '.Containers', '.Internal', '.Labels']],
  ['volume inspect fuzz-vol', ['.Name', '.Labels', '.Options', '.Mountpoint', '.Scope']],
  [
    'ps -a --filter name=fuzz-box',
    [
      '.ID',
      '.Names',
      '.Image',
      '.Command',
      '.Labels',
      '.State',
      '.Ports',
      '.Mounts',
      '.Networks',
      '.LocalVolumes',
      '.Nosuch',
    ],
  ],
  ['images busybox', ['.ID', '.Repository', '.Tag', '.Size', '.Digest', '.CreatedAt', '.Nosuch']],
  ['network ls --filter name=bridge', ['.ID', '.Name', '.Driver', '.Scope', '.Internal', '.Labels']],
  ['volume ls --filter name=fuzz-vol', ['.Name', '.Driver', '.Labels', '.Mountpoint', '.Size']],
  ['version', ['.Client.Version', '.Server.Version', '.Server.Os', '.Nosuch', '.Server.Components']],
  ['info', ['.OSType', '.Driver', '.Plugins', '.Plugins.Volume', '.NCPU', '.Nosuch', '.SecurityOptions']],
  ['history busybox', ['.ID', '.Comment', '.CreatedBy', '.Size', '.Nosuch']],
  ['system df', ['.Type', '.TotalCount', '.Active']],
];
const FUNCTIONS = [
  'json',
  'len',
  'print',
  'printf "%v"',
  'printf "%q"',
  'printf "%5s"',
  'upper',
  'lower',
  'title',
  'html',
  'urlquery',
  'js',
  'not',
  'split',
  'join',
  'truncate',
  'pad',
  'println',
  'slice',
  'index',
];
const LITERALS = ['1', '0', '-1', '"a"', '`a`', 'true', 'nil', "'a'", '1.5', '0x10', '"\\n"', '""'];

function expression(random: Random, fields: readonly string[], depth = 0): string {
  const field = (): string => random.pick(fields);
  switch (depth > 2 ? random.between(0, 3) : random.between(0, 11)) {
    case 0:
    case 1:
    case 2:
      return field();
    case 3:
      return random.pick(LITERALS);
    case 4:
      return `json ${field()}`;
    case 5:
      return `${random.pick(FUNCTIONS)} ${expression(random, fields, depth + 1)}`;
    case 6:
      return `${expression(random, fields, depth + 1)} | ${random.pick(FUNCTIONS)}`;
    case 7:
      return `(${expression(random, fields, depth + 1)})`;
    case 8:
      return `${random.pick(['eq', 'ne', 'lt', 'gt', 'and', 'or'])} ${field()} ${random.pick(LITERALS)}`;
    case 9:
      return `index ${field()} ${random.pick(LITERALS)}`;
    case 10:
      return `${random.pick(['join', 'split', 'printf'])} ${field()} ${random.pick(LITERALS)}`;
    default:
      return `slice ${field()} ${random.pick(['0', '1', '0 2', '5 1', ''])}`;
  }
}

function piece(random: Random, fields: readonly string[], depth = 0): string {
  const one = (): string => expression(random, fields);
  const inner = (): string => (depth > 1 ? 'x' : piece(random, fields, depth + 1));
  switch (random.between(0, 9)) {
    case 0:
      return random.pick(['text', ' ', '\\t', 'ü', '{', '}}', '"']);
    case 1:
      return `{{range ${one()}}}${inner()}{{end}}`;
    case 2:
      return `{{range $k, $v := ${one()}}}{{$k}}={{$v}};{{else}}none{{end}}`;
    case 3:
      return `{{if ${one()}}}${inner()}{{else}}no{{end}}`;
    case 4:
      return `{{with ${one()}}}${inner()}{{end}}`;
    case 5:
      return `{{$x := ${one()}}}{{$x}}`;
    case 6:
      return `{{- ${one()} -}}`;
    default:
      return `{{${one()}}}`;
  }
}

export const template: Subject<string> = {
  make(random: Random): readonly string[] {
    const [words, fields] = random.pick(COMMANDS);
    const table =
      /^(ps|images|network ls|volume ls|history|system df)/.test(words) && random.chance(0.2) ? ['table '] : [];
    return [words, ...table, ...Array.from({ length: random.between(1, 3) }, () => piece(random, fields))];
  },

  async observe(side: Side, [words = '', ...pieces]: readonly string[]): Promise<readonly string[]> {
    const { code, stdout, stderr } = await client(side, [...words.split(' '), '--format', pieces.join('')]);
    return [`code: ${code}`, `stdout: ${stdout}`, `stderr: ${stderr.replaceAll(/\bberth\b/gi, 'docker').trimEnd()}`];
  },

  show: (part) => part,

  // how each says what is wrong
  meant: (ours, theirs) => /^stderr: ./.test(ours) && /^stderr: ./.test(theirs),
};

/** What the templates are about. */
export async function prepareTemplates(side: Side): Promise<() => Promise<unknown>> {
  const gone = (): Promise<unknown> =>
    client(side, ['rm', '-f', 'fuzz-box']).then(() => client(side, ['volume', 'rm', '-f', 'fuzz-vol']));
  await gone();
  await client(side, ['volume', 'create', '--label', 'a=b', 'fuzz-vol']);
  await client(side, [
    'create',
    '--name',
    'fuzz-box',
    '--label',
    'a=b',
    '--label',
    'c.d=e f',
    '-v',
    'fuzz-vol:/v',
    '-p',
    '127.0.0.1::80',
    'busybox',
    'sleep',
    '100',
  ]);
  return gone;
}
