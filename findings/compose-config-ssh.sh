#!/bin/sh
# docker compose 2.26.1 (2.40.3 alike): `config` of a file with `build.ssh: [key=/path]` prints `- 'key: /path'`, which the same program
# then refuses to read, and `config --format json` ends with an error of the JSON encoder. The form in the file is the documented one.
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
    build:
      context: .
      ssh:
        - key=/etc/hostname
YAML
"$compose" config >printed.yaml
grep -A 1 ssh: printed.yaml
again=$("$compose" -f printed.yaml config 2>&1) && again=accepted
json=$("$compose" config --format json 2>&1) && json=printed
printf 'its own output, read again: %s\nas JSON: %s\n' "$again" "$json"
case "$again$json" in
  *'invalid ssh key'*'after top-level value'*) ;;
  *) echo 'this has changed' && exit 1 ;;
esac
