#!/bin/sh
# First program of the small machine once its disk is there: a host as systemd would make it (cgroup v2, shared mounts),
# then the program that the test gave, whose output goes to the second serial port, then power off.
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root
mount --make-rshared /
mount -t proc -o nosuid,nodev,noexec proc /proc
mount -t sysfs -o nosuid,nodev,noexec sys /sys
mount -t cgroup2 -o nosuid,nodev,noexec,nsdelegate,memory_recursiveprot cgroup2 /sys/fs/cgroup
ln -s /proc/self/fd /dev/fd
for fd in 0:stdin 1:stdout 2:stderr; do ln -s "/proc/self/fd/${fd%:*}" "/dev/${fd#*:}"; done
mkdir -p /dev/pts /dev/shm /dev/mqueue
mount -t devpts -o nosuid,noexec,gid=5,mode=620,ptmxmode=000 devpts /dev/pts
mount -t tmpfs -o nosuid,nodev shm /dev/shm
mount -t mqueue mqueue /dev/mqueue
for point in /run /tmp /var /opt/berth/dist; do mount -t tmpfs -o mode=755 tmpfs $point; done
chmod 1777 /tmp
mkdir -p /var/lib /var/tmp /var/log
ip link set lo up
echo machine-is-up

# The first disk is the system; the second is a tar of what the test runs; a third one keeps data over a power loss.
tar -x -f /dev/vdb -C /opt/berth/dist
if [ -b /dev/vdc ]; then
  mkdir -p /var/lib/berth
  mount -t ext4 /dev/vdc /var/lib/berth
fi
stty -F /dev/ttyS1 raw -echo
cd /opt/berth/dist || poweroff -f
sh ./run >/dev/ttyS1
echo "machine-is-done $?"
sync
poweroff -f
