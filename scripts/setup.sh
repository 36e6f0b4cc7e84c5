#!/bin/sh
# Sets a checkout up: Debian packages, npm packages (Node 24 among them), the built programs. Runs before Node 24 exists.
#
#   setup.sh                 what is needed to run Berth
#   setup.sh --with-cluster  and etcd, in which a cluster keeps its memory
#   setup.sh --with-tests    and what its tests need
#   setup.sh --programs      only the programs, after the checkout has moved; what can't be renewed stays as it is
#
# Each part is made aside and put in place at its end, so that a failure leaves what was there before. Says on stderr
# what it does. Exit code 0: ready; 1: not ready, and the last lines say why and how to go on; 2: wrong arguments.

set -u
LC_ALL=C
DEBIAN_FRONTEND=noninteractive
export LC_ALL DEBIAN_FRONTEND

root=$(cd "$(dirname "$0")/.." && pwd) || exit 1
state=$root/.berth
log=$state/setup.log
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin

# package, and what proves that it is there: a command (any of several) or a file. docs/dependencies.md says why each is needed.
needed='
busybox-static   busybox
bzip2            bzip2
ca-certificates  /etc/ssl/certs/ca-certificates.crt
conmon           conmon
crun             crun
mmdebstrap       mmdebstrap
nftables         nft
procps           ps
runc             runc
tini             docker-init|tini-static
util-linux       nsenter
xz-utils         xz
'
needed_by_tests='
apache2-utils    htpasswd
bind9-dnsutils   dig
buildah          buildah
cpio             cpio
curl             curl
docker-compose   docker-compose
docker-registry  docker-registry
e2fsprogs        mke2fs
git              git
openssl          openssl
podman           podman
qemu-system-x86  qemu-system-x86_64
skopeo           skopeo
zstd             zstd
'

say() { printf 'berth setup: %s\n' "$*" >&2; }

# fail WHAT WHAT-TO-DO...
fail() {
  say "$1"
  shift
  for line in "$@"; do printf '  %s\n' "$line" >&2; done
  exit 1
}

# Runs a command with its output in the log; every ten seconds its last line shows that it lives. Returns its exit code.
quietly() {
  "$@" >"$log" 2>&1 &
  pid=$!
  trap 'kill "$pid" 2>/dev/null; rm -rf "$state/new"; exit 130' HUP INT TERM
  seconds=0
  while kill -0 "$pid" 2>/dev/null; do
    # The first second is waited for in small steps, since most runs end in it.
    if [ "$seconds" -lt 10 ]; then sleep 0.1; else sleep 1; fi
    seconds=$((seconds + 1))
    if [ "$seconds" -gt 10 ] && [ $((seconds % 10)) = 0 ]; then
      say "  $((seconds - 10)) s ... $(tail -n 1 "$log" | cut -c 1-100)"
    fi
  done
  trap - HUP INT TERM
  wait "$pid"
}

# The lines of the log that tell: npm names the cause first, apt-get last.
last_words() {
  if grep -q '^npm error' "$log"; then
    grep '^npm error .' "$log" | head -n 6
  else
    tail -n 8 "$log"
  fi | cut -c 1-300 | sed 's/^/  | /' >&2
}

present() {
  old_ifs=$IFS
  IFS='|'
  for proof in $1; do
    IFS=$old_ifs
    case $proof in
      /*) [ -e "$proof" ] && return 0 ;;
      *) command -v "$proof" >/dev/null 2>&1 && return 0 ;;
    esac
  done
  IFS=$old_ifs
  return 1
}

# Prints the packages of a list whose proof is not there.
missing_of() {
  printf '%s' "$1" | while read -r package proof; do
    [ -z "$package" ] || present "$proof" || printf '%s ' "$package"
  done
}

check_machine() {
  [ "$(uname -s)" = Linux ] || fail "this is $(uname -s); Berth runs on Linux only." \
    'On another system run it in a virtual machine, and reach its daemon with BERTH_HOST.'
  case $(uname -m) in
    x86_64) platform=linux-x64 ;;
    aarch64) platform=linux-arm64 ;;
    *) fail "there is no Node 24 package for this machine ($(uname -m)); x86_64 and aarch64 are supported." ;;
  esac
}

debian_packages() {
  packages=$(missing_of "$needed")
  [ "$tests" = no ] || packages="$packages$(missing_of "$needed_by_tests")"
  packages=${packages% }
  fresh=no
  # The tests also fetch packages that they do not install: a kernel for a virtual machine.
  if [ "$tests" = yes ] && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1 && ! have_lists; then update_lists; fi
  [ -n "$packages" ] || return 0
  command -v apt-get >/dev/null 2>&1 || fail "this is not a Debian or Ubuntu system (no apt-get), and these are missing: $packages" \
    'Install them in the way of your distribution (the names are those of Debian packages), then run the command again.'
  [ "$(id -u)" = 0 ] || fail "these Debian packages are missing, and installing them needs root: $packages" \
    "Run 'sudo $root/berth setup' once, then the command again."

  say "installing from Debian: $packages"
  # Without a list of packages there is nothing to look names up in; an old list is renewed when a download fails.
  if [ "$fresh" = no ] && ! have_lists; then update_lists; fi
  if ! download_packages; then
    if [ "$fresh" = no ]; then update_lists; fi
    if ! download_packages; then
      last_words
      fail 'Debian packages could not be fetched; nothing was installed.' \
        "Check the network and /etc/apt/sources.list.d, try 'apt-get install $packages', then run the command again."
    fi
  fi
  # --no-remove: what a machine has (a containerd.io, a full busybox) is not taken away from it.
  # shellcheck disable=SC2086
  if ! quietly apt-get -y -q --no-install-recommends --no-remove --no-download -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 install $packages; then
    last_words
    fail 'Debian packages could not be installed.' "Try 'apt-get install $packages' by hand, then run the command again." "The whole output is in $log."
  fi
}

# Only the program: Debian's package starts a service, and a cluster's etcd is a child of the daemon.
etcd_program() {
  if command -v etcd >/dev/null 2>&1 || [ -x "$state/programs/etcd" ]; then return 0; fi
  command -v apt-get >/dev/null 2>&1 || fail 'etcd is missing, and this is not a Debian or Ubuntu system (no apt-get).' \
    'Install etcd 3.4 or newer in the way of your distribution, then run the command again.'
  say 'fetching etcd from Debian (etcd-server; the program only, no service)'
  rm -rf "$state/etcd" && mkdir -p "$state/etcd" "$state/programs" || exit 1
  if ! (cd "$state/etcd" && quietly apt-get -q -o Acquire::Retries=1 -o APT::Sandbox::User=root download etcd-server &&
    dpkg-deb -x etcd-server_*.deb . && mv usr/bin/etcd "$state/programs/etcd"); then
    rm -rf "$state/etcd"
    last_words
    fail 'the package etcd-server could not be fetched.' "Check the network, or put an etcd on the PATH, then run the command again."
  fi
  rm -rf "$state/etcd"
}

have_lists() { ls /var/lib/apt/lists/*Packages* >/dev/null 2>&1; }

update_lists() {
  say 'fetching the package lists (apt-get update)'
  fresh=yes
  # A source that fails need not be one that is needed, so the download decides.
  quietly apt-get -q -o DPkg::Lock::Timeout=300 -o Acquire::Retries=1 update || true
}

download_packages() {
  # shellcheck disable=SC2086
  quietly apt-get -y -q --no-install-recommends --no-remove --download-only -o DPkg::Lock::Timeout=300 -o Acquire::Retries=1 -o Dpkg::Use-Pty=0 install $packages
}

npm_failed() {
  rm -rf "$state/new"
  last_words
  fail 'npm packages could not be installed; what was there before is unchanged.' \
    'Check the network and the proxy and registry settings of npm (npm config list), then run the command again.' \
    "The whole output is in $log."
}

npm_packages() {
  node=$root/node_modules/node-$platform/bin/node
  if [ -x "$node" ] && [ -e "$state/npm" ] && ! [ "$root/package-lock.json" -nt "$state/npm" ]; then return 0; fi
  command -v npm >/dev/null 2>&1 || fail 'npm is not on the PATH. It is needed once, to fetch Node 24 and the JavaScript packages; any version since 7 will do.' \
    "Run 'apt-get install npm' (or install Node from nodejs.org), then the command again."
  say 'installing npm packages, Node 24 among them (about 400 MB)'
  rm -rf "$state/new"
  mkdir "$state/new" && cp "$root/package.json" "$root/package-lock.json" "$state/new/" || exit 1
  # One small question first, not answered from a cache: without a network npm spends minutes on each package in turn.
  if ! quietly npm view "node-$platform" name --cache "$state/new/cache" --fetch-retries=1 --fetch-retry-mintimeout=1000 --loglevel=error; then
    npm_failed
  fi
  # Not `npm ci`: it refuses a lock that lacks the optional packages of other platforms, which a registry that has not all
  # of them gives. With the lock beside it `install` takes the same versions and checks the same digests.
  # No package of ours needs its install script: binaries come as packages by platform.
  if ! (cd "$state/new" && quietly npm install --ignore-scripts --no-audit --no-fund --loglevel=error \
    --fetch-retries=2 --fetch-retry-mintimeout=1000 --fetch-retry-maxtimeout=5000); then
    npm_failed
  fi
  # Node comes as an optional package, which npm leaves out without an error.
  case $("$state/new/node_modules/node-$platform/bin/node" --version 2>/dev/null) in
    v24.*) ;;
    *)
      rm -rf "$state/new"
      fail "npm left the package node-$platform out, or its Node does not run here; what was there before is unchanged." \
        "See whether 'npm config get omit' names optional, and try 'npm view node-$platform'."
      ;;
  esac
  rm -rf "$state/old"
  if [ -e "$root/node_modules" ]; then mv "$root/node_modules" "$state/old" || exit 1; fi
  mv "$state/new/node_modules" "$root/node_modules" && : >"$state/npm" || exit 1
  rm -rf "$state/new" "$state/old"
}

# The client runs in Bun where that starts on this processor. What is not usable is simply not linked.
choose_client() {
  rm -f "$state/bun"
  for bun in "$root"/node_modules/@oven/bun-linux-*/bin/bun; do
    if [ -x "$bun" ] && "$bun" --version >/dev/null 2>&1; then
      ln -s "../node_modules/${bun#"$root"/node_modules/}" "$state/bun"
      return 0
    fi
  done
  return 0
}

build_programs() {
  node=$root/node_modules/node-$platform/bin/node
  if [ -e "$root/dist/berth.cjs" ] && [ -z "$(find "$root/src" "$root/scripts/build.ts" "$root/package.json" "$state/npm" -newer "$root/dist/berth.cjs" -print -quit 2>&1)" ]; then
    return 0
  fi
  rm -rf "$state/dist" "$state/old"
  if ! (cd "$root" && BERTH_DIST=$state/dist BERTH_DIST_BEFORE=$root/dist quietly "$node" scripts/build.ts); then
    last_words
    fail 'the programs could not be built; those of before are unchanged.' "Try 'npm run build' in $root."
  fi
  if [ -e "$root/dist" ]; then mv "$root/dist" "$state/old" || exit 1; fi
  mv "$state/dist" "$root/dist" || exit 1
  rm -rf "$state/old"
}

# What root made in someone's checkout belongs to the owner of the checkout.
give_back() {
  if [ "$(id -u)" = 0 ] && [ "$(stat -c %u "$root")" != 0 ]; then
    chown -R --reference="$root" "$state" "$root/node_modules" "$root/dist"
  fi
}

tests=no
cluster=no
only_programs=no
for argument in "$@"; do
  case $argument in
    --with-cluster) cluster=yes ;;
    --with-tests)
      tests=yes
      cluster=yes
      ;;
    --programs) only_programs=yes ;;
    -h | --help)
      printf 'Usage:  berth setup [--with-cluster] [--with-tests]\n\nInstalls what is missing for Berth, for clusters too, or for its tests too\n'
      exit 0
      ;;
    *)
      printf 'unknown argument: %s\n\nUsage:  berth setup [--with-cluster] [--with-tests]\n' "$argument" >&2
      exit 2
      ;;
  esac
done

check_machine
if ! { mkdir -p "$state" && [ -w "$state" ] && [ -w "$root" ]; } 2>/dev/null; then
  # Another user's checkout: its programs are old, not wrong.
  if [ "$only_programs" = yes ]; then
    say "the checkout has changed since it was set up; its owner can renew it with '$root/berth setup'"
    exit 0
  fi
  fail "$root is not writable for $(id -un)." "Run 'sudo $root/berth setup' once, then the command again."
fi

# One set-up at a time; the second one finds the work of the first.
exec 9>"$state/lock"
if command -v flock >/dev/null 2>&1 && ! flock -n 9; then
  say 'waiting for a set-up that is under way'
  flock 9
fi

started=$(date +%s)
[ "$only_programs" = yes ] || debian_packages
[ "$cluster" = no ] || etcd_program
npm_packages
choose_client
build_programs
: >"$state/ready"
give_back
took=$(($(date +%s) - started))
if [ "$took" -gt 1 ]; then say "ready after $took s"; fi
exit 0
