// Whether a bind mount's source can have the propagation that was asked for.
import { internal } from '../../base/errors.ts';

/**
 * `mountinfo` is the text of /proc/self/mountinfo, `source` a real path (no symlinks).
 * Throws internal with dockerd's text when the mount below `source` is not shared (or slave) enough.
 */
export function checkPropagation(mountinfo: string, source: string, propagation: string): void {
  const kind = propagation.replace(/^r/, '');
  if (kind !== 'shared' && kind !== 'slave') return;
  const { mountPoint, optional } = mountOf(mountinfo, source);
  const shared = /(^| )shared:/.test(optional);
  if (kind === 'shared' && !shared) {
    throw internal(`path ${source} is mounted on ${mountPoint} but it is not a shared mount`);
  }
  if (kind === 'slave' && !shared && !/(^| )master:/.test(optional)) {
    throw internal(`path ${source} is mounted on ${mountPoint} but it is not a shared or slave mount`);
  }
}

/** The mount that holds a path: the longest mount point above it, the last of equals since it lies on top. */
function mountOf(mountinfo: string, path: string): { mountPoint: string; optional: string } {
  let best = { mountPoint: '', optional: '' };
  for (const line of mountinfo.split('\n')) {
    const fields = line.split(' ');
    const mountPoint = (fields[4] ?? '').replace(/\\(\d{3})/g, (_, code: string) =>
      String.fromCharCode(Number.parseInt(code, 8)),
    );
    const above = mountPoint === '/' || path === mountPoint || path.startsWith(`${mountPoint}/`);
    if (mountPoint === '' || !above || mountPoint.length < best.mountPoint.length) continue;
    best = { mountPoint, optional: fields.slice(6, fields.indexOf('-')).join(' ') };
  }
  return best;
}
