#!/bin/sh
# docker compose 2.26.1 (2.40.3 alike): `config` shows the variables of an env file, `config --hash` leaves them out. Who uses the hash to
# find out whether a service has changed misses every change of an env file.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
. "$here/compose.inc"
mkdir app && cd app
cat >compose.yaml <<'YAML'
services:
  web:
    image: busybox
    env_file: [web.env]
YAML
echo MODE=one >web.env
shown=$("$compose" config | grep MODE:) hash=$("$compose" config --hash web)
echo MODE=two >web.env
shown2=$("$compose" config | grep MODE:) hash2=$("$compose" config --hash web)
printf 'config: %s -> %s\nhash: %s\n   -> %s\n' "$shown" "$shown2" "$hash" "$hash2"
[ "$shown" != "$shown2" ] && [ "$hash" = "$hash2" ] || { echo 'this has changed' && exit 1; }
