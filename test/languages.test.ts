// Pages in Korean have the commands of those in English, line by line: only what is said about them differs.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

const ROOT = join(import.meta.dirname, '..');

/** The commands of a page, without what is said behind them, one list for each block. */
function commandsOf(file: string): string[][] {
  const text = readFileSync(join(ROOT, file), 'utf8');
  return [...text.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, block = '']) =>
    block
      .trimEnd()
      .split('\n')
      .map((line) => line.split(/ +# /)[0] ?? ''),
  );
}

for (const [english, korean] of [
  ['README.md', 'README.ko.md'],
  ['docs/tour.md', 'docs/tour.ko.md'],
] as const)
  test(`${korean} has the commands of ${english}`, () => {
    const commands = commandsOf(english);
    assert.ok(commands.length > 0);
    assert.deepEqual(commandsOf(korean), commands);
  });
