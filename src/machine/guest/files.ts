// Pure. The files of a machine's system that are not Debian's: what its init runs, and who lives in it.

const BOOT = String.raw`#!/bin/sh
# Makes a host of the machine: mounts, network, its disk, the shared folders. Runs once, before anything else.
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
mount --make-rshared /
mount -t proc -o nosuid,nodev,noexec proc /proc
mount -t sysfs -o nosuid,nodev,noexec sys /sys
mount -t cgroup2 -o nosuid,nodev,noexec,nsdelegate,memory_recursiveprot cgroup2 /sys/fs/cgroup
ln -s /proc/self/fd /dev/fd
for fd in 0:stdin 1:stdout 2:stderr; do ln -s "/proc/self/fd/${'$'}{fd%:*}" "/dev/${'$'}{fd#*:}"; done
mkdir -p /dev/pts /dev/shm /dev/mqueue /run/sshd /run/lock
mount -t devpts -o nosuid,noexec,gid=5,mode=620,ptmxmode=000 devpts /dev/pts
mount -t tmpfs -o nosuid,nodev shm /dev/shm
mount -t mqueue mqueue /dev/mqueue
mount -t tmpfs -o mode=1777,nosuid,nodev tmp /tmp
mount -t ext4 -o ro /dev/vdb /usr/lib/berth

hostname "$(cat /run/config/hostname)"
cat /run/config/machine-id >/etc/machine-id
echo "127.0.0.1 localhost $(cat /run/config/hostname)
::1 localhost" >/etc/hosts
ip link set lo up
ip link set eth0 up
ip address add 10.0.2.15/24 dev eth0
ip route add default via 10.0.2.2
echo 'nameserver 10.0.2.3' >/etc/resolv.conf

# A disk that has a file system is never made anew: what is on it is a person's.
if [ "$(dd if=/dev/vdc bs=1 skip=1080 count=2 2>/dev/null | od -An -tx1 | tr -d ' ')" != 53ef ]; then
  echo 'machine: making the file system of the disk'
  mkfs.ext4 -q -F -m 0 -L berth-data -E lazy_itable_init=1,lazy_journal_init=1,nodiscard /dev/vdc
fi
mkdir -p /var/lib/machine /var/lib/berth
if ! mount -t ext4 -o discard /dev/vdc /var/lib/machine; then
  e2fsck -p /dev/vdc
  mount -t ext4 -o discard /dev/vdc /var/lib/machine || echo 'machine: the disk cannot be mounted'
fi
# it may have grown; ext4 grows while it is mounted
resize2fs /dev/vdc >/dev/null 2>&1
mkdir -p /var/lib/machine/berth /var/lib/machine/cache
chmod 711 /var/lib/machine/berth
mount --bind /var/lib/machine/berth /var/lib/berth

while read -r tag kind mode path; do
  mkdir -p "$path"
  case $kind in
    virtiofs) options=$mode ;;
    *) options=$mode,trans=virtio,version=9p2000.L,msize=512000,cache=mmap ;;
  esac
  mount -t "$kind" -o "$options" "$tag" "$path" || echo "machine: $path cannot be shared"
done </run/config/shares
echo 'machine: up'
`;

const DAEMON = String.raw`#!/bin/sh
# The daemon, which init starts again when it dies.
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root
export NODE_COMPILE_CACHE=/var/lib/machine/cache
echo $$ >/run/daemon.pid
cd /
exec /usr/lib/berth/node --max-semi-space-size=2 --v8-pool-size=1 --expose-gc -- /usr/lib/berth/dist/berth.cjs daemon >>/var/log/berth.log 2>&1
`;

const CLOCK = String.raw`#!/bin/sh
# The host may have slept, and the machine with it: the clock of its board goes on, and is believed.
while sleep 5; do
  board=$(cat /sys/class/rtc/rtc0/since_epoch 2>/dev/null) || exit
  away=$((board - $(date +%s)))
  if [ $away -gt 2 ] || [ $away -lt -2 ]; then date -u -s "@$board" >/dev/null; fi
done
`;

const DOWN = String.raw`#!/bin/sh
# Before power off: the daemon first, so that it does not see the ends of containers as stops, then what runs.
kill -TERM "$(cat /run/daemon.pid)"
tries=0
while kill -0 "$(cat /run/daemon.pid)" 2>/dev/null && [ $tries -lt 50 ]; do
  sleep 0.1
  tries=$((tries + 1))
done
kill -TERM -1
tries=0
while grep -qs 'populated 1' /sys/fs/cgroup/berth*/cgroup.events && [ $tries -lt 80 ]; do
  sleep 0.1
  tries=$((tries + 1))
done
sync
umount /var/lib/berth /var/lib/machine || umount -l /var/lib/berth /var/lib/machine
mount -o remount,ro /var/lib/machine 2>/dev/null
sync
`;

const CLIENT = String.raw`#!/bin/sh
NODE_COMPILE_CACHE=/var/lib/machine/cache exec /usr/lib/berth/node -- /usr/lib/berth/dist/berth.cjs "$@"
`;

const INITTAB = `::sysinit:/sbin/machine-boot
::respawn:/usr/sbin/sshd -D -e -f /etc/berth/sshd_config
::respawn:/sbin/machine-daemon
::respawn:/sbin/machine-clock
::shutdown:/sbin/machine-down
`;

/** Only the key of this machine's owner opens it, and only from the host: its one interface is QEMU's own network. */
const SSHD = `HostKey /run/config/host_key
AuthorizedKeysFile /run/config/authorized_keys
PermitRootLogin prohibit-password
PasswordAuthentication no
KbdInteractiveAuthentication no
StrictModes no
UseDNS no
PidFile none
LogLevel ERROR
MaxSessions 200
MaxStartups 200
AllowStreamLocalForwarding yes
AllowTcpForwarding yes
X11Forwarding no
KexAlgorithms curve25519-sha256
AcceptEnv LANG LC_*
Subsystem sftp internal-sftp
`;

/** Path below the root, without its slash, to content; `x` marks programs. */
export const GUEST_FILES: readonly { readonly path: string; readonly text: string; readonly x?: true }[] = [
  { path: 'sbin/machine-boot', text: BOOT, x: true },
  { path: 'sbin/machine-daemon', text: DAEMON, x: true },
  { path: 'sbin/machine-clock', text: CLOCK, x: true },
  { path: 'sbin/machine-down', text: DOWN, x: true },
  { path: 'usr/bin/berth', text: CLIENT, x: true },
  { path: 'etc/inittab', text: INITTAB },
  { path: 'etc/berth/sshd_config', text: SSHD },
  {
    path: 'etc/passwd',
    text: 'root:x:0:0:root:/root:/bin/bash\nsshd:x:101:65534::/run/sshd:/usr/sbin/nologin\nnobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n',
  },
  { path: 'etc/shadow', text: 'root:*:20000:0:99999:7:::\nsshd:*:20000:0:99999:7:::\n' },
  { path: 'etc/group', text: 'root:x:0:\ntty:x:5:\nnogroup:x:65534:\n' },
  { path: 'etc/hostname', text: 'berth\n' },
  { path: 'etc/machine-id', text: '' },
  { path: 'etc/nsswitch.conf', text: 'passwd: files\ngroup: files\nhosts: files dns\n' },
];

/** What Berth runs in the machine with, beside Debian's essential packages. */
export const GUEST_PACKAGES = [
  'bash',
  'busybox-static',
  'ca-certificates',
  'conmon',
  'crun',
  'e2fsprogs',
  'iproute2',
  'kmod',
  'libstdc++6',
  'mount',
  'nftables',
  'openssh-server',
  'procps',
  'tini',
  'util-linux',
] as const;

/** Loaded before the disk is there, each after what it needs; ext4 does not say that it needs crc32c. */
export const BOOT_MODULES = [
  'virtio_pci',
  'virtio_blk',
  'crc32c_generic',
  'ext4',
  'overlay',
  'virtio_net',
  'virtio_balloon',
] as const;

/** There to be loaded when the kernel asks. Those that a kernel lacks are left out. */
export const MODULES = [
  'af_packet',
  'br_netfilter',
  'bridge',
  'dummy',
  'fuse',
  '9p',
  '9pnet_virtio',
  'ip_vs',
  'ipvlan',
  'loop',
  'macvlan',
  'nf_conntrack',
  'nf_conntrack_netlink',
  'nf_nat',
  'nf_tables',
  'nfnetlink_log',
  'nft_chain_nat',
  'nft_compat',
  'nft_ct',
  'nft_fib_inet',
  'nft_fib_ipv4',
  'nft_fib_ipv6',
  'nft_hash',
  'nft_limit',
  'nft_log',
  'nft_masq',
  'nft_nat',
  'nft_numgen',
  'nft_redir',
  'nft_reject_inet',
  'nft_tproxy',
  'sch_ingress',
  'sch_netem',
  'tun',
  'veth',
  'virtio_rng',
  'virtiofs',
  'vxlan',
  'xt_addrtype',
  'xt_conntrack',
  'xt_MASQUERADE',
  'xt_nat',
  'zram',
] as const;
