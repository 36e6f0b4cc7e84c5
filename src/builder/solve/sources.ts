// Files that come from outside: the client's contexts, the web, git, and those that stand in the Dockerfile.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { rename, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { randomBytes } from 'node:crypto';
import { invalid, notImplemented } from '../../base/errors.ts';
import { type Manifest, scanBelow } from '../../host/sandbox/index.ts';
import type { Material } from '../model/material.ts';
import { type BuilderContext, knownHostsIn } from '../services/context.ts';
import type { Op } from '../graph/vertex.ts';
import type { Readable } from '../ops/exec.ts';
import { fetchGit, fetchHttp, isSsh, parseGitRef, resolveGit } from '../remote/index.ts';
import type { BuildRequest, ContextTree, NamedContext, Report } from '../model/request.ts';

export class Sources implements AsyncDisposable {
  readonly #request: BuildRequest;
  readonly #trees: ContextTree[] = [];
  #number = 0;
  readonly #own: string;
  readonly #knownHosts: string;
  /** What was fetched, as it was when it was. */
  readonly materials: Material[] = [];

  constructor(context: BuilderContext, request: BuildRequest) {
    this.#request = request;
    this.#knownHosts = knownHostsIn(context.root);
    this.#own = join(context.root, 'work', randomBytes(8).toString('hex'));
  }

  #folder(): string {
    this.#number += 1;
    const folder = join(this.#own, String(this.#number));
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    return folder;
  }

  /** Builds for several platforms read the same files, and so does a build that begins again. */
  readonly #shared = new Map<string, Promise<ContextTree>>();
  #once(op: Op, bring: () => Promise<ContextTree>): Promise<ContextTree> {
    const key = JSON.stringify(op);
    const before = this.#shared.get(key);
    if (before) return before;
    const tree = bring();
    this.#shared.set(key, tree);
    tree.catch(() => this.#shared.delete(key));
    return tree;
  }

  context(op: Op<'context'>, report: Report, signal: AbortSignal): Promise<ContextTree> {
    return this.#once(op, () => this.#context(op, report, signal));
  }

  async #context(op: Op<'context'>, report: Report, signal: AbortSignal): Promise<ContextTree> {
    const named: NamedContext | undefined = op.name === '' ? undefined : this.#request.contexts?.get(op.name);
    const source = op.name === '' ? this.#request.context : named?.kind === 'files' ? named.source : undefined;
    if (!source) throw notImplemented(`the context ${op.name} has no files`);
    const paths = op.paths?.some((path) => path === '' || path === '.') ? undefined : op.paths;
    const tree = await source.sync(
      { exclude: op.exclude, ...(paths === undefined ? {} : { followPaths: paths }) },
      report,
      signal,
    );
    this.#trees.push(tree);
    return tree;
  }

  async inline(op: Op<'inline'>): Promise<ContextTree> {
    const directory = this.#folder();
    for (const { name, content } of op.files) {
      if (name === '' || name.includes('/') || name === '..' || name === '.')
        throw invalid(`bad name of an inline file: ${name}`);
      writeFileSync(join(directory, name), content, { mode: 0o644 });
    }
    return this.#tree(directory);
  }

  remote(op: Op<'remote'>, report: Report, onLine: (line: string) => void, signal: AbortSignal): Promise<ContextTree> {
    return this.#once(op, () => this.#remote(op, report, onLine, signal));
  }

  async #remote(
    op: Op<'remote'>,
    report: Report,
    onLine: (line: string) => void,
    signal: AbortSignal,
  ): Promise<ContextTree> {
    const directory = this.#folder();
    const git = parseGitRef(op.url);
    if (git) {
      // only what --ssh gave, and only where it is of use
      await using agent = isSsh(git.remote) ? await this.#request.ssh?.agent('default', signal) : undefined;
      const ssh = { knownHosts: this.#knownHosts, ...(agent ? { agent: agent.socket } : {}) };
      const options = { signal, onLine, ssh };
      const asked = { ...git, keepGitDir: git.keepGitDir ?? op.keepGitDir };
      const found = await resolveGit(asked, options);
      if (op.checksum !== '' && !found.commit.startsWith(op.checksum))
        throw invalid(`expected checksum to match ${op.checksum}, got ${found.commit}`);
      const remote = git.remote.replace(/\/\/[^/@]*@/, '//');
      this.materials.push({ kind: 'git', remote, ref: git.ref ?? '', commit: found.commit });
      return this.#tree(await fetchGit(asked, found, directory, options));
    }
    const fetched = await fetchHttp(op.url, directory, {
      signal,
      ...(op.checksum === '' ? {} : { checksum: op.checksum }),
      report: (current, total) => report({ id: 'downloading', current, ...(total === undefined ? {} : { total }) }),
    });
    const file = join(directory, fetched.name);
    await rename(fetched.path, file);
    const time = fetched.modified ?? 0;
    await utimes(file, time, time);
    // ADD gives what it fetched to its owner alone
    const { chmodSync } = await import('node:fs');
    chmodSync(file, 0o600);
    const tree = await this.#tree(directory);
    const { sha256 = '' } = [...tree.manifest.values()].find(({ type }) => type === 'file') ?? {};
    this.materials.push({ kind: 'http', url: op.url.replace(/\/\/[^/@]*@/, '//'), sha256 });
    return tree;
  }

  async #tree(directory: string): Promise<ContextTree> {
    const manifest = await scanBelow(directory, { paths: ['/'], digests: true });
    return { directory, manifest, [Symbol.asyncDispose]: async () => undefined };
  }

  /** Files of layers below a path or pattern. */
  async scan(readable: Readable, path: string, signal: AbortSignal): Promise<Manifest> {
    if (readable.length === 0) return new Map();
    const parts = path.split('/');
    const first = parts.findIndex((part) => /[*?[\\]/.test(part));
    const plain = first < 0 ? path : parts.slice(0, first).join('/') || '/';
    const at = this.#folder();
    const view = { kind: 'workshop', at, lowerDirs: [], upper: at, work: '', places: [readable] } as const;
    return scanBelow(view, { base: '/0', paths: [plain], digests: true }, signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const tree of this.#trees) await tree[Symbol.asyncDispose]();
    rmSync(this.#own, { recursive: true, force: true });
  }
}
