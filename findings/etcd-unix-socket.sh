#!/bin/sh
# etcd 3.4.23 (Debian 12): a unix socket as client address is written `unix://NAME:PORT` and not as the path that URLs of that scheme
# have elsewhere. `unix:///run/x.sock` ends the start ("does not have the form host:port"); `unix://client:0` is taken, and the socket
# is then called `client:0`, in the directory in which etcd was started, wherever its data directory is.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get -q -o APT::Sandbox::User=root download etcd-server >/dev/null
dpkg-deb -x etcd-server_*.deb unpacked
etcd=$PWD/unpacked/usr/bin/etcd
"$etcd" --version | head -n 1

start() {
  timeout 5 "$etcd" --data-dir "$PWD/data" --listen-client-urls "$1" --advertise-client-urls "$1" \
    --listen-peer-urls http://127.0.0.1:0 --initial-advertise-peer-urls http://127.0.0.1:7999 \
    --initial-cluster default=http://127.0.0.1:7999 >log 2>&1 || true
}

start "unix://$PWD/x.sock"
path=$(grep -o 'does not have the form "host:port"' log | head -n 1) || path=
printf 'unix://DIRECTORY/x.sock: %s\n' "${path:-taken}"
(sleep 2 && find . -type s >sockets) &
start unix://client:0
wait
printf 'unix://client:0: socket %s\n' "$(cat sockets)"
[ -n "$path" ] && [ "$(cat sockets)" = ./client:0 ] || { echo 'this has changed' && exit 1; }
