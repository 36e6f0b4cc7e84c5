// What an address of a git repository asks for: `https://host/x.git#ref:folder`, `git@host:x.git?branch=b`. Pure.
// The forms are those of BuildKit's frontend/dockerfile/dfgitutil.
import { parseBool } from '../../base/bool.ts';
import { posix } from 'node:path';
import { invalid } from '../../base/errors.ts';

export interface GitRef {
  /** What git is given; may hold credentials. */
  readonly remote: string;
  /** Branch, tag, `refs/…` or commit; '' for the default branch. */
  readonly ref: string;
  /** A folder of the repository, without a leading slash; '' for all of it. */
  readonly subdir: string;
  /** Hex digits that the commit must begin with. */
  readonly checksum?: string;
  readonly keepGitDir?: boolean;
  /** Taken along unless false. */
  readonly submodules: boolean;
}

const FLAGS = new Set(['keep-git-dir', 'submodules']);

/** undefined for what is no address of a repository. Throws invalid for one whose query or ref cannot be meant. */
export function parseGitRef(text: string): GitRef | undefined {
  const found = split(text);
  if (!found) return undefined;
  const [ref, folder = ''] = cut(found.fragment, ':');
  const request = readQuery(found.query, { ref, subdir: cleanFolder(folder) });
  if (request.ref.startsWith('-')) throw invalid(`invalid git ref: "${request.ref}"`);
  if (request.checksum !== undefined && !/^[0-9a-fA-F]+$/.test(request.checksum))
    throw invalid(`invalid checksum ${request.checksum} for Git URL, expected hex commit hash`);
  return { remote: found.remote, submodules: true, ...request };
}

/** The address with a password in it masked, for everything that a person or a log sees. */
export function withoutPassword(text: string): string {
  return text.replaceAll(/(?<=\w:\/\/)([^/@\s]*)@/g, (_, user: string) => {
    const [name, password] = cut(user, ':');
    return password === undefined ? `xxxxx@` : `${name === '' ? '' : 'xxxxx'}:xxxxx@`;
  });
}

export function isCommit(text: string): boolean {
  return /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(text);
}

interface Split {
  readonly remote: string;
  readonly query: string;
  readonly fragment: string;
}

function split(text: string): Split | undefined {
  // a remote that begins with a dash would be an option to git
  if (/^[-./]/.test(text) || /[\0\n]/.test(text)) return undefined;
  const [address, fragment = ''] = cut(text, '#');
  const [remote, query = ''] = cut(address, '?');
  // Docker's old short form, for contexts only
  if (remote.startsWith('github.com/')) return { remote: `https://${remote}`, query, fragment };
  const scheme = /^([a-zA-Z0-9]+):\/\/(?=[^/-])/.exec(remote)?.[1]?.toLowerCase();
  if (scheme === 'http' || scheme === 'https') return remote.endsWith('.git') ? { remote, query, fragment } : undefined;
  if (scheme === 'git' || scheme === 'ssh') return { remote, query, fragment };
  // as scp writes it: user@host:path
  if (scheme === undefined && /^[\w.-]+@[\w][\w.-]*:[^-]/.test(remote)) return { remote, query, fragment };
  return undefined;
}

/** Undefined second half where the separator does not stand. */
function cut(text: string, separator: string): [string, string | undefined] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + separator.length)];
}

/** As if the repository were the root: `..` does not lead out. */
function cleanFolder(folder: string): string {
  return posix.join('/', folder).replace(/^\//, '').replace(/\/$/, '');
}

type Request = Omit<GitRef, 'remote' | 'submodules'> & { readonly submodules?: boolean };

function readQuery(query: string, start: { readonly ref: string; readonly subdir: string }): Request {
  let { ref, subdir } = start;
  const rest: { checksum?: string; keepGitDir?: boolean; submodules?: boolean } = {};
  const values = new Map<string, string>();
  for (const [key, value] of new URLSearchParams(query)) {
    if (values.has(key)) throw invalid(`query "${key}" has multiple values`);
    if (value === '' && !FLAGS.has(key)) throw invalid(`query "${key}" has no value`);
    values.set(key, value);
  }
  const take = (wanted: string): void => {
    if (ref !== '' && ref !== wanted) throw invalid(`ref conflicts: "${ref}" vs "${wanted}"`);
    ref = wanted;
  };
  if (values.has('tag') && values.has('branch')) throw invalid('branch conflicts with tag');
  for (const [key, value] of values) {
    if (key === 'ref') take(value);
    else if (key === 'tag') take(under('refs/tags/', value));
    else if (key === 'branch') take(under('refs/heads/', value));
    else if (key === 'subdir') {
      const folder = cleanFolder(value);
      if (subdir !== '' && subdir !== folder) throw invalid(`subdir conflicts: "${subdir}" vs "${folder}"`);
      subdir = folder;
    } else if (key === 'checksum' || key === 'commit') rest.checksum = value;
    else if (key === 'keep-git-dir') rest.keepGitDir = flag(key, value);
    else if (key === 'submodules') rest.submodules = flag(key, value);
    else throw invalid(`unexpected query "${key}"`);
  }
  return { ref, subdir, ...rest };
}

function under(prefix: string, name: string): string {
  return name.startsWith(prefix) ? name : prefix + name;
}

function flag(key: string, value: string): boolean {
  const read = value === '' ? true : parseBool(value);
  if (read !== undefined) return read;
  throw invalid(`invalid ${key} value: "${value}"`);
}
