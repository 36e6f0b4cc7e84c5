// One logical line -> a typed instruction, or the opening of a stage.
import type { Node } from '../syntax/ast.ts';
import { Failure, withGuess } from '../syntax/failure.ts';
import { readFlags } from '../syntax/flags.ts';
import { quote } from '../syntax/expand.ts';
import type { Instruction, Kind, Stage } from '../syntax/instructions.ts';
import { blankWords } from '../syntax/split-words.ts';
import { commandLineOf, readHealthcheck, readRun, readShell } from './commands.ts';
import {
  descriptionOf,
  readArg,
  readEnv,
  readExpose,
  readLabel,
  readMaintainer,
  readOnbuild,
  readStopsignal,
  readUser,
  readVolume,
  readWorkdir,
} from './settings.ts';
import type { Reader, Source } from './source.ts';
import { readAdd, readCopy } from './transfer.ts';

const READERS: { readonly [K in Kind]: Reader<K> } = {
  add: readAdd,
  arg: readArg,
  cmd: commandLineOf,
  copy: readCopy,
  entrypoint: commandLineOf,
  env: readEnv,
  expose: readExpose,
  healthcheck: readHealthcheck,
  label: readLabel,
  maintainer: readMaintainer,
  onbuild: readOnbuild,
  run: readRun,
  shell: readShell,
  stopsignal: readStopsignal,
  user: readUser,
  volume: readVolume,
  workdir: readWorkdir,
};

const isKind = (name: string): name is Kind => Object.hasOwn(READERS, name);
/** Upper case, in the order of Docker's reference. */
export const KEYWORDS: readonly string[] = [...Object.keys(READERS), 'from'].map((name) => name.toUpperCase());

/** Throws a Failure when the line is no instruction. */
export function readInstruction(node: Node, escape: string): Instruction {
  const kind = node.keyword.toLowerCase();
  if (!isKind(kind)) {
    throw new Failure(withGuess(`unknown instruction: ${node.keyword}`, node.keyword, KEYWORDS, false));
  }
  const { keyword, original, range, comments } = node;
  const read: (source: Source) => object = READERS[kind];
  // The table above ties a kind to what its reader returns.
  return { kind, keyword, original, range, comments, ...read({ node, escape }) } as Instruction;
}

export const opensStage = (node: Node): boolean => node.keyword.toLowerCase() === 'from';

/** FROM as a stage without instructions yet. Throws a Failure. */
export function readStage(node: Node, index: number): Omit<Stage, 'instructions'> {
  const words = blankWords(node.rest);
  const [base = '', asKeyword = '', givenName = ''] = words;
  const named = words.length === 3 && asKeyword.toLowerCase() === 'as';
  const name = named ? givenName.toLowerCase() : '';
  if (named && !/^[a-z][a-z0-9-_.]*$/.test(name)) {
    const why = "name can't start with a number or contain symbols";
    throw new Failure(`invalid name for build stage: ${quote(givenName)}, ${why}`);
  }
  if (!named && words.length !== 1) throw new Failure('FROM requires either one or three arguments');
  const { platform = '' } = readFlags(node.flags, { platform: 'text' });
  const { keyword, original, comments, range } = node;
  const description = descriptionOf(comments, name);
  return { index, name, givenName, base, platform, keyword, asKeyword, original, description, comments, range };
}
