#!/bin/sh
# conmon 2.1.6 (Debian 12): --log-size-max does not rotate a k8s-file log. At each overrun a new, empty file takes the place of the old
# one, so of a burst only what came after the last overrun is left: here some hundred of 2,000 rows, in a file of a third of the
# bound. A program that follows the file by name sees rows vanish that were within the bound a moment before.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get -q -o APT::Sandbox::User=root download conmon=2.1.6+ds1-1 >/dev/null
dpkg-deb -x conmon_2.1.6*.deb unpacked
conmon=$PWD/unpacked/usr/bin/conmon
"$conmon" --version | head -n 1
# in the place of an OCI runtime: starts a process with the standard streams that it is given
cat >runtime <<'SH'
#!/bin/sh
while [ $# -gt 0 ]; do
  case $1 in
    --pid-file) shift && pid_file=$1 ;;
    --pid-file=*) pid_file=${1#*=} ;;
  esac
  shift
done
sh -c 'row=1; while [ $row -le 2000 ]; do echo "row $row"; row=$((row + 1)); done' &
echo $! >"$pid_file"
SH
chmod +x runtime
mkdir bundle exits
echo '{"ociVersion":"1.0.2","process":{"args":["rows"]},"root":{"path":"root"}}' >bundle/config.json
"$conmon" -c rows -u rows -r "$PWD/runtime" -b "$PWD/bundle" -p "$PWD/pid" -l "k8s-file:$PWD/log" --log-size-max 20000 --exit-dir "$PWD/exits" >/dev/null
for _ in 1 2 3 4 5 6 7 8 9 10; do [ -e exits/rows ] && break; sleep 0.5; done
left=$(wc -l <log)
printf '2000 rows written, bound of 20000 bytes: %s rows in %s bytes are left; files: %s\n' "$left" "$(wc -c <log)" "$(ls log*)"
tail -n 1 log
[ "$left" -lt 1000 ] && [ "$(ls log* | wc -l)" = 1 ] || { echo 'this has changed' && exit 1; }
