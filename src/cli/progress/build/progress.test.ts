import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ShownEvent, ShownFinding } from '../../../spec/berth/build.ts';
import { checkSummary, findingText, placeText, warningsText } from './place.ts';
import { PlainBuild } from './plain.ts';
import { rawLine } from './raw.ts';
import { TerminalBuild } from './terminal.ts';

const base64 = (text: string): string => Buffer.from(text).toString('base64');
const at = (seconds: number): string => String(BigInt(Math.round(seconds * 1000)) * 1_000_000n);
const vertex = (id: string, more: object): ShownEvent => ({
  kind: 'vertex',
  vertex: { id, name: `step ${id}`, inputs: [], ...more },
});
const log = (id: string, text: string, when: number): ShownEvent => ({
  kind: 'log',
  vertex: id,
  stream: 1,
  data: base64(text),
  at: at(when),
});

const EVENTS: readonly ShownEvent[] = [
  vertex('a', { started: at(0) }),
  log('a', 'one\ntw', 0.5),
  vertex('b', { started: at(1), cause: 'the file x changed' }),
  log('b', 'other\n', 1.25),
  log('a', 'o\n', 1.5),
  vertex('c', { cached: true, started: at(1), completed: at(1) }),
  { kind: 'status', vertex: 'a', id: 't', name: 'sending', current: 1234, total: 0, at: at(1.6), completed: at(1.6) },
  vertex('a', { started: at(0), completed: at(2) }),
  vertex('b', { started: at(1), completed: at(2), error: 'exit code: 1', cause: 'the file x changed' }),
];

test('plain: every line says which step it is of', () => {
  const plain = new PlainBuild(true);
  assert.equal(
    EVENTS.map((event) => plain.add(event)).join(''),
    `#1 step a
#1 0.500 one

#2 step b
#2 0.250 other

#1 step a
#1 1.500 two

#3 step c
#3 CACHED

#1 step a
#1 sending 1.23kB done
#1 DONE 2.0s

#2 step b
#2 because the file x changed
#2 ERROR: exit code: 1
`,
  );
});

test('terminal: one line a step, the last output of those that run, drawn over what was', () => {
  const terminal = new TerminalBuild(false);
  for (const event of EVENTS.slice(0, 6)) terminal.add(event);
  const first = terminal.draw(2_000_000_000n, 0n, [24, 40], false);
  assert.equal(
    first,
    `\x1b[J[+] Building 2.0s (1/3)
 => step a                         2.0s
 => => # one
 => => # two
 => step b                         1.0s
 => => # other
 => CACHED step c                  0.0s
`,
  );
  for (const event of EVENTS.slice(6)) terminal.add(event);
  const second = terminal.draw(3_000_000_000n, 0n, [24, 40], true);
  assert.ok(second.startsWith('\x1b[7A\x1b[J[+] Building 3.0s (3/3) FINISHED\n'));
  assert.match(second, /=> ERROR step b +1\.0s\n/);
});

test('rawjson: messages of the status stream', () => {
  const lines = EVENTS.map((event) => JSON.parse(rawLine(event)) as Record<string, readonly Record<string, unknown>[]>);
  assert.deepEqual(lines[0], { vertexes: [{ digest: 'a', name: 'step a', started: '1970-01-01T00:00:00Z' }] });
  assert.equal(lines[1]?.['logs']?.[0]?.['timestamp'], '1970-01-01T00:00:00.5Z');
  assert.equal(lines.at(-1)?.['vertexes']?.[0]?.['error'], 'exit code: 1');
});

const finding: ShownFinding = {
  rule: 'StageNameCasing',
  short: "Stage name 'B' should be lowercase",
  detail: ['Stage names should be lowercase'],
  url: 'https://example.com/rule/',
  file: 'Dockerfile',
  source: base64('# one\n# two\n# three\nFROM a AS B\nRUN x\n'),
  ranges: [{ startLine: 4, endLine: 4 }],
};

test('a place is shown with the lines around it', () => {
  assert.equal(
    placeText(finding),
    `Dockerfile:4
--------------------
   2 |     # two
   3 |     # three
   4 | >>> FROM a AS B
   5 |     RUN x
   6 |     
--------------------
`,
  );
  assert.ok(findingText(finding).startsWith("\nWARNING: StageNameCasing - https://example.com/rule/\nStage name 'B'"));
  assert.equal(checkSummary(0), 'Check complete, no warnings found.\n');
  assert.equal(checkSummary(2), 'Check complete, 2 warnings have been found!\n');
  assert.match(warningsText([finding], ''), /^\n 1 warning found:\n - StageNameCasing: .* \(line 4\)\n$/);
});
