// What an instruction changes in the configuration of the image. Pure; words are expanded already.
import { posix } from 'node:path';
import { invalid } from '../../base/errors.ts';
import { parseSignal } from '../../base/signals.ts';
import { type ImageConfig, parseProtocol, parseRange, portKeys } from '../../spec/docker/index.ts';
import type { CommandLine, Healthcheck, Instruction, Kind } from '../dockerfile/syntax/instructions.ts';
import { withVariable } from './scope.ts';

const DEFAULT_SHELL = ['/bin/sh', '-c'];
export const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** Instructions that only change the configuration. */
type MetaKind = Exclude<Kind, 'run' | 'copy' | 'add' | 'arg' | 'maintainer'>;

/** The configuration that a stage begins with. */
export function startConfig(base: ImageConfig | undefined): ImageConfig {
  const { OnBuild: _, Hostname: _host, Domainname: _domain, ...rest } = base ?? { WorkingDir: '/' };
  const env = rest.Env ?? [];
  const hasPath = env.some((pair) => pair.startsWith('PATH='));
  return { ...rest, Env: hasPath ? [...env] : [`PATH=${DEFAULT_PATH}`, ...env] };
}

/** The words that are executed: shell and text, or the words themselves. The classic builder gives a shell no empty text. */
export function commandOf(config: ImageConfig, line: Pick<CommandLine, 'shell' | 'args'>, classic: boolean): string[] {
  if (!line.shell) return [...line.args];
  const text = line.args.join(' ');
  return [...(config.Shell ?? DEFAULT_SHELL), ...(classic && text === '' ? [] : [text])];
}

export function workingDirectory(config: ImageConfig, path: string): string {
  return posix.resolve('/', config.WorkingDir ?? '', path);
}

/** How much is copied and looked at when an instruction changes such a configuration, as a count of parts. */
export function workOf(config: ImageConfig, args: number, instruction: Instruction): number {
  const variables = (config.Env?.length ?? 0) + args;
  const parts = [config.ExposedPorts, config.Volumes, config.Labels].map((one) => Object.keys(one ?? {}).length);
  const size = parts.reduce((sum, count) => sum + count, variables);
  const path = (config.WorkingDir?.length ?? 0) + (config.OnBuild?.length ?? 0);
  const base = size + path;
  if (instruction.kind === 'env') return base + (variables + instruction.pairs.length) * instruction.pairs.length;
  if (instruction.kind === 'arg')
    return base + (variables + instruction.definitions.length) * instruction.definitions.length;
  if (instruction.kind === 'expose') return base + instruction.ports.reduce((sum, word) => sum + widthOf(word), 0);
  return base;
}

/** Ports that a word of EXPOSE stands for. */
function widthOf(word: string): number {
  const range = parseRange(innerRange(word));
  return range ? range.last - range.first + 1 : 1;
}

/** `commandSet`: this stage has had a CMD. */
export function applyMeta(
  config: ImageConfig,
  instruction: Instruction<MetaKind>,
  { commandSet, classic }: { readonly commandSet: boolean; readonly classic: boolean },
): ImageConfig {
  switch (instruction.kind) {
    case 'cmd': {
      const Cmd = commandOf(config, instruction, classic);
      return classic ? { ...config, Cmd } : { ...config, Cmd, ArgsEscaped: true };
    }
    case 'entrypoint':
      return {
        ...config,
        Entrypoint: commandOf(config, instruction, classic),
        ...(commandSet ? {} : { Cmd: null }),
      };
    case 'label':
      return {
        ...config,
        Labels: { ...config.Labels, ...Object.fromEntries(instruction.pairs.map(({ key, value }) => [key, value])) },
      };
    case 'env':
      for (const { key, value } of classic ? instruction.pairs : [])
        if (key === '') throw invalid(`invalid environment variable: =${value}`);
      return {
        ...config,
        Env: instruction.pairs.reduce<string[]>(
          (env, { key, value }) => withVariable(env, key, value),
          config.Env ?? [],
        ),
      };
    case 'expose': {
      const ports = instruction.ports.flatMap(portsOf);
      return {
        ...config,
        ExposedPorts: { ...config.ExposedPorts, ...Object.fromEntries(ports.map((port) => [port, {}])) },
      };
    }
    case 'volume':
      if (instruction.paths.includes('')) throw invalid('VOLUME specified can not be an empty string');
      return {
        ...config,
        Volumes: { ...config.Volumes, ...Object.fromEntries(instruction.paths.map((path) => [path, {}])) },
      };
    case 'user':
      return { ...config, User: instruction.user };
    case 'workdir':
      return { ...config, WorkingDir: workingDirectory(config, instruction.path) };
    case 'onbuild':
      return { ...config, OnBuild: [...(config.OnBuild ?? []), instruction.expression] };
    case 'stopsignal':
      parseSignal(instruction.signal);
      return { ...config, StopSignal: instruction.signal };
    case 'healthcheck':
      return { ...config, Healthcheck: healthOf(instruction.check) };
    case 'shell':
      return { ...config, Shell: [...instruction.shell] };
  }
}

function healthOf(check: Healthcheck): NonNullable<ImageConfig['Healthcheck']> {
  return {
    Test: [...check.test],
    ...(check.interval ? { Interval: check.interval } : {}),
    ...(check.timeout ? { Timeout: check.timeout } : {}),
    ...(check.startPeriod ? { StartPeriod: check.startPeriod } : {}),
    ...(check.startInterval ? { StartInterval: check.startInterval } : {}),
    ...(check.retries ? { Retries: check.retries } : {}),
  };
}

/** `80`, `443/udp`, `1000-1002` to `80/tcp` … */
function portsOf(word: string): string[] {
  const [range = '', protocol = ''] = word.split('/', 2);
  const inner = innerRange(word);
  if (!parseRange(inner)) throw invalid(`invalid containerPort: ${range}`);
  if (!parseProtocol(protocol)) throw invalid(`invalid port: ${JSON.stringify(word)}: invalid proto: ${protocol}`);
  return portKeys(`${inner}/${protocol}`) ?? [];
}

/** What stands before it, as in the argument of -p, is of the host. */
function innerRange(word: string): string {
  const [range = ''] = word.split('/', 1);
  return range.slice(range.lastIndexOf(':') + 1);
}
