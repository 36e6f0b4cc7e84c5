#!/bin/sh
# docker-py 5.0.3 (Debian 12; 7.2 alike): output that arrives together with the head of the answer is lost. `attach()`
# and `exec_start()` read the head by http.client, which buffers, and then go on with the socket below it. A server whose first bytes follow
# the head at once, as dockerd's do for the logs of a container that has ended, gives b'' or a stream without its beginning.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get -q -o APT::Sandbox::User=root download python3-docker=5.0.3-1 python3-requests python3-urllib3 python3-websocket python3-chardet \
  python3-idna python3-certifi python3-six python3-packaging >/dev/null
for package in *.deb; do dpkg-deb -x "$package" unpacked; done
cat >seen.py <<'PY'
import http.server, socketserver, sys, threading, time
import docker

FRAME = b'\x01\0\0\0\0\0\0\x06hello\n'

class Handler(http.server.BaseHTTPRequestHandler):
    """What dockerd answers to the three requests of attach(); the output follows the head after `pause` seconds."""
    pause = 0.0

    def address_string(self):
        return 'client'

    def log_message(self, *words):
        pass

    def do_GET(self):
        body = b'{"Config":{"Tty":false}}'
        self.wfile.write(b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n' % len(body) + body)

    def do_POST(self):
        head = b'HTTP/1.1 101 UPGRADED\r\nContent-Type: application/vnd.docker.raw-stream\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n'
        if self.pause == 0:
            self.wfile.write(head + FRAME)
        else:
            self.wfile.write(head)
            time.sleep(self.pause)
            self.wfile.write(FRAME)

class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True

server = Server(sys.argv[1], Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
client = docker.APIClient(base_url='unix://' + sys.argv[1], version='1.41', timeout=10)
print('docker-py', docker.__version__)
seen = {}
for pause in (0.0, 0.3):
    Handler.pause = pause
    seen[pause] = client.attach('any', stream=False, logs=True)
    print('output', pause, 'seconds behind the head:', seen[pause])
sys.exit(0 if seen == {0.0: b'', 0.3: b'hello\n'} else 'this has changed')
PY
PYTHONPATH=$PWD/unpacked/usr/lib/python3/dist-packages /usr/bin/python3 seen.py "$folder/socket"
