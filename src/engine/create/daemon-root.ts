// Binds that have the daemon's own files in them, as `-v /:/host` does: mounts of other containers would be copied with them, and
// stay for as long as this container lives. So they are slaves, from which goes what goes on the host.
import { invalid } from '../../base/errors.ts';
import type { ParsedMounts, PlannedMount } from './parse-mounts.ts';

/** Throws invalid, in dockerd's words, for a propagation that would keep them. */
export function guardDaemonRoot(parsed: ParsedMounts, daemonRoot: string): ParsedMounts {
  return {
    ...parsed,
    mounts: parsed.mounts.map((mount) => (meets(mount, daemonRoot) ? guarded(mount, daemonRoot) : mount)),
  };
}

function meets({ type, source }: PlannedMount, daemonRoot: string): boolean {
  const holds = (outer: string, inner: string): boolean => `${inner}/`.startsWith(outer === '/' ? '/' : `${outer}/`);
  return type === 'bind' && (holds(source, daemonRoot) || holds(daemonRoot, source));
}

function guarded(mount: PlannedMount, daemonRoot: string): PlannedMount {
  const { propagation, propagationIfPossible, source } = mount;
  if (propagationIfPossible) return { ...mount, propagation: 'rslave' };
  if (propagation === 'rslave' || propagation === 'rshared') return mount;
  throw invalid(
    `invalid mount config: must use either propagation mode "rslave" or "rshared" when mount source is within the daemon root, daemon root: "${daemonRoot}", bind mount source: "${source}", propagation: "${propagation}"`,
  );
}
