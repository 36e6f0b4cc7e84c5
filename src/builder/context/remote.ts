// A context that is elsewhere: a git repository, an archive of the web, or a Dockerfile alone.
import { randomBytes } from 'node:crypto';
import { closeSync, createReadStream, mkdirSync, openSync, readSync, renameSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Manifest, type ManifestEntry, scanBelow } from '../../host/sandbox/index.ts';
import { ignoreMatcher } from '../../spec/ignore/index.ts';
import { detectCompression } from '../../store/index.ts';
import { TarContext } from './tar.ts';
import { fetchGit, fetchHttp, isSsh, parseGitRef, resolveGit } from '../remote/index.ts';
import type { ContextSource, ContextTree, Report, SshAgents, SyncRequest } from '../model/request.ts';
import { readBelow } from './read.ts';

/** An archive of the web that is a context; what it unpacks to is as large as the disk allows. */
export const MAX_CONTEXT_BYTES = 4 * 1024 ** 3;
const BLOCK = 512;
/** As long as patterns are tried before other work has its turn, milliseconds. */
const TURN_MS = 10;

interface Fetched {
  readonly directory: string;
  /** Of an archive, which has its own way of being read. */
  readonly archive?: TarContext;
  /** Of a Dockerfile alone, which is meant whatever it is asked for as. */
  readonly alone?: true;
}

export interface RemoteOptions {
  readonly keepGitDir: boolean;
  /** Keys of the client for a repository that is reached by ssh. */
  readonly ssh: SshAgents | undefined;
  /** Servers that were met before. */
  readonly knownHosts: string;
}

export class RemoteContext implements ContextSource, AsyncDisposable {
  readonly label: string;
  readonly #folder: string;
  readonly #url: string;
  readonly #how: RemoteOptions;
  #fetched: Promise<Fetched> | undefined;
  origin: { readonly uri: string; readonly commit: string } | undefined;

  constructor(folder: string, url: string, how: RemoteOptions) {
    this.#how = how;
    this.#folder = join(folder, randomBytes(8).toString('hex'));
    this.#url = url;
    this.label = url.replace(/\/\/[^/@]*@/, '//');
  }

  #fetch(signal: AbortSignal): Promise<Fetched> {
    this.#fetched ??= (async () => {
      const directory = join(this.#folder, 'context');
      mkdirSync(directory, { recursive: true, mode: 0o755 });
      const named = parseGitRef(this.#url);
      if (named) {
        const git = { ...named, keepGitDir: named.keepGitDir ?? this.#how.keepGitDir };
        const { ssh, knownHosts } = this.#how;
        await using agent = isSsh(git.remote) ? await ssh?.agent('default', signal) : undefined;
        const options = { signal, ssh: { knownHosts, ...(agent ? { agent: agent.socket } : {}) } };
        const found = await resolveGit(git, options);
        const uri = `${git.remote.replace(/\/\/[^/@]*@/, '//')}${git.ref === '' ? '' : `#${git.ref}`}`;
        this.origin = { uri, commit: found.commit };
        return { directory: await fetchGit(git, found, directory, options) };
      }
      const got = await fetchHttp(this.#url, this.#folder, { signal, limit: MAX_CONTEXT_BYTES });
      const start = startOf(got.path);
      if (detectCompression(start) !== 'none' || start.subarray(257, 262).toString('latin1') === 'ustar')
        return { directory, archive: new TarContext(this.#folder, createReadStream(got.path)) };
      renameSync(got.path, join(directory, 'Dockerfile'));
      return { directory, alone: true };
    })();
    return this.#fetched;
  }

  async readFile(path: string, limit: number, signal: AbortSignal): Promise<Uint8Array | undefined> {
    const { directory, archive, alone } = await this.#fetch(signal);
    if (archive) return archive.readFile(path, limit, signal);
    return readBelow(directory, alone && !path.endsWith('.dockerignore') ? 'Dockerfile' : path, limit);
  }

  async sync(asked: SyncRequest, report: Report, signal: AbortSignal): Promise<ContextTree> {
    const { directory, archive } = await this.#fetch(signal);
    const tree: ContextTree = archive
      ? await archive.sync(asked, report, signal)
      : {
          directory,
          manifest: await scanBelow(directory, { paths: ['/'], digests: true }, signal),
          [Symbol.asyncDispose]: async () => undefined,
        };
    return {
      ...tree,
      manifest: await without(tree.manifest, asked.exclude, signal),
      [Symbol.asyncDispose]: async () => undefined,
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const fetched = await this.#fetched?.catch(() => undefined);
    await fetched?.archive?.[Symbol.asyncDispose]();
    await rm(this.#folder, { recursive: true, force: true });
  }
}

/** The first block of a file, which tells an archive from a Dockerfile. */
function startOf(path: string): Buffer {
  const fd = openSync(path, 'r');
  try {
    const block = Buffer.alloc(BLOCK);
    return block.subarray(0, readSync(fd, block, 0, BLOCK, 0));
  } finally {
    closeSync(fd);
  }
}

/** Other work has its turn in between: many files times many patterns take seconds. */
async function without(manifest: Manifest, patterns: readonly string[], signal: AbortSignal): Promise<Manifest> {
  const matcher = ignoreMatcher(patterns);
  if (matcher.empty) return manifest;
  const kept = new Map<string, ManifestEntry>();
  let turn = performance.now();
  for (const [path, entry] of manifest) {
    if (!matcher.ignores(path)) kept.set(path, entry);
    if (performance.now() - turn < TURN_MS) continue;
    await new Promise((resolve) => setImmediate(resolve));
    signal.throwIfAborted();
    turn = performance.now();
  }
  return kept;
}
