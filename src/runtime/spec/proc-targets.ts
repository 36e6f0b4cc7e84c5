// Pure. What may be mounted at and below a container's /proc: what is there says what the kernel knows, and its masks hold.
import { internal } from '../../base/errors.ts';

/** Files that only tell about the machine: programs like lxcfs put others in their place. */
const TELLING = new Set([
  '/proc/cpuinfo',
  '/proc/diskstats',
  '/proc/meminfo',
  '/proc/stat',
  '/proc/swaps',
  '/proc/uptime',
  '/proc/loadavg',
  '/proc/slabinfo',
  '/proc/sys/kernel/ns_last_pid',
  '/proc/sys/crypto/fips_enabled',
]);

/** `target` has no links. Throws internal in runc's words; crun would mount over the read-only and masked paths. */
export function checkProcTarget(target: string, source: { readonly path: string; readonly isProc: boolean }): void {
  if (target !== '/proc' && !target.startsWith('/proc/')) return;
  if (TELLING.has(target) || (target === '/proc' && source.isProc)) return;
  const why = target === '/proc' ? 'it is not of type proc' : 'it is inside /proc';
  throw internal(
    `failed to create task for container: failed to create shim task: OCI runtime create failed: error mounting ${JSON.stringify(source.path)} to rootfs at ${JSON.stringify(target)}: ${JSON.stringify(target)} cannot be mounted because ${why}`,
  );
}
