#!/bin/sh
# docker compose 2.26.1 (2.40.3 alike): `volumes_from: ["a:ro"]` is accepted and shown by `config`, and the `:ro` is gone when the container is created, so that
# it can write what was meant to be read. Here a stand-in for the daemon shows what compose asks for.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
. "$here/compose.inc"
cat >compose.yaml <<'YAML'
services:
  a: { image: any, network_mode: none, volumes: [/d] }
  b: { image: any, network_mode: none, volumes_from: ["a:ro"] }
YAML
cat >daemon.py <<'PY'
import http.server, json, re, socketserver, sys

made = {}

class Handler(http.server.BaseHTTPRequestHandler):
    """As much of the Engine API as `compose create` needs."""
    protocol_version = 'HTTP/1.1'

    def address_string(self):
        return 'client'

    def log_message(self, *words):
        pass

    def answer(self, body, status=200):
        text = json.dumps(body).encode()
        self.send_response(status)
        self.send_header('Content-Type', 'application/json')
        self.send_header('Api-Version', '1.51')
        self.send_header('Content-Length', str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def container(self, id):
        name, body = made[id]
        return {'Id': id, 'Name': '/' + name, 'Names': ['/' + name], 'Image': 'any', 'ImageID': 'sha256:' + '0' * 64, 'State': 'created',
                'Labels': body['Labels'], 'Mounts': []}

    def do_HEAD(self):
        self.answer({})

    def do_GET(self):
        path = re.sub(r'^/v[\d.]+', '', self.path.split('?')[0])
        if path == '/containers/json':
            wanted = re.findall(r'com.docker.compose.service=(\w+)', self.path)
            self.answer([self.container(id) for id, (_, body) in made.items()
                         if not wanted or body['Labels'].get('com.docker.compose.service') in wanted])
        elif path.startswith('/containers/'):
            one = self.container(path.split('/')[2])
            self.answer(dict(one, State={'Status': 'created'}, Config={'Labels': one['Labels']}, NetworkSettings={'Networks': {}}))
        elif path.startswith('/images/'):
            self.answer({'Id': 'sha256:' + '0' * 64, 'RepoTags': ['any:latest'], 'Config': {}, 'Os': 'linux', 'Architecture': 'amd64'})
        elif path == '/version':
            self.answer({'ApiVersion': '1.51', 'MinAPIVersion': '1.24', 'Version': '28.5.2', 'Os': 'linux', 'Arch': 'amd64'})
        elif path in ('/volumes',):
            self.answer({'Volumes': []})
        elif path in ('/networks', '/images/json'):
            self.answer([])
        else:
            self.answer({'OSType': 'linux', 'Architecture': 'x86_64', 'ServerVersion': '28.5.2'})

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers.get('Content-Length') or 0)) or b'{}')
        if '/containers/create' in self.path:
            id = '%064x' % (len(made) + 1)
            made[id] = (re.search(r'name=([\w-]+)', self.path).group(1), body)
            print(body['Labels']['com.docker.compose.service'], 'VolumesFrom:', [one[-8:] for one in body['HostConfig'].get('VolumesFrom') or []], flush=True)
            self.answer({'Id': id, 'Warnings': []}, 201)
        else:
            self.answer({})

class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True

Server(sys.argv[1], Handler).serve_forever()
PY
python3 daemon.py "$PWD/socket" >asked &
daemon=$!
trap 'kill $daemon; rm -rf "$folder"' EXIT
while [ ! -S socket ]; do sleep 0.1; done
"$compose" config | grep -A1 volumes_from
DOCKER_HOST=unix://$PWD/socket "$compose" -p seen create 2>errors || cat errors
cat asked
grep -q "^b VolumesFrom: \['00000001'\]$" asked || { echo 'this has changed' && exit 1; }
