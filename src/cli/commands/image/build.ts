// `build`: an image from a Dockerfile, by the builder of the daemon.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import { command } from '../../context.ts';
import { exactly, Failure, flag } from '../../grammar/index.ts';
import { checkExtraHost, checkLabel, parseReference, parseUlimit, toMap } from '../../options/index.ts';
import type { Ulimit } from '../../../spec/docker/container.ts';
import { showProgress } from '../../progress/index.ts';
import { displayOn } from '../display-on.ts';

export const build = command({
  use: '[OPTIONS] PATH | URL | -',
  description: 'Build an image from a Dockerfile',
  aliases: 'docker image build, docker build, docker builder build',
  args: exactly(1),
  flags: {
    'add-host': flag.list('', 'Add a custom host-to-IP mapping ("host:ip")', checkExtraHost),
    'build-arg': flag.list('', 'Set build-time variables'),
    'cache-from': flag.strings('', 'Images to consider as cache sources'),
    'cgroup-parent': flag.string('', 'Set the parent cgroup for the "RUN" instructions during build'),
    compress: flag.bool('', 'Compress the build context using gzip'),
    'cpu-period': flag.int('', 'Limit the CPU CFS (Completely Fair Scheduler) period'),
    'cpu-quota': flag.int('', 'Limit the CPU CFS (Completely Fair Scheduler) quota'),
    'cpu-shares': flag.int('c', 'CPU shares (relative weight)'),
    'cpuset-cpus': flag.string('', 'CPUs in which to allow execution (0-3, 0,1)'),
    'cpuset-mems': flag.string('', 'MEMs in which to allow execution (0-3, 0,1)'),
    'disable-content-trust': flag.bool('', 'Skip image verification', true),
    file: flag.string('f', 'Name of the Dockerfile (Default is "PATH/Dockerfile")'),
    'force-rm': flag.bool('', 'Always remove intermediate containers'),
    iidfile: flag.string('', 'Write the image ID to the file'),
    isolation: flag.string('', 'Container isolation technology'),
    label: flag.list('', 'Set metadata for an image', checkLabel),
    memory: flag.bytes('m', 'Memory limit'),
    'memory-swap': flag.bytes('', 'Swap limit equal to memory plus swap: -1 to enable unlimited swap', {
      minusOne: true,
    }),
    network: flag.string('', 'Set the networking mode for the RUN instructions during build', 'default'),
    'no-cache': flag.bool('', 'Do not use cache when building the image'),
    platform: flag.string('', 'Set platform if server is multi-platform capable'),
    pull: flag.bool('', 'Always attempt to pull a newer version of the image'),
    quiet: flag.bool('q', 'Suppress the build output and print image ID on success'),
    rm: flag.bool('', 'Remove intermediate containers after a successful build', true),
    'security-opt': flag.strings('', 'Security options'),
    'shm-size': flag.bytes('', 'Size of "/dev/shm"'),
    squash: flag.bool('', 'Squash newly built layers into a single new layer'),
    tag: flag.list('t', 'Name and optionally a tag in the "name:tag" format', checkTag),
    target: flag.string('', 'Set the target build stage to build.'),
    ulimit: flag.custom<readonly Ulimit[]>(
      'ulimit',
      '',
      'Ulimit options',
      [],
      (before, text) => [...before.filter((one) => one.Name !== parseUlimit(text).Name), parseUlimit(text)],
      { shown: '[]' },
    ),
  },
  async run(context, { flags, args: [source = ''] }) {
    if (source === '-' && flags.file === '-')
      throw new Failure("invalid argument: can't use stdin for both build context and dockerfile");
    if (flags.file === '-') throw new Failure('a Dockerfile from stdin is not supported by this client');
    if (flags.squash && !(await context.client.call('SystemInfo')).ExperimentalBuild) {
      throw new Failure('"--squash" is only supported on a Docker daemon with experimental features enabled');
    }
    const remote = /^(https?:\/\/|git@|git:\/\/|github\.com\/)/.test(source);
    const query: Record<string, string | number | boolean | readonly string[]> = {
      t: flags.tag,
      dockerfile:
        flags.file === '' || source === '-' || remote
          ? flags.file || 'Dockerfile'
          : relative(resolve(source), resolve(flags.file)),
      q: flags.quiet,
      nocache: flags['no-cache'],
      pull: flags.pull ? '1' : '',
      rm: flags.rm,
      forcerm: flags['force-rm'],
      memory: flags.memory,
      memswap: flags['memory-swap'],
      cpushares: flags['cpu-shares'],
      cpusetcpus: flags['cpuset-cpus'],
      cpusetmems: flags['cpuset-mems'],
      cpuperiod: flags['cpu-period'],
      cpuquota: flags['cpu-quota'],
      cgroupparent: flags['cgroup-parent'],
      shmsize: flags['shm-size'],
      buildargs: JSON.stringify(Object.fromEntries(flags['build-arg'].map(buildArg))),
      labels: JSON.stringify(toMap(flags.label)),
      cachefrom: JSON.stringify(flags['cache-from']),
      networkmode: flags.network,
      extrahosts: flags['add-host'].join(','),
      platform: flags.platform,
      target: flags.target,
      ulimits: JSON.stringify(flags.ulimit),
      squash: flags.squash,
      ...(remote ? { remote: source } : {}),
    };
    const given = Object.fromEntries(
      Object.entries(query).filter(
        ([, value]) => value !== '' && value !== 0 && value !== false && value !== '[]' && value !== '{}',
      ),
    );
    const answer = await context.client.stream('ImageBuild', {
      query: { ...given, rm: flags.rm },
      headers: { 'Content-Type': 'application/x-tar' },
      ...(remote ? {} : { raw: await contextOf(source, flags.file) }),
    });
    let id = '';
    const onAux = (aux: unknown): void => {
      const seen = (aux as { ID?: unknown }).ID;
      if (typeof seen === 'string') id = seen;
    };
    if (!flags.quiet) await showProgress(answer.body, displayOn(context, 1, onAux));
    else {
      // The output is shown only when the build fails; its last line is the id.
      let text = '';
      try {
        await showProgress(answer.body, { ...displayOn(context, undefined, onAux), write: (part) => (text += part) });
      } catch (error) {
        context.err(text);
        throw error;
      }
      id = /sha256:[a-f0-9]{64}/.exec(text)?.[0] ?? id;
      context.out(text.endsWith('\n') ? text : `${text}\n`);
    }
    if (flags.iidfile !== '') writeFileSync(flags.iidfile, id);
    return 0;
  },
});

function checkTag(text: string): string {
  parseReference(text);
  return text;
}

function buildArg(text: string): [string, string | null] {
  const [name = '', value] = text.split(/=(.*)/s);
  return [name, value ?? process.env[name] ?? null];
}

/** The tar stream of the build context; a single Dockerfile when stdin holds one. */
async function contextOf(source: string, file: string): Promise<AsyncIterable<Uint8Array>> {
  if (source === '-') {
    const chunks: Buffer[] = [];
    for await (const chunk of process.stdin as AsyncIterable<Buffer>) chunks.push(chunk);
    const input = Buffer.concat(chunks);
    return isArchive(input) ? only(input) : only(oneFile('Dockerfile', input));
  }
  const directory = resolve(source);
  if (!existsSync(directory)) throw new Failure(`unable to prepare context: path ${JSON.stringify(source)} not found`);
  // A file that is named is looked for from here, not from the context.
  const path = file === '' ? resolve(directory, 'Dockerfile') : resolve(file);
  if (!existsSync(path)) {
    throw new Failure(
      `unable to prepare context: unable to evaluate symlinks in Dockerfile path: lstat ${path}: no such file or directory`,
    );
  }
  const dockerfile = relative(directory, path);
  if (dockerfile.startsWith('..'))
    throw new Failure(`unable to prepare context: the Dockerfile (${path}) must be within the build context`);
  const { pack } = await import('../container/archive.ts');
  const { ignoreMatcher, readIgnoreFile } = await import('../../../spec/ignore/index.ts');
  const rules = `${directory}/.dockerignore`;
  const matcher = ignoreMatcher(readIgnoreFile(existsSync(rules) ? readFileSync(rules, 'utf8') : ''));
  // A directory that may hold something that is kept is sent, so that it is there for it.
  const ignored = (name: string): boolean => matcher.ignores(name) && !matcher.mayKeepBelow(name);
  return pack(directory, '.', {
    skip: (name) => name !== dockerfile && name !== '.dockerignore' && ignored(name),
    owner: false,
  }).stream;
}

const isArchive = (data: Buffer): boolean =>
  data.subarray(257, 262).toString('latin1') === 'ustar' ||
  (data[0] === 0x1f && data[1] === 0x8b) ||
  data.subarray(0, 3).toString('latin1') === 'BZh' ||
  data.subarray(0, 6).toString('hex') === 'fd377a585a00';

async function* only(data: Uint8Array): AsyncGenerator<Uint8Array> {
  yield data;
}

/** A tar archive with one file. */
function oneFile(name: string, data: Buffer): Buffer {
  const header = Buffer.alloc(512);
  header.write(name, 0);
  header.write('0000644\0', 100);
  header.write('0000000\0', 108);
  header.write('0000000\0', 116);
  header.write(`${data.length.toString(8).padStart(11, '0')}\0`, 124);
  header.write('00000000000\0', 136);
  header.write('        ', 148);
  header.write('0', 156);
  header.write('ustar\x0000', 257);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return Buffer.concat([header, data, Buffer.alloc(((512 - (data.length % 512)) % 512) + 1024)]);
}
