// `parity`: in what two contexts, projects or containers differ, or one from what a file remembers of it.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { messageOf } from '../../base/errors.ts';
import { parseJson } from '../../base/json.ts';
import { DEFAULT_CONTEXT } from '../../client/config/index.ts';
import { putResult } from '../../files/index.ts';
import {
  compare,
  type ContainerInfo,
  containerFacts,
  type Difference,
  hostFacts,
  type HostInfo,
  keyOf,
  lockText,
  parseLock,
  type Place,
  projectOf,
  underOneName,
} from '../../parity/index.ts';
import { command, type Context } from '../session/context.ts';
import { tabulate } from '../format/index.ts';
import { Failure, flag, range } from '../grammar/index.ts';

/** Exit codes: places differ; they could not be compared. */
const DIFFER = 1;
const FAILED = 2;
const SHOWN = 60;

export const parity = command({
  use: '[OPTIONS] A [B]',
  description:
    'Compare two contexts, projects or containers: what differs is a row of a table, and the exit code 1. A and B are CONTEXT, CONTEXT/NAME, or NAME in the current context; NAME is a container, else a Compose project. Values of variables are shown as hashes',
  args: range(1, 2),
  flags: {
    lock: flag.string('', 'File that remembers A: written when it is not there, compared with A when it is'),
    update: flag.bool('', 'Write the file of --lock anew'),
    format: flag.string('', 'Format output: "json" for a list of differences'),
  },
  async run(context, { flags, args: [a = '', b] }) {
    if ((b === undefined) === (flags.lock === '')) throw new Failure('either B or --lock FILE is wanted', 125);
    if (flags.format !== '' && flags.format !== 'json') throw new Failure('--format: json is the only one', 125);
    try {
      const left = await observe(context, a);
      if (b === undefined && (flags.update || !existsSync(flags.lock))) {
        putResult(flags.lock, lockText(left));
        context.err(`${flags.lock}: remembers ${a}, ${count(left)}\n`);
        return 0;
      }
      const right = b === undefined ? readLock(flags.lock) : await observe(context, b);
      // a container beside another one of another name
      const areSingle = isSingle(left) && isSingle(right);
      const found = areSingle ? compare(underOneName(left), underOneName(right)) : compare(left, right);
      if (flags.format === 'json') context.out(`${JSON.stringify(found)}\n`);
      else if (found.length > 0) context.out(table(found, a, b ?? flags.lock));
      else context.err(`${a} and ${b ?? flags.lock} are alike: host and ${count(left)}\n`);
      return found.length > 0 ? DIFFER : 0;
    } catch (error) {
      throw new Failure(messageOf(error), error instanceof Failure ? error.code : FAILED);
    }
  },
});

const isSingle = ({ containers }: Place): boolean => Object.keys(containers).length === 1;

function count({ containers }: Place): string {
  const { length } = Object.keys(containers);
  return `${length} container${length === 1 ? '' : 's'}`;
}

function readLock(file: string): Place {
  try {
    return parseLock(parseJson(readFileSync(file, 'utf8')));
  } catch (error) {
    throw new Error(`${file}: ${messageOf(error)}`, { cause: error });
  }
}

function table(rows: readonly Difference[], left: string, right: string): string {
  const cut = (text: string): string => (text.length > SHOWN ? `${text.slice(0, SHOWN - 1)}…` : text || '-');
  const lines = rows.map((row) => `${row.where}\t${row.what}\t${cut(row.left)}\t${cut(row.right)}\n`);
  return tabulate(`WHERE\tWHAT\t${left.toUpperCase()}\t${right.toUpperCase()}\n${lines.join('')}`);
}

async function observe(context: Context, text: string): Promise<Place> {
  const isContext = (name: string): boolean => name === DEFAULT_CONTEXT || context.contexts.has(name);
  const cut = text.indexOf('/');
  const [where, what] = isContext(text)
    ? [text, undefined]
    : cut > 0 && isContext(text.slice(0, cut))
      ? [text.slice(0, cut), text.slice(cut + 1)]
      : [undefined, text];
  const { client } = where === undefined ? context : context.inContext(where);
  const info = await client.json<HostInfo>('SystemInfo');
  const listed = await client.json<{ Id: string }[]>('ContainerList', { query: { all: true } });
  const all = (await Promise.all(
    listed.map(({ Id }) => client.json<ContainerInfo & { Id: string }>('ContainerInspect', { params: { id: Id } })),
  )) as (ContainerInfo & { Id: string })[];
  const chosen = what === undefined ? all : choose(all, what);
  if (what !== undefined && chosen.length === 0)
    throw new Error(`${text}: there is no such context, container or project`);
  const hash = (value: string): string => createHash('sha256').update(value).digest('hex').slice(0, 12);
  return {
    name: text,
    host: hostFacts(info),
    containers: Object.fromEntries(chosen.map((one) => [keyOf(one), containerFacts(one, hash)])),
  };
}

function choose<T extends ContainerInfo & { Id: string }>(all: readonly T[], what: string): readonly T[] {
  const named = all.filter(({ Name, Id }) => Name === `/${what}` || Id.startsWith(what));
  return named.length > 0 ? named.slice(0, 1) : all.filter((one) => projectOf(one) === what);
}
