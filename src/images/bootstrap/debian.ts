// A Debian root file system made by mmdebstrap from the host's own package sources, the same bytes for the same suite.
import { createReadStream } from 'node:fs';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { invalid, unavailable } from '../../base/errors.ts';
import type { StorePaths } from '../../store/index.ts';
import { run } from './command.ts';
import { type OnProgress, PATH_ENV, type Rootfs } from './rootfs.ts';
import { parseIndexTargets, type Source, sourceLine, sourcesFor, suiteOf } from './sources.ts';

const APT_HELPER = '/usr/lib/apt/apt-helper';
const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';
const FIELDS = '$(REPO_URI)|$(RELEASE)|$(COMPONENT)|$(LABEL)|$(ORIGIN)';

/**
 * Settings for apt in containers: nothing is kept after an install, and no service is started by one. The host's name and
 * name servers, which mmdebstrap copies, are not part of an image.
 */
const CUSTOMIZE = String.raw`
set -e
rm -f "$1/etc/resolv.conf" "$1/etc/hostname" "$1"/var/cache/apt/*.bin
printf '#!/bin/sh\nexit 101\n' > "$1/usr/sbin/policy-rc.d"
chmod 755 "$1/usr/sbin/policy-rc.d"
printf '%s\n' 'force-unsafe-io' > "$1/etc/dpkg/dpkg.cfg.d/container"
cat > "$1/etc/apt/apt.conf.d/container" <<'END'
DPkg::Post-Invoke { "rm -f /var/cache/apt/archives/*.deb /var/cache/apt/archives/partial/*.deb /var/cache/apt/*.bin || true"; };
APT::Update::Post-Invoke { "rm -f /var/cache/apt/archives/*.deb /var/cache/apt/archives/partial/*.deb /var/cache/apt/*.bin || true"; };
Dir::Cache::pkgcache "";
Dir::Cache::srcpkgcache "";
Acquire::Languages "none";
Acquire::GzipIndexes "true";
APT::AutoRemove::SuggestsImportant "false";
END
`;

export async function debianRootfs(
  paths: StorePaths,
  tag: string,
  onProgress: OnProgress,
  signal?: AbortSignal,
): Promise<Rootfs> {
  const suite = suiteOf(tag);
  if (suite === undefined) throw invalid(`"${tag}" is no Debian suite`, { hint: 'For example debian:bookworm.' });
  const options = { package: 'apt', ...(signal ? { signal } : {}) };
  const targets = await run('apt-get', ['indextargets', '--format', FIELDS, 'Created-By: Packages'], options);
  const sources = sourcesFor(suite, parseIndexTargets(targets.stdout));
  const directory = await mkdtemp(`${paths.newTemporary()}-`);
  try {
    await onProgress(`Reading the release files of ${suite}`);
    const { epoch, found } = await releases(sources, directory, signal);
    const archive = join(directory, 'root.tar');
    await onProgress(`Making ${suite} with mmdebstrap`);
    await build(suite, found, epoch, archive, onProgress, signal);
    return {
      archive: () => createReadStream(archive, { highWaterMark: 256 * 1024 }),
      config: { Env: [PATH_ENV], Cmd: ['bash'] },
      created: new Date(epoch * 1000).toISOString().replace('.000Z', 'Z'),
      createdBy: `berth image bootstrap debian:${tag} # mmdebstrap --variant=minbase ${suite}`,
      comment: 'made from Debian packages',
      async [Symbol.asyncDispose]() {
        await rm(directory, { recursive: true, force: true });
      },
    };
  } catch (error) {
    await rm(directory, { recursive: true, force: true });
    throw error;
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

async function build(
  suite: string,
  sources: readonly Source[],
  epoch: number,
  archive: string,
  onProgress: OnProgress,
  signal: AbortSignal | undefined,
): Promise<void> {
  const proxies = await run('apt-config', ['dump', '--format', '%f "%v";%n', 'Acquire'], { package: 'apt' });
  const aptOptions = proxies.stdout.split('\n').filter((line) => /^Acquire::(?:https?|ftp)::Proxy/i.test(line));
  const https = sources.some((source) => source.uri.startsWith('https:'));
  // a mount name space of its own: whatever mmdebstrap mounts is gone when it ends, however it ends
  const args = [
    '--mount',
    '--propagation',
    'private',
    'mmdebstrap',
    '--mode=root',
    '--variant=minbase',
    '--format=tar',
    ...((await stat(KEYRING).catch(() => undefined)) ? [`--keyring=${KEYRING}`] : []),
    ...aptOptions.map((option) => `--aptopt=${option}`),
    ...(https ? ['--include=ca-certificates'] : []),
    `--customize-hook=${CUSTOMIZE}`,
    suite,
    archive,
    ...sources.map(sourceLine),
  ];
  const made = await run('unshare', args, {
    package: 'mmdebstrap',
    env: { ...(epoch > 0 ? { SOURCE_DATE_EPOCH: String(epoch) } : {}), DEBIAN_FRONTEND: 'noninteractive' },
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
