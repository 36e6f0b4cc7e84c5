// Runs mmdebstrap with the host's own package sources, proxies and keys: the one way in which Debian's packages become a system.
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { invalid, unavailable } from '../../base/errors.ts';
import { run } from './command.ts';
import type { OnProgress } from './rootfs.ts';
import { parseIndexTargets, type Source, sourceLine, sourcesFor, suiteOf } from './sources.ts';

const APT_HELPER = '/usr/lib/apt/apt-helper';
const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';
const FIELDS = '$(REPO_URI)|$(RELEASE)|$(COMPONENT)|$(LABEL)|$(ORIGIN)';

export interface Suite {
  readonly name: string;
  readonly sources: readonly Source[];
  /** Seconds since 1970: when the newest of its release files was made. */
  readonly epoch: number;
}

/** What the host's sources have of a suite now. `temporary`: a path that is free to become a folder. Throws invalid, unavailable. */
export async function readSuite(
  tag: string,
  temporary: string,
  onProgress: OnProgress,
  signal?: AbortSignal,
): Promise<Suite> {
  const name = suiteOf(tag);
  if (name === undefined) throw invalid(`"${tag}" is no Debian suite`, { hint: 'For example debian:bookworm.' });
  const options = { package: 'apt', ...(signal ? { signal } : {}) };
  const targets = await run('apt-get', ['indextargets', '--format', FIELDS, 'Created-By: Packages'], options);
  const sources = sourcesFor(name, parseIndexTargets(targets.stdout));
  const directory = await mkdtemp(`${temporary}-`);
  try {
    await onProgress(`Reading the release files of ${name}`);
    const { epoch, found } = await releases(sources, directory, signal);
    return { name, sources: found, epoch };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** When the newest of the suite's release files was made: the only time that goes into the image. */
async function releases(
  sources: readonly Source[],
  directory: string,
  signal?: AbortSignal,
): Promise<{ epoch: number; found: Source[] }> {
  let epoch = 0;
  const found: Source[] = [];
  for (const [at, source] of sources.entries()) {
    const file = join(directory, `release-${at}`);
    const url = `${source.uri.replace(/\/$/, '')}/dists/${source.release}/InRelease`;
    const got = await run(APT_HELPER, ['-o', 'APT::Sandbox::User=root', 'download-file', url, file], {
      package: 'apt',
      ...(signal ? { signal } : {}),
    });
    const date = got.code === 0 ? /^Date: (.+)$/m.exec(await readFile(file, 'utf8'))?.[1] : undefined;
    if (date === undefined) {
      // updates and security need not exist for every suite
      if (at > 0) continue;
      throw unavailable(`the suite ${source.release} could not be read from the host's package mirror`, {
        hint: got.stderr.trim().split('\n').at(-1) ?? 'Is there a network, and does "apt-get update" work on the host?',
      });
    }
    epoch = Math.max(epoch, Date.parse(date) / 1000);
    found.push(source);
  }
  return { epoch, found };
}

export interface Bootstrap {
  readonly variant: 'minbase' | 'extract';
  readonly format: 'tar' | 'directory';
  readonly target: string;
  readonly include?: readonly string[];
  /** A line of shell, run on the host with the new root as its first argument. */
  readonly customize?: string;
}

/** Throws unavailable with mmdebstrap's reason. */
export async function mmdebstrap(
  suite: Suite,
  { variant, format, target, include = [], customize }: Bootstrap,
  onProgress: OnProgress,
  signal?: AbortSignal,
): Promise<void> {
  const proxies = await run('apt-config', ['dump', '--format', '%f "%v";%n', 'Acquire'], { package: 'apt' });
  const aptOptions = proxies.stdout.split('\n').filter((line) => /^Acquire::(?:https?|ftp)::Proxy/i.test(line));
  const https = suite.sources.some((source) => source.uri.startsWith('https:'));
  const packages = [...new Set([...include, ...(https ? ['ca-certificates'] : [])])];
  // a mount name space of its own: whatever mmdebstrap mounts is gone when it ends, however it ends
  const args = [
    '--mount',
    '--propagation',
    'private',
    'mmdebstrap',
    '--mode=root',
    `--variant=${variant}`,
    `--format=${format}`,
    ...((await stat(KEYRING).catch(() => undefined)) ? [`--keyring=${KEYRING}`] : []),
    ...aptOptions.map((option) => `--aptopt=${option}`),
    ...(packages.length > 0 ? [`--include=${packages.join(',')}`] : []),
    ...(customize === undefined ? [] : [`--customize-hook=${customize}`]),
    suite.name,
    target,
    ...suite.sources.map(sourceLine),
  ];
  const made = await run('unshare', args, {
    package: 'mmdebstrap',
    env: { ...(suite.epoch > 0 ? { SOURCE_DATE_EPOCH: String(suite.epoch) } : {}), DEBIAN_FRONTEND: 'noninteractive' },
    onLine: (line) => {
      if (line.startsWith('I: ')) void onProgress(line.slice(3));
    },
    ...(signal ? { signal } : {}),
  });
  if (made.code === 0) return;
  if (/failed to execute mmdebstrap|mmdebstrap: No such file/i.test(made.stderr)) {
    throw unavailable('mmdebstrap is not installed on this host', { hint: 'Install the package mmdebstrap.' });
  }
  const why = made.stderr
    .split('\n')
    .filter((line) => /^(?:E:|Err:)/.test(line))
    .slice(-3)
    .join('; ');
  throw unavailable(`mmdebstrap failed: ${why || made.stderr.trim().slice(-500)}`);
}
