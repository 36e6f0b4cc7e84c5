// Parsers of foreign bytes on what is bad for them: inputs that the fuzzer found once, and a megabyte of what invites backtracking.
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join, sep } from 'node:path';
import { test } from 'node:test';
import { badInputs, isOurs, type Parser, PARSERS } from './parsers.ts';

const LIMIT_MS = 50;
/** Where a megabyte is a hundred thousand things, each of which becomes an object or a turn of its own. */
const LIMITS_MS: Readonly<Record<string, number>> = {
  dockerfile: 450,
  document: 75,
  expand: 75,
  filters: 75,
  ignore: 600,
  passwd: 75,
  protobuf: 350,
  template: 400,
  websocket: 150,
  zstd: 1300,
};
const TRIES = 3;

/** Milliseconds of this thread on a processor: a busy machine makes it wait, which is not its time. */
function spent(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}

async function attempt({ run }: Parser, input: Buffer): Promise<number> {
  const start = spent();
  try {
    await run(input);
  } catch (error) {
    assert.ok(isOurs(error), error instanceof Error ? error.stack : String(error));
  }
  return spent() - start;
}

/** How much slower this processor is than the one on which the limits were set. */
const SLOWNESS = Math.max(1, Math.min(...Array.from({ length: 5 }, loop)) / 4);

function loop(): number {
  const start = spent();
  let sum = 0;
  for (let at = 0; at < 5_000_000; at += 1) sum = (sum + at * 7) | 0;
  assert.notEqual(sum, 1);
  return spent() - start;
}

for (const [name, parser] of Object.entries(PARSERS))
  test(`safety H3: no megabyte holds up the parser of ${name}`, async () => {
    for (const { name: what, input } of badInputs(parser)) {
      const limit = LIMITS_MS[name] ?? LIMIT_MS;
      let best = Number.POSITIVE_INFINITY;
      for (let tries = 0; tries < TRIES && best > limit; tries += 1)
        best = Math.min(best, (await attempt(parser, input)) / SLOWNESS);
      assert.ok(best <= limit, `${what}: ${best.toFixed(0)} ms`);
    }
  });

test('what the fuzzer found once is read or refused', async () => {
  for (const path of globSync('corpus/*/*', { cwd: import.meta.dirname })) {
    const parser = PARSERS[path.split(sep)[1] ?? ''];
    assert.ok(parser, path);
    await attempt(parser, readFileSync(join(import.meta.dirname, path)));
  }
});
