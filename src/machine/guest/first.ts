// First program of a machine, from its initramfs: loads the modules that reach its disk, and goes on from there.

/**
 * In the initramfs lie `/modules` with their `order`, and, for a machine that lives, `/config` with the settings of this start:
 * then its disk, which is only read, is covered by one in memory, and the settings are found in /run/config.
 */
export const FIRST = String.raw`#!/bin/busybox sh
/bin/busybox mkdir -p /dev /root
/bin/busybox mount -t devtmpfs dev /dev
while read -r module; do
  /bin/busybox insmod "/modules/$module" || echo "insmod $module failed"
done </modules/order
tries=0
until [ -b /dev/vda ] || [ $tries = 100 ]; do
  /bin/busybox sleep 0.1
  tries=$((tries + 1))
done
if [ -d /config ]; then
  /bin/busybox mkdir -p /system /cover
  /bin/busybox mount -t ext4 -o ro /dev/vda /system || exec /bin/busybox poweroff -f
  /bin/busybox mount -t tmpfs -o mode=755 cover /cover
  /bin/busybox mkdir /cover/upper /cover/work
  /bin/busybox mount -t overlay -o lowerdir=/system,upperdir=/cover/upper,workdir=/cover/work root /root
  /bin/busybox mount -t tmpfs -o mode=755,nosuid,nodev run /root/run
  /bin/busybox cp -a /config /root/run/config
else
  /bin/busybox mount -t ext4 -o ro /dev/vda /root || exec /bin/busybox poweroff -f
fi
/bin/busybox mount -o move /dev /root/dev
exec /bin/busybox switch_root /root /sbin/init
`;
