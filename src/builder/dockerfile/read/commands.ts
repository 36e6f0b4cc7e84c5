// RUN, CMD, ENTRYPOINT, SHELL and HEALTHCHECK: what is run, in shell or exec form.
import { messageOf } from '../../../base/errors.ts';
import { parseGoDuration } from '../../../base/go-text.ts';
import { quote } from '../syntax/expand.ts';
import { Failure } from '../syntax/failure.ts';
import { readFlags } from '../syntax/flags.ts';
import type { CommandLine, RunNetwork, RunSecurity } from '../syntax/instructions.ts';
import { SPACES } from '../syntax/space.ts';
import { stringArray } from '../syntax/split-words.ts';
import { checkMount, readDevice } from './mount.ts';
import type { Reader, Source } from './source.ts';

function commandLine(rest: string): CommandLine {
  const list = stringArray(rest);
  if (list) return { shell: false, args: list };
  return { shell: true, args: rest === '' ? [] : [rest] };
}

const NETWORKS: readonly RunNetwork[] = ['default', 'none', 'host'];
const SECURITY: readonly RunSecurity[] = ['sandbox', 'insecure'];

export const readRun: Reader<'run'> = ({ node }) => {
  const line = commandLine(node.rest);
  const flags = readFlags(node.flags, { mount: 'texts', network: 'text', security: 'text', device: 'texts' });
  const mounts = flags.mount ?? [];
  const devices = (flags.device ?? []).map(readDevice);
  for (const mount of mounts) checkMount(mount);
  const network = NETWORKS.find((known) => known === (flags.network ?? 'default'));
  if (!network) throw new Failure(`invalid network mode ${quote(flags.network ?? '')}`);
  const security = SECURITY.find((known) => known === (flags.security ?? 'sandbox'));
  if (!security) throw new Failure(`security ${quote(flags.security ?? '')} is not valid`);
  return { ...line, heredocs: node.heredocs, mounts, network, security, devices };
};

/** CMD and ENTRYPOINT. */
export const commandLineOf = ({ node }: Source): CommandLine => {
  const line = commandLine(node.rest);
  readFlags(node.flags, {});
  return line;
};

export const readShell: Reader<'shell'> = ({ node }) => {
  const list = stringArray(node.rest);
  readFlags(node.flags, {});
  if (list && list.length > 0) return { shell: list };
  if (list || node.rest === '') throw new Failure('SHELL requires at least one argument');
  throw new Failure('SHELL requires the arguments to be in JSON form');
};

const MILLISECOND = 1_000_000;

function interval(flag: string, text: string | undefined): number {
  if (text === undefined || text === '') return 0;
  let nanos: bigint;
  try {
    nanos = parseGoDuration(text);
  } catch (error) {
    // what is wrong with a text is wrong with its line
    throw new Failure(messageOf(error));
  }
  if (nanos !== 0n && nanos < MILLISECOND) {
    throw new Failure(`Interval ${quote(flag)} cannot be less than 1ms`);
  }
  return Number(nanos);
}

export const readHealthcheck: Reader<'healthcheck'> = ({ node }) => {
  const at = node.rest.search(SPACES);
  const given = at < 0 ? node.rest : node.rest.slice(0, at);
  const line = commandLine(at < 0 ? '' : node.rest.slice(at).trimStart());
  if (given === '') throw new Failure('HEALTHCHECK requires at least one argument');
  const type = given.toUpperCase();
  const none = { interval: 0, timeout: 0, startPeriod: 0, startInterval: 0, retries: 0 };
  if (type === 'NONE') {
    if (line.args.length > 0) throw new Failure('HEALTHCHECK NONE takes no arguments');
    return { check: { test: ['NONE'], ...none } };
  }
  const flags = readFlags(node.flags, {
    interval: 'text',
    timeout: 'text',
    'start-period': 'text',
    'start-interval': 'text',
    retries: 'text',
  });
  if (type !== 'CMD') throw new Failure(`Unknown type ${quote(type)} in HEALTHCHECK (try CMD)`);
  if (line.args.length === 0) throw new Failure('Missing command after HEALTHCHECK CMD');
  return {
    check: {
      test: [line.shell ? 'CMD-SHELL' : 'CMD', ...line.args],
      interval: interval('interval', flags.interval),
      timeout: interval('timeout', flags.timeout),
      startPeriod: interval('start-period', flags['start-period']),
      startInterval: interval('start-interval', flags['start-interval']),
      retries: retries(flags.retries),
    },
  };
};

function retries(text: string | undefined): number {
  if (text === undefined || text === '') return 0;
  if (!/^[+-]?\d+$/.test(text)) throw new Failure(`strconv.ParseInt: parsing ${quote(text)}: invalid syntax`);
  const value = Number(text);
  if (value > 2 ** 31 - 1 || value < -(2 ** 31)) {
    throw new Failure(`strconv.ParseInt: parsing ${quote(text)}: value out of range`);
  }
  if (value < 0) throw new Failure(`--retries cannot be negative (${value})`);
  return value;
}
