// Parsers of foreign bytes on what is bad for them: inputs that the fuzzer found once, and a megabyte of what invites backtracking.
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join, sep } from 'node:path';
import { test } from 'node:test';
import { badInputs, isOurs, MEGABYTE, type Parser, PARSERS } from './parsers.ts';

/** For a megabyte, read once, by the processor alone. */
const LIMIT_MS = 50;
/** Where a megabyte is hundreds of thousands of things, each of which becomes an object of its own; docs/limits.md says why. */
const VOLUME_MS: Readonly<Record<string, number>> = {
  dockerfile: 75,
  document: 75,
  dotenv: 100,
  ignore: 100,
  yaml: 100,
};
/** A machine that does other things beside takes longer for the same, by its caches and by its second thread a core. */
const SLACK = 3;
/** What twice the input may take, as a multiple: 2 where time is linear, 4 where it is a square. */
const MAX_RATIO = 3.5;
/** Below it a ratio says more of the clock than of the parser. */
const LEAST_MS = 30;
const TRIES = 5;

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

/** The least of some tries, or the first that is short enough. */
async function least(parser: Parser, input: Buffer, enough: number): Promise<number> {
  let best = Number.POSITIVE_INFINITY;
  for (let tries = 0; tries < TRIES && best > enough; tries += 1) best = Math.min(best, await attempt(parser, input));
  return best;
}

for (const [name, parser] of Object.entries(PARSERS))
  test(`safety H3: no megabyte holds up the parser of ${name}`, async () => {
    const limit = (VOLUME_MS[name] ?? LIMIT_MS) * (parser.reads ?? 1) * SLOWNESS * SLACK;
    const twice = badInputs(parser, 2 * MEGABYTE);
    for (const [at, { name: what, input }] of badInputs(parser).entries()) {
      // the least of all: what is short enough by chance would make its double look long
      const took = await least(parser, input, LEAST_MS);
      assert.ok(took <= limit, `${what}: ${took.toFixed(0)} ms of ${limit.toFixed(0)}`);
      if (took < LEAST_MS) continue;
      const more = await least(parser, twice[at]?.input ?? input, MAX_RATIO * took);
      assert.ok(more <= MAX_RATIO * took, `${what}: ${took.toFixed(0)} ms, and ${more.toFixed(0)} for twice as much`);
    }
  });

test('what the fuzzer found once is read or refused', async () => {
  for (const path of globSync('corpus/*/*', { cwd: import.meta.dirname })) {
    const parser = PARSERS[path.split(sep)[1] ?? ''];
    assert.ok(parser, path);
    await attempt(parser, readFileSync(join(import.meta.dirname, path)));
  }
});
