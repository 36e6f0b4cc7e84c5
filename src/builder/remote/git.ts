// Brings a commit of a git repository into a directory, by the host's git: nothing of the host's own settings, no protocol that
// reaches the host's files, no hook, no question asked of anybody.
import { spawn } from 'node:child_process';
import { lstat, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { cancelled, internal, invalid, messageOf, unavailable } from '../../base/errors.ts';
import { findProgram } from '../../host/find.ts';
import { type GitRef, isCommit, withoutPassword } from './git-ref.ts';
import { type SshAccess, sshCommand } from './ssh.ts';

export interface GitOptions {
  readonly signal: AbortSignal;
  /** What ssh remotes are reached with. */
  readonly ssh: SshAccess;
  /** Value of an Authorization header for the remote's host. */
  readonly authorization?: string;
  /** One line of git's progress. */
  readonly onLine?: (line: string) => void;
}

export interface GitCommit {
  /** The whole name: `refs/heads/main`; a commit for one that was asked for by itself. */
  readonly ref: string;
  readonly commit: string;
}

const MAX_OUTPUT = 1024 * 1024;
/** `file` and `ext` would read the host's files or run its programs, also by way of a submodule's address. */
const PROTOCOLS = 'http:https:git:ssh';

/** Which commit a ref is now, without fetching it: the key of a cache. Throws notFound-like internal errors in BuildKit's words. */
export async function resolveGit(request: GitRef, options: GitOptions): Promise<GitCommit> {
  if (isCommit(request.ref)) return checked(request, { ref: request.ref, commit: request.ref });
  const ref = request.ref === '' ? await defaultBranch(request, options) : request.ref;
  const lines = (await git(request, ['ls-remote', '--', request.remote, ref, `${ref}^{}`], options)).split('\n');
  const commits = new Map(lines.map((line) => line.split('\t')).map(([commit = '', name = '']) => [name, commit]));
  // a branch goes before a tag of the same name; a tag is the commit that it names
  const bare = ref.replace(/^refs\//, '');
  for (const name of [`refs/${bare}`, `refs/heads/${ref}`, `refs/tags/${ref}`]) {
    const commit = commits.get(`${name}^{}`) ?? commits.get(name);
    if (commit !== undefined && isCommit(commit)) return checked(request, { ref: name, commit });
  }
  throw internal(`repository does not contain ref ${ref}`);
}

function checked(request: GitRef, found: GitCommit): GitCommit {
  if (request.checksum !== undefined && !found.commit.startsWith(request.checksum.toLowerCase()))
    throw invalid(`expected checksum to match ${request.checksum}, got ${found.commit}`);
  return found;
}

async function defaultBranch(request: GitRef, options: GitOptions): Promise<string> {
  const text = await git(request, ['ls-remote', '--symref', '--', request.remote, 'HEAD'], options);
  const name = /^ref: (refs\/heads\/[^\s]+)\tHEAD$/m.exec(text)?.[1];
  if (name === undefined) throw internal(`failed to find a default branch of ${withoutPassword(request.remote)}`);
  return name;
}

/**
 * Checks the commit out below `into`, an empty directory, and answers the folder that was asked for: an absolute path at or below
 * `into` that no symbolic link leads to. Without `keepGitDir` nothing of git is left in it.
 */
export async function fetchGit(request: GitRef, found: GitCommit, into: string, options: GitOptions): Promise<string> {
  const inside = (args: readonly string[]): Promise<string> => git(request, ['-C', into, ...args], options);
  await mkdir(into, { recursive: true });
  await git(request, ['-c', 'init.defaultBranch=main', 'init', '--quiet', '--', into], options);
  const name = isCommit(found.ref) ? found.commit : found.ref;
  try {
    await inside(['fetch', '--quiet', '--depth=1', '--no-tags', '--', request.remote, name]);
  } catch (error) {
    // a server of plain files can't hand out a part; another need not hand out a commit that no branch ends with
    if (!servesPlainFiles(error) && !isCommit(found.ref)) throw error;
    options.signal.throwIfAborted();
    const some = ['--no-tags', '--', request.remote, name];
    const all = ['--tags', '--', request.remote, '+refs/heads/*:refs/remotes/origin/*'];
    await inside(['fetch', '--quiet', ...(isCommit(found.ref) ? all : some)]);
  }
  await inside(['-c', 'advice.detachedHead=false', 'checkout', '--quiet', '--force', '--detach', found.commit]);
  if (request.submodules) {
    const update = ['submodule', 'update', '--init', '--recursive', '--quiet'];
    try {
      await inside([...update, '--depth=1']);
    } catch (error) {
      if (!servesPlainFiles(error)) throw error;
      await inside(update);
    }
  }
  const folder = await subfolder(into, request.subdir);
  if (request.keepGitDir === true) await inside(['remote', 'add', 'origin', '--', bareRemote(request.remote)]);
  else await removeGitFiles(into, inside);
  return folder;
}

/** A web server that knows nothing of git: what is there is fetched whole. */
function servesPlainFiles(error: unknown): boolean {
  return /dumb http transport/.test(messageOf(error));
}

/** Without the credentials, which an image must not hold. */
function bareRemote(remote: string): string {
  return remote.replace(/^(https?:\/\/)[^/@]*@/, '$1');
}

/** `.git` of the repository, and the `.git` files by which submodules find theirs. */
async function removeGitFiles(into: string, inside: (args: readonly string[]) => Promise<string>): Promise<void> {
  const modules = await inside(['submodule', '--quiet', 'foreach', '--recursive', 'printf "%s\\0" "$displaypath"']);
  for (const module of modules.split('\0').filter((path) => path !== ''))
    if (await isPlainPath(into, module)) await rm(join(into, module, '.git'), { recursive: true, force: true });
  await rm(join(into, '.git'), { recursive: true, force: true });
}

async function subfolder(root: string, subdir: string): Promise<string> {
  if (subdir === '') return root;
  if (!(await isPlainPath(root, subdir))) throw invalid(`subdir not found: ${subdir}`);
  return join(root, subdir);
}

/** Whether every part of the path is a directory of its own: a link in the repository could lead anywhere. */
async function isPlainPath(root: string, path: string): Promise<boolean> {
  const parts = path.split('/');
  for (let count = 1; count <= parts.length; count += 1) {
    if (parts[count - 1] === '..') return false;
    const found = await lstat(join(root, ...parts.slice(0, count))).catch(() => undefined);
    if (!found?.isDirectory()) return false;
  }
  return true;
}

async function git(request: GitRef, args: readonly string[], options: GitOptions): Promise<string> {
  const program = findProgram('git');
  if (program === undefined)
    throw unavailable('git is not installed on this host', { hint: 'Install the package git.' });
  const settings = ['core.hooksPath=/dev/null', 'protocol.file.allow=never', 'core.fsmonitor=false', 'gc.auto=0'];
  const child = spawn(program, [...settings.flatMap((one) => ['-c', one]), ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: environment(request, options),
    signal: options.signal,
  });
  let output = '';
  let complaint = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    if (output.length < MAX_OUTPUT) output += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaint = (complaint + text).slice(-MAX_OUTPUT);
    for (const line of text.split(/[\r\n]+/)) if (line !== '') options.onLine?.(withoutPassword(line));
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', (error) => reject(options.signal.aborted ? cancelled('context canceled') : error));
    child.once('close', resolve);
  });
  options.signal.throwIfAborted();
  if (code === 0) return output;
  throw internal(
    `failed to fetch remote ${withoutPassword(request.remote)}: git ${verbOf(args)}: exit status ${code}: ${withoutPassword(complaint.trim())}`,
  );
}

function verbOf(args: readonly string[]): string {
  return args.find((word, index) => !word.startsWith('-') && !['-C', '-c'].includes(args[index - 1] ?? '')) ?? '';
}

/** Credentials go by the environment, where a list of processes does not show them. */
function environment({ remote }: GitRef, { ssh, authorization }: GitOptions): NodeJS.ProcessEnv {
  const origin = /^https?:\/\/(?:[^/@]*@)?([^/]+)/.exec(remote);
  const scope = origin ? `${remote.slice(0, remote.indexOf(':'))}://${origin[1]}/` : undefined;
  return {
    PATH: process.env['PATH'],
    HOME: '/nonexistent',
    LC_ALL: 'C.UTF-8',
    GIT_TERMINAL_PROMPT: '0',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_ALLOW_PROTOCOL: PROTOCOLS,
    GIT_LFS_SKIP_SMUDGE: '1',
    GIT_SSH_COMMAND: sshCommand(ssh),
    ...(authorization === undefined || scope === undefined
      ? {}
      : {
          GIT_CONFIG_COUNT: '1',
          GIT_CONFIG_KEY_0: `http.${scope}.extraheader`,
          GIT_CONFIG_VALUE_0: `Authorization: ${authorization}`,
        }),
  };
}
