// Applies the instructions of `--change` (import, commit) to a container configuration.
import { posix } from 'node:path';
import { invalid, messageOf } from '../../base/errors.ts';
import { parseGoDuration } from '../../base/go-text.ts';
import { type ImageConfig, parseProtocol, parseRange, portKeys } from '../../spec/docker/index.ts';
import { expand, jsonArray, splitWords } from './split-words.ts';

type Healthcheck = NonNullable<ImageConfig['Healthcheck']>;
type Apply = (config: ImageConfig, rest: string, variables: ReadonlyMap<string, string>) => ImageConfig;

/** The configuration after the instructions, the given one unchanged. Throws invalid in the words of Docker's builder. */
export function applyChanges<C extends ImageConfig>(config: C, changes: readonly string[]): C {
  const lines = instructions(changes.join('\n')).map((line) => {
    const word = /^\S*/.exec(line)?.[0] ?? '';
    return { word, rest: word === '' ? '' : line.slice(word.length).trim() };
  });
  if (lines.length === 0 && changes.length > 0) throw invalid('file with no instructions');
  for (const { word } of lines) if (!APPLY[word.toUpperCase()]) throw invalid(`${word} is not a valid change command`);
  let result: ImageConfig = { ...config };
  let commandGiven = false;
  for (const { word, rest } of lines) {
    const name = word.toUpperCase();
    const variables = new Map(
      (result.Env ?? []).map((pair) => [pair.split('=', 1)[0] ?? '', pair.slice(pair.indexOf('=') + 1)]),
    );
    result = APPLY[name]?.(result, rest, variables) ?? result;
    commandGiven ||= name === 'CMD';
    // a new entry point makes the command of the base meaningless
    if (name === 'ENTRYPOINT' && !commandGiven) result = { ...result, Cmd: null };
  }
  return result as C;
}

/** Lines without comments, continued ones joined. */
function instructions(text: string): string[] {
  const out: string[] = [];
  let open = '';
  for (const line of text.split('\n')) {
    if (/^\s*#/.test(line) || (open !== '' && line.trim() === '')) continue;
    const continued = /\\[ \t]*$/.test(line);
    open += continued ? line.replace(/\\[ \t]*$/, '') : line;
    if (continued) continue;
    if (open.trim()) out.push(open.trim());
    open = '';
  }
  if (open.trim()) out.push(open.trim());
  return out;
}

/** `k=v k="v w"`, or the old `k v w` of one pair. */
function pairs(name: string, rest: string, variables: ReadonlyMap<string, string>): [string, string][] {
  const words = splitWords(rest);
  const [first] = words;
  if (first === undefined) throw invalid(`${name} requires at least one argument`);
  if (!first.includes('=')) {
    const value = rest.slice(first.length).trim();
    if (!value) throw invalid(`${name} must have two arguments`);
    return [[expand(first, variables), expand(value, variables)]];
  }
  return words.map((word) => {
    const equals = word.indexOf('=');
    if (equals < 0) throw invalid(`Syntax error - can't find = in "${word}". Must be of the form: name=value`);
    const key = expand(word.slice(0, equals), variables);
    if (!key) throw invalid(`${name} names can not be blank`);
    return [key, expand(word.slice(equals + 1), variables)];
  });
}

function command(config: ImageConfig, rest: string): string[] {
  return jsonArray(rest) ?? (rest ? [...(config.Shell ?? ['/bin/sh', '-c']), rest] : []);
}

function one(name: string, rest: string): string {
  if (!rest || splitWords(rest).length !== 1) throw invalid(`${name} requires exactly one argument`);
  return rest;
}

const APPLY: Readonly<Record<string, Apply>> = {
  CMD: (config, rest) => ({ ...config, Cmd: command(config, rest) }),
  ENTRYPOINT: (config, rest) => ({ ...config, Entrypoint: command(config, rest) }),
  ENV(config, rest, variables) {
    const env = [...(config.Env ?? [])];
    for (const [key, value] of pairs('ENV', rest, variables)) {
      const at = env.findIndex((pair) => pair.split('=', 1)[0] === key);
      if (at < 0) env.push(`${key}=${value}`);
      else env[at] = `${key}=${value}`;
    }
    return { ...config, Env: env };
  },
  LABEL: (config, rest, variables) => ({
    ...config,
    Labels: { ...config.Labels, ...Object.fromEntries(pairs('LABEL', rest, variables)) },
  }),
  EXPOSE(config, rest, variables) {
    const words = splitWords(rest);
    if (words.length === 0) throw invalid('EXPOSE requires at least one argument');
    const ports = words.flatMap((word) => portsOf(expand(word, variables)));
    return {
      ...config,
      ExposedPorts: { ...config.ExposedPorts, ...Object.fromEntries(ports.map((port) => [port, {}])) },
    };
  },
  ONBUILD(config, rest) {
    if (!rest) throw invalid('ONBUILD requires at least one argument');
    const trigger = rest.split(/\s/, 1)[0]?.toUpperCase() ?? '';
    if (trigger === 'ONBUILD') throw invalid("Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed");
    if (trigger === 'FROM' || trigger === 'MAINTAINER') throw invalid(`${trigger} isn't allowed as an ONBUILD trigger`);
    return { ...config, OnBuild: [...(config.OnBuild ?? []), rest] };
  },
  STOPSIGNAL(config, rest, variables) {
    const signal = expand(one('STOPSIGNAL', rest), variables);
    if (!isSignal(signal)) throw invalid(`invalid signal: ${signal}`);
    return { ...config, StopSignal: signal };
  },
  USER: (config, rest, variables) => ({ ...config, User: expand(one('USER', rest), variables) }),
  VOLUME(config, rest, variables) {
    const paths = (jsonArray(rest) ?? splitWords(rest)).map((path) => expand(path, variables).trim());
    if (paths.length === 0) throw invalid('VOLUME requires at least one argument');
    if (paths.includes('')) throw invalid('VOLUME specified can not be an empty string');
    return { ...config, Volumes: { ...config.Volumes, ...Object.fromEntries(paths.map((path) => [path, {}])) } };
  },
  WORKDIR(config, rest, variables) {
    const path = expand(rest, variables);
    if (!path) throw invalid('WORKDIR requires exactly one argument');
    return { ...config, WorkingDir: posix.resolve('/', config.WorkingDir ?? '', path) };
  },
  HEALTHCHECK: (config, rest) => ({ ...config, Healthcheck: healthcheck(rest) }),
};

function healthcheck(text: string): Healthcheck {
  const flags = new Map<string, string>();
  let rest = text;
  for (let flag = /^--([^\s=]+)(?:=(\S*))?\s*/.exec(rest); flag; flag = /^--([^\s=]+)(?:=(\S*))?\s*/.exec(rest)) {
    flags.set(flag[1] ?? '', flag[2] ?? '');
    rest = rest.slice(flag[0].length);
  }
  const word = /^\S*/.exec(rest)?.[0] ?? '';
  const argument = rest.slice(word.length).trimStart();
  const type = word.toUpperCase();
  if (!type) throw invalid('HEALTHCHECK requires at least one argument');
  if (type === 'NONE') {
    if (argument || flags.size > 0) throw invalid('HEALTHCHECK NONE takes no arguments');
    return { Test: ['NONE'] };
  }
  if (type !== 'CMD') throw invalid(`Unknown type "${type}" in HEALTHCHECK (try CMD)`);
  if (!argument) throw invalid('Missing command after HEALTHCHECK CMD');
  const json = jsonArray(argument);
  const result: Healthcheck = { Test: json ? ['CMD', ...json] : ['CMD-SHELL', argument] };
  for (const [flag, value] of flags) {
    if (flag === 'retries') {
      if (!/^[+-]?\d+$/.test(value)) throw invalid(`strconv.ParseInt: parsing "${value}": invalid syntax`);
      if (Number(value) < 0) throw invalid(`--retries cannot be negative (${value})`);
      result.Retries = Number(value);
      continue;
    }
    const field = (
      {
        interval: 'Interval',
        timeout: 'Timeout',
        'start-period': 'StartPeriod',
        'start-interval': 'StartInterval',
      } as const
    )[flag];
    if (field === undefined) throw invalid(`unknown flag: ${flag}`);
    result[field] = intervalOf(flag, value);
  }
  return result;
}

/** Nanoseconds. */
function intervalOf(flag: string, value: string): number {
  let nanos: bigint;
  try {
    nanos = parseGoDuration(value);
  } catch (error) {
    throw invalid(messageOf(error));
  }
  if (nanos < 1_000_000n && nanos !== 0n) throw invalid(`Interval "${flag}" cannot be less than 1ms`);
  return Number(nanos);
}

/** `80`, `443/udp`, `1000-1002` to `80/tcp` … */
function portsOf(word: string): string[] {
  const [range = '', protocol = ''] = word.split('/');
  // what stands before it, as in the argument of -p, is of the host
  const inner = range.slice(range.lastIndexOf(':') + 1);
  if (!parseRange(inner)) throw invalid(`Invalid containerPort: ${range}`);
  if (!parseProtocol(protocol)) throw invalid(`Invalid proto: ${protocol}`);
  return portKeys(`${inner}/${protocol}`) ?? [];
}

const SIGNALS = new Set(
  'ABRT ALRM BUS CHLD CLD CONT FPE HUP ILL INT IO IOT KILL PIPE POLL PROF PWR QUIT SEGV STKFLT STOP SYS TERM TRAP TSTP TTIN TTOU URG USR1 USR2 VTALRM WINCH XCPU XFSZ'.split(
    ' ',
  ),
);

function isSignal(text: string): boolean {
  if (/^\d+$/.test(text)) return Number(text) > 0 && Number(text) < 65;
  const name = text.toUpperCase().replace(/^SIG/, '');
  return SIGNALS.has(name) || /^RTM(?:IN(?:\+\d+)?|AX(?:-\d+)?)$/.test(name);
}
