#!/bin/busybox sh
# First program of the small machine: loads the modules that reach its disk, and goes on from there.
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
/bin/busybox mount -t ext4 -o ro /dev/vda /root || exec /bin/busybox poweroff -f
/bin/busybox mount -o move /dev /root/dev
exec /bin/busybox switch_root /root /sbin/init
