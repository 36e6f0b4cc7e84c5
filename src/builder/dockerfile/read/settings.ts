// Instructions that only change the image's configuration or the variables of the build.
import { quote } from '../syntax/expand.ts';
import { Failure } from '../syntax/failure.ts';
import { readFlags } from '../syntax/flags.ts';
import type { KeyValue } from '../syntax/instructions.ts';
import { cutAtBlanks, trim } from '../syntax/space.ts';
import { blankWords, quotedWords, splitLine, stringArray } from '../syntax/split-words.ts';
import type { Reader, Source } from './source.ts';

/** `KEY name=value …`, or `KEY name value` as it was long ago: the first word decides. */
function pairs({ node, escape }: Source, keyword: string): KeyValue[] {
  const words = quotedWords(node.rest, escape);
  const first = words[0];
  const result: KeyValue[] = [];
  if (first !== undefined && !first.includes('=')) {
    const [key, value] = cutAtBlanks(node.rest);
    if (value === undefined) throw new Failure(`${keyword} must have two arguments`, true);
    result.push({ key, value, legacy: true });
  } else {
    for (const word of words) {
      const equals = word.indexOf('=');
      if (equals < 0) {
        throw new Failure(`Syntax error - can't find = in ${quote(word)}. Must be of the form: name=value`, true);
      }
      result.push({ key: word.slice(0, equals), value: word.slice(equals + 1), legacy: false });
    }
  }
  readFlags(node.flags, {});
  if (result.length === 0) throw new Failure(`${keyword} requires at least one argument`);
  if (result.some(({ key }) => key === '')) throw new Failure(`${keyword} names can not be blank`);
  return result;
}

export const readEnv: Reader<'env'> = (source) => ({ pairs: pairs(source, 'ENV') });
export const readLabel: Reader<'label'> = (source) => ({ pairs: pairs(source, 'LABEL') });

/** The whole rest as one argument. */
function one({ node }: Source, keyword: string): string {
  if (node.rest === '') throw new Failure(`${keyword} requires exactly one argument`);
  // Of STOPSIGNAL alone Docker does not look at flags.
  if (keyword !== 'STOPSIGNAL') readFlags(node.flags, {});
  return node.rest;
}

export const readMaintainer: Reader<'maintainer'> = (source) => ({ name: one(source, 'MAINTAINER') });
export const readUser: Reader<'user'> = (source) => ({ user: one(source, 'USER') });
export const readWorkdir: Reader<'workdir'> = (source) => ({ path: one(source, 'WORKDIR') });
export const readStopsignal: Reader<'stopsignal'> = (source) => ({ signal: one(source, 'STOPSIGNAL') });

export const readExpose: Reader<'expose'> = ({ node }) => {
  const ports = blankWords(node.rest);
  if (ports.length === 0) throw new Failure('EXPOSE requires at least one argument');
  readFlags(node.flags, {});
  return { ports: ports.sort() };
};

export const readVolume: Reader<'volume'> = ({ node }) => {
  const paths = (stringArray(node.rest) ?? blankWords(node.rest)).map(trim);
  if (paths.length === 0) throw new Failure('VOLUME requires at least one argument');
  readFlags(node.flags, {});
  if (paths.includes('')) throw new Failure('VOLUME specified can not be an empty string');
  return { paths };
};

export const readArg: Reader<'arg'> = ({ node, escape }) => {
  const words = quotedWords(node.rest, escape);
  if (words.length === 0) throw new Failure('ARG requires at least one argument');
  const definitions = words.map((word) => {
    const equals = word.indexOf('=');
    if (equals === 0) throw new Failure('ARG names can not be blank');
    const key = equals < 0 ? word : word.slice(0, equals);
    const value = equals < 0 ? undefined : word.slice(equals + 1);
    return { key, value, description: descriptionOf(node.comments, key) };
  });
  return { definitions };
};

/** Of the comments above a definition the one that begins with its name. */
export function descriptionOf(comments: readonly string[], name: string): string {
  if (name === '') return '';
  return comments.find((comment) => comment.startsWith(`${name} `))?.slice(name.length + 1) ?? '';
}

export const readOnbuild: Reader<'onbuild'> = ({ node, escape }) => {
  const { keyword } = splitLine(node.rest, escape);
  if (node.rest === '') throw new Failure('ONBUILD requires at least one argument');
  readFlags(node.flags, {});
  const trigger = keyword.toUpperCase();
  if (trigger === 'ONBUILD') throw new Failure("Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed");
  if (trigger === 'MAINTAINER' || trigger === 'FROM') {
    throw new Failure(`${trigger} isn't allowed as an ONBUILD trigger`);
  }
  const expression = node.original.replace(/^\s*ONBUILD\s*/i, '');
  return { expression: [expression, ...node.heredocs.map(({ content, name }) => content + name)].join('\n') };
};
