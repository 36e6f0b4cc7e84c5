#!/bin/sh
# s3rver 3.7.1, a server of S3 for tests: a list with a delimiter leaves out a common prefix below which there are only deeper prefixes. S3 lists
# every prefix up to the delimiter; code that walks a bucket folder by folder finds less here than in a real one.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund s3rver@3.7.1
cat >seen.cjs <<'JS'
const http = require('node:http');
const S3rver = require('s3rver');

/** One request by hand: s3rver takes those that are not signed. */
const ask = (port, method, path, body) =>
  new Promise((resolve, reject) => {
    const request = http.request({ port, method, path, host: '127.0.0.1' }, (response) => {
      let text = '';
      response.on('data', (part) => (text += part)).on('end', () => resolve({ status: response.statusCode, text }));
    });
    request.on('error', reject).end(body);
  });

(async () => {
  const server = new S3rver({ port: 0, address: '127.0.0.1', silent: true, directory: './data', configureBuckets: [{ name: 'bucket' }] });
  const { port } = await server.run();
  for (const key of ['flat/file', 'deep/er/file', 'top']) console.log('PUT', key, (await ask(port, 'PUT', `/bucket/${key}`, 'x')).status);
  for (const query of ['list-type=2', 'list-type=2&delimiter=%2F', 'list-type=2&delimiter=%2F&prefix=deep%2F']) {
    const { text } = await ask(port, 'GET', `/bucket?${query}`);
    console.log(query, '->', [...text.matchAll(/<(Key|Prefix)>([^<]+)/g)].map((m) => `${m[1]} ${m[2]}`).join(', '));
  }
  await server.close();
})();
JS
node seen.cjs | tee seen
grep -q '^list-type=2&delimiter=%2F -> Key top, Prefix flat/$' seen || { echo 'this has changed' && exit 1; }
