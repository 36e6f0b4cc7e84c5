// A Debian root file system made by mmdebstrap from the host's own package sources.
import { unavailable } from '../../base/errors.ts';
import type { StorePaths } from '../../store/index.ts';
import type { OnProgress, Rootfs } from './rootfs.ts';

export async function debianRootfs(_paths: StorePaths, suite: string, _onProgress: OnProgress, _signal?: AbortSignal): Promise<Rootfs> {
  throw unavailable(`debian:${suite} cannot be made yet`);
}
