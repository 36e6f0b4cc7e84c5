// The work that bench/native.ts has done on the host, in a container and in a virtual machine: one line of JSON for each subject,
// { name, wall, cpu } in milliseconds. Plain JavaScript without imports of ours, so that all three run the same file.
//   node work.mjs FOLDER [SUBJECT…]
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, readSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { Agent, createServer, request } from 'node:http';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

const [folder, ...only] = process.argv.slice(2);

if (only[0] === 'serve') {
  const server = createServer((_, response) => response.end('hello\n'));
  server.listen(0, '127.0.0.1', () => console.log(server.address().port));
} else {
  mkdirSync(folder, { recursive: true });
  const subjects = { hash, compress, memory, files, write, read, http, cc };
  for (const [name, subject] of Object.entries(subjects)) {
    if (only.length > 0 && !only.includes(name)) continue;
    const begin = performance.now();
    const before = process.cpuUsage();
    // what ran in children is not in our own processor time, so that they report theirs
    const children = (await subject()) ?? 0;
    if (Number.isNaN(children)) continue;
    const { user, system } = process.cpuUsage(before);
    console.log(JSON.stringify({ name, wall: performance.now() - begin, cpu: (user + system) / 1000 + children }));
  }
}

/** Bytes that look like text, the same at each run. */
function text(bytes) {
  const words = Array.from({ length: 4096 }, (_, index) => createHash('md5').update(`${index}`).digest('hex').slice(0, 3 + (index % 9)));
  let seed = 1;
  let result = '';
  while (result.length < bytes) {
    seed = (seed * 1103515245 + 12345) % 2147483648;
    result += `${words[seed % 4096]} `;
  }
  return Buffer.from(result.slice(0, bytes));
}

function hash() {
  const block = Buffer.alloc(32 << 20, 7);
  const sum = createHash('sha256');
  for (let round = 0; round < 24; round += 1) sum.update(block);
  sum.digest();
}

function compress() {
  gzipSync(text(24 << 20));
}

function memory() {
  const from = Buffer.alloc(256 << 20, 1);
  const to = Buffer.alloc(256 << 20, 2);
  for (let round = 0; round < 12; round += 1) from.copy(to);
}

function files() {
  const root = join(folder, 'small');
  const data = Buffer.alloc(2048, 'x');
  for (let group = 0; group < 100; group += 1) {
    mkdirSync(join(root, `${group}`), { recursive: true });
    for (let file = 0; file < 100; file += 1) writeFileSync(join(root, `${group}`, `${file}`), data);
  }
  for (let group = 0; group < 100; group += 1)
    for (let file = 0; file < 100; file += 1) readFileSync(join(root, `${group}`, `${file}`));
  rmSync(root, { recursive: true });
}

function write() {
  const block = Buffer.alloc(4 << 20, 'y');
  const file = openSync(join(folder, 'large'), 'w');
  for (let written = 0; written < 1 << 30; written += block.length) writeSync(file, block);
  fsyncSync(file);
  closeSync(file);
}

function read() {
  const block = Buffer.alloc(4 << 20);
  const file = openSync(join(folder, 'large'), 'r');
  while (readSync(file, block) > 0);
  closeSync(file);
}

/** 20,000 requests over kept connections, 16 at a time. */
async function http() {
  const server = spawn(process.execPath, [import.meta.filename, folder, 'serve'], { stdio: ['ignore', 'pipe', 'inherit'] });
  const port = Number(await new Promise((resolve) => server.stdout.once('data', (data) => resolve(`${data}`))));
  const agent = new Agent({ keepAlive: true, maxSockets: 16 });
  const get = () =>
    new Promise((resolve, reject) => {
      request({ port, host: '127.0.0.1', agent }, (response) => response.resume().once('end', resolve)).once('error', reject).end();
    });
  let left = 20_000;
  await Promise.all(
    Array.from({ length: 16 }, async () => {
      while (left-- > 0) await get();
    }),
  );
  const used = ticks(server.pid);
  server.kill();
  agent.destroy();
  return used;
}

/** Milliseconds of processor that a process has used, in the kernel's ticks of 10. */
function ticks(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1].split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

/** A C program of 3,000 functions; nothing where there is no compiler. */
function cc() {
  const source = Array.from({ length: 3000 }, (_, n) => `int f${n}(int x) { for (int i = 0; i < ${n}; i++) x = x * 31 + i % ${n + 1}; return x; }`);
  writeFileSync(join(folder, 'many.c'), `${source.join('\n')}\nint main(void) { return f7(3) & 1; }\n`);
  const before = childTime();
  const { error, status, stderr } = spawnSync('/usr/bin/gcc', ['-O1', '-o', join(folder, 'many'), join(folder, 'many.c')]);
  if (error) return Number.NaN;
  if (status !== 0) throw new Error(`gcc: ${stderr}`);
  return childTime() - before;
}

/** Milliseconds of processor of children that have ended. */
function childTime() {
  const fields = readFileSync('/proc/self/stat', 'latin1').split(') ')[1].split(' ');
  return (Number(fields[13]) + Number(fields[14])) * 10;
}
