// `npm run fuzz:parsers [-- SECONDS] [PARSER…]`: changes inputs, keeps those that reach code that none did before, for the next run
// too, and reports what no parser should do. BERTH_FUZZ_KEPT names another place than test/fuzz/kept for those that are kept.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { Session } from 'node:inspector/promises';
import { join } from 'node:path';
import { isOurs, type Parser, PARSERS } from './parsers.ts';

/** What was a fault once: the unit tests run it. */
const CORPUS = join(import.meta.dirname, 'corpus');
/** What reached new code: only this program reads it. */
const KEPT = process.env['BERTH_FUZZ_KEPT'] ?? join(import.meta.dirname, 'kept');
const SLOW_MS_PER_KB = 50;
const MAX_INPUT = 8192;
/** Coverage is asked for after so many inputs; when there is news, they run again one by one. */
const BATCH = 64;
/** Growth of the heap from its size after warming up that is taken for a leak. */
const MAX_GROWTH = 64 * 1024 * 1024;

const collect =
  globalThis.gc ??
  ((): never => {
    throw new Error('without --expose-gc growth of the heap would not be seen');
  })();

const words = process.argv.slice(2);
const seconds = Number(words.find((word) => /^\d+$/.test(word)) ?? 60);
const names = words.filter((word) => !/^\d+$/.test(word));

const session = new Session();
session.connect();
await session.post('Profiler.enable');
await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });

const seen = new Set<string>();

/** Parts of src/ that ran since the last question. */
async function covered(): Promise<Set<string>> {
  const { result } = await session.post('Profiler.takePreciseCoverage');
  const parts = new Set<string>();
  for (const { url, functions } of result) {
    if (!url.includes('/src/')) continue;
    for (const { ranges } of functions)
      for (const { startOffset, endOffset, count } of ranges)
        if (count > 0) parts.add(`${url} ${startOffset} ${endOffset}`);
  }
  return parts;
}

const random = (below: number): number => Math.floor(Math.random() * below);
const pick = <T>(all: readonly T[]): T => all[random(all.length)] as T;
const ODD = [0, 1, 0x7f, 0x80, 0xff, 0x0a, 0x20, 0x22, 0x24, 0x2a, 0x5c, 0x7b, 0x7d, 0x5b];

function changed(corpus: readonly Buffer[]): Buffer {
  let input: Buffer = Buffer.from(pick(corpus));
  for (let times = 1 + random(4); times > 0; times -= 1) {
    const at = random(input.length + 1);
    const to = at + random(Math.min(64, input.length - at) + 1);
    const between = (middle: Uint8Array, end = at): Buffer =>
      Buffer.concat([input.subarray(0, at), middle, input.subarray(end)]);
    const other = pick(corpus);
    const from = random(other.length + 1);
    switch (random(7)) {
      case 0:
        if (at < input.length) input[at] = random(256);
        break;
      case 1:
        if (at < input.length) input[at] = (input[at] as number) ^ (1 << random(8));
        break;
      case 2:
        input = between(Buffer.from([pick(ODD)]));
        break;
      case 3:
        input = between(Buffer.alloc(0), to);
        break;
      case 4:
        input = between(Buffer.concat(Array.from({ length: 1 + random(8) }, () => input.subarray(at, to))), to);
        break;
      case 5:
        input = between(other.subarray(from, from + random(64)));
        break;
      default:
        input = Buffer.concat([input.subarray(0, at), other.subarray(from)]);
    }
  }
  return input.subarray(0, MAX_INPUT);
}

/** What a parser did that none should: an error of the language, or too long a time. */
async function fault(parser: Parser, input: Buffer): Promise<string | undefined> {
  // of this thread on a processor: neither a busy machine nor the language's own threads beside count as the parser's time
  const clock = (from?: NodeJS.CpuUsage): NodeJS.CpuUsage =>
    parser.threads === true ? process.cpuUsage(from) : process.threadCpuUsage(from);
  const start = clock();
  let problem: string | undefined;
  try {
    await parser.run(input);
  } catch (error) {
    if (!isOurs(error))
      problem = `throws ${error instanceof Error ? `${error.name}: ${error.message}` : String(error)}`;
  }
  const { user, system } = clock(start);
  const took = (user + system) / 1000;
  const allowed = SLOW_MS_PER_KB * Math.max(1, input.length / 1024);
  return problem ?? (took > allowed ? `took ${took.toFixed(0)} ms for ${input.length} bytes` : undefined);
}

/** The machine may be what was slow. */
async function lasting(parser: Parser, input: Buffer): Promise<string | undefined> {
  let found: string | undefined;
  for (let tries = 0; tries < 4; tries += 1) if (!(found = await fault(parser, input))) return undefined;
  return found;
}

/** The smallest input found that still does it. */
async function shrunk(parser: Parser, input: Buffer): Promise<Buffer> {
  let best: Buffer = input;
  for (let size = best.length >> 1; size > 0; size >>= 1)
    for (let at = 0; at < best.length; ) {
      const smaller = Buffer.concat([best.subarray(0, at), best.subarray(at + size)]);
      if (await lasting(parser, smaller)) best = smaller;
      else at += size;
    }
  return best;
}

function save(folder: string, name: string, input: Buffer): string {
  mkdirSync(join(folder, name), { recursive: true });
  const path = join(folder, name, createHash('sha256').update(input).digest('hex').slice(0, 12));
  writeFileSync(path, input);
  return path;
}

function read(folder: string): Buffer[] {
  return existsSync(folder) ? readdirSync(folder).map((file) => readFileSync(join(folder, file))) : [];
}

async function fuzz(name: string, parser: Parser): Promise<boolean> {
  const corpus = [
    ...parser.seeds.map((seed): Buffer => Buffer.from(seed)),
    ...[CORPUS, KEPT].flatMap((folder) => read(join(folder, name))),
  ];
  const faults = new Map<string, Buffer>();
  for (const input of corpus) await fault(parser, input);
  for (const part of await covered()) seen.add(part);
  const end = Date.now() + seconds * 1000;
  let inputs = 0;
  let base: number | undefined;
  while (Date.now() < end && faults.size < 5) {
    const batch = Array.from({ length: BATCH }, () => changed(corpus));
    for (const input of batch) {
      const first = await fault(parser, input);
      inputs += 1;
      const problem = first && (await lasting(parser, input));
      const kind = problem?.replace(/\d+/g, 'N');
      if (kind !== undefined && !faults.has(kind)) {
        faults.set(kind, await shrunk(parser, input));
        console.log(`${name}: ${problem}: ${save(CORPUS, name, faults.get(kind) as Buffer)}`);
      }
    }
    const found = [...(await covered())].filter((part) => !seen.has(part));
    for (const input of found.length > 0 ? batch : []) {
      await fault(parser, input);
      const ran = await covered();
      const added = found.filter((part) => ran.has(part) && !seen.has(part));
      for (const part of added) seen.add(part);
      if (added.length === 0) continue;
      corpus.push(input);
      save(KEPT, name, input);
    }
    // what ran for the batch and for none of its inputs alone, such as code that is run once
    for (const part of found) seen.add(part);
    if (inputs % (BATCH * 256) === 0) {
      collect();
      const heap = process.memoryUsage().heapUsed;
      base ??= heap;
      if (heap - base > MAX_GROWTH) {
        faults.set('growth', Buffer.alloc(0));
        console.log(`${name}: the heap grew by ${heap - base} bytes`);
      }
    }
  }
  console.log(
    `${name}: ${inputs} inputs in ${seconds} s, ${corpus.length} kept, ${seen.size} parts of the code, ${faults.size} faults`,
  );
  return faults.size === 0;
}

const unknown = names.filter((name) => !Object.hasOwn(PARSERS, name));
if (unknown.length > 0)
  throw new Error(`no such parser: ${unknown.join(', ')}; there are ${Object.keys(PARSERS).join(', ')}`);
let clean = true;
for (const [name, parser] of Object.entries(PARSERS))
  if (names.length === 0 || names.includes(name)) clean = (await fuzz(name, parser)) && clean;
session.disconnect();
process.exitCode = clean ? 0 : 1;
