// What goes before a daemon whose data root is to be a disk that is soon full; the test unmounts it.

const SCRIPT =
  'size=$1; shift; for one; do [ "$last" = --data-root ] && root=$one; last=$one; done; mkdir "$root" && mount -t tmpfs -o size=${size}m,mode=700 none "$root" && exec "$@"';

export function onSmallDisk(megabytes: number): readonly string[] {
  return ['sh', '-c', SCRIPT, 'sh', String(megabytes)];
}
