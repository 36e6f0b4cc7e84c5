#!/bin/sh
# docker compose 2.26.1 (2.40.3 alike): keys that begin with `x-` are extensions everywhere, also among the names of networks, where a name
# is the user's own. A service that joins such a network is told that it "refers to undefined network #extensions", a name that
# stands in no file. A service or a volume with a name of that form fares no better.
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
    networks: [x-internal]
networks:
  x-internal: {}
YAML
said=$("$compose" config 2>&1) && said=accepted
echo "$said"
case $said in
  *'refers to undefined network #extensions'*) ;;
  *) echo 'this has changed' && exit 1 ;;
esac
