// A Debian root file system made by mmdebstrap from the host's own package sources, the same bytes for the same suite.
import { createReadStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { StorePaths } from '../../store/index.ts';
import { mmdebstrap, readSuite } from './mmdebstrap.ts';
import { type OnProgress, PATH_ENV, type Rootfs } from './rootfs.ts';

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
  const suite = await readSuite(tag, paths.newTemporary(), onProgress, signal);
  const directory = await mkdtemp(`${paths.newTemporary()}-`);
  try {
    const archive = join(directory, 'root.tar');
    await onProgress(`Making ${suite.name} with mmdebstrap`);
    await mmdebstrap(
      suite,
      { variant: 'minbase', format: 'tar', target: archive, customize: CUSTOMIZE },
      onProgress,
      signal,
    );
    return {
      archive: () => createReadStream(archive, { highWaterMark: 256 * 1024 }),
      config: { Env: [PATH_ENV], Cmd: ['bash'] },
      created: new Date(suite.epoch * 1000).toISOString().replace('.000Z', 'Z'),
      createdBy: `berth image bootstrap debian:${tag} # mmdebstrap --variant=minbase ${suite.name}`,
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
