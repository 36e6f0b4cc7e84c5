// How an instruction stands in the history of the image, as BuildKit and the classic builder write it. Pure.
import type { ImageConfig } from '../../spec/docker/index.ts';
import type { Instruction } from '../dockerfile/index.ts';
import type { Healthcheck } from '../dockerfile/syntax/instructions.ts';

export interface HistoryOptions {
  /** What the image has after it. */
  readonly config: ImageConfig;
  /** Of the classic builder, where each step was a container with a shell. */
  readonly classic: boolean;
  /** Of RUN: the arguments that it sees, `A=b`, and all the words that it runs. */
  readonly args?: readonly string[];
  readonly command?: readonly string[];
}

/** In the history of COPY and ADD of the classic builder: the digest of what was copied. */
export const COPIED = '{copied}';

/** Of an instruction whose variables are replaced. */
export function createdBy(instruction: Instruction, options: HistoryOptions): string {
  if (instruction.kind === 'run') return ran(options);
  if (instruction.kind === 'copy' || instruction.kind === 'add') return copied(instruction, options.classic);
  const text = shown(instruction, options);
  return options.classic ? noOperation(text, options.config, instruction.kind === 'workdir') : text;
}

/** The classic builder's shell with a comment; a directory was made by it, so that its line has one blank less. */
export function noOperation(text: string, config: ImageConfig, narrow = false): string {
  return `${(config.Shell ?? ['/bin/sh', '-c']).join(' ')} #(nop) ${narrow ? '' : ' '}${text}`;
}

function ran({ classic, args = [], command = [] }: HistoryOptions): string {
  const words = [...(args.length > 0 ? [`|${args.length}`, ...args] : []), ...command].join(' ');
  return classic ? words : `RUN ${words} # buildkit`;
}

function copied(instruction: Instruction<'copy' | 'add'>, classic: boolean): string {
  const { kind, destination, files, original } = instruction;
  const sources = [...instruction.sources, ...files.map(({ name }) => name)];
  const keyword = kind.toUpperCase();
  if (classic)
    return `/bin/sh -c #(nop) ${keyword} ${sources.length > 1 ? 'multi' : 'file'}:${COPIED} in ${destination} `;
  const flags = original.match(/^\S+((?:\s+--\S+)*)/)?.[1]?.trim();
  return [keyword, ...(flags ? [flags] : []), ...sources, destination, '# buildkit'].join(' ');
}

function shown(instruction: Exclude<Instruction, { kind: 'run' | 'copy' | 'add' }>, options: HistoryOptions): string {
  const { config } = options;
  switch (instruction.kind) {
    case 'arg':
      return `ARG ${instruction.definitions.map(({ key, value }) => (value === undefined ? key : `${key}=${value}`)).join(' ')}`;
    case 'env':
    case 'label':
      return [instruction.kind.toUpperCase(), ...instruction.pairs.map(({ key, value }) => `${key}=${value}`)].join(
        ' ',
      );
    case 'expose':
      return options.classic
        ? `EXPOSE ${[...instruction.ports].sort().join(' ')}`
        : `EXPOSE [${instruction.ports.flatMap(portsShown).sort().join(' ')}]`;
    case 'volume':
      return `VOLUME [${instruction.paths.join(' ')}]`;
    case 'workdir':
      return `WORKDIR ${config.WorkingDir ?? '/'}`;
    case 'user':
      return `USER ${instruction.user}`;
    case 'stopsignal':
      return `STOPSIGNAL ${instruction.signal}`;
    case 'shell':
      return `SHELL [${instruction.shell.join(' ')}]`;
    case 'cmd':
      return `CMD ${quoted(config.Cmd ?? [])}`;
    case 'entrypoint':
      return `ENTRYPOINT ${quoted(config.Entrypoint ?? [])}`;
    case 'healthcheck':
      return `HEALTHCHECK ${checkShown(instruction.check, options.classic)}`;
    case 'onbuild':
    case 'maintainer':
      return instruction.original;
  }
}

/** `["a" "b"]`, as Go shows a list of quoted words. */
const quoted = (words: readonly string[]): string => `[${words.map((word) => JSON.stringify(word)).join(' ')}]`;

/** `80`, `90-91/udp`: the ports one by one, each with its protocol. */
function portsShown(word: string): string[] {
  const [range = '', protocol = 'tcp'] = word.split('/');
  const [first = 0, last = first] = range
    .slice(range.lastIndexOf(':') + 1)
    .split('-')
    .map(Number);
  return Array.from({ length: last - first + 1 }, (_, index) => `${first + index}/${protocol.toLowerCase()}`);
}

/** As Go shows the structure. */
function checkShown(
  { test, interval, timeout, startPeriod, startInterval, retries }: Healthcheck,
  classic: boolean,
): string {
  const times = [interval, timeout, startPeriod, startInterval].map(duration);
  if (classic) return `&{[${test.join(' ')}] ${times.join(' ')} ${retries}}`;
  const count = retries === 0 ? "'\\x00'" : `'\\x${retries.toString(16).padStart(2, '0')}'`;
  return `&{${quoted(test)} ${times.map((one) => JSON.stringify(one)).join(' ')} ${count}}`;
}

/** Nanoseconds as Go shows them, for whole milliseconds. */
function duration(nanos: number): string {
  if (nanos === 0) return '0s';
  if (nanos < 1e9) return `${nanos / 1e6}ms`;
  const seconds = nanos / 1e9;
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor((seconds % 3600) / 60)];
  return `${hours > 0 ? `${hours}h` : ''}${seconds >= 60 ? `${minutes}m` : ''}${Number((seconds % 60).toFixed(9))}s`;
}
