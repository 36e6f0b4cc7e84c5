import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ClassicText } from '../classic/text.ts';
import type { BuildEvent } from '../model/event.ts';
import { PlainText } from './plain.ts';

const vertex = (id: string, name: string, more: object = {}): BuildEvent => ({
  kind: 'vertex',
  vertex: { id, name, inputs: [], started: 1_000_000_000n, ...more },
});
const log = (id: string, text: string): BuildEvent => ({
  kind: 'log',
  vertex: id,
  stream: 1,
  data: Buffer.from(text),
  at: 1_250_000_000n,
});

test('events as plain lines', () => {
  const fold = new PlainText();
  const events = [
    vertex('a', '[1/2] FROM x', { completed: 1_000_000_000n, cached: true }),
    vertex('b', '[2/2] RUN y', { cause: 'file z changed' }),
    log('b', 'one\ntw'),
    log('b', 'o\nend'),
    vertex('b', '[2/2] RUN y', { completed: 3_500_000_000n }),
  ];
  assert.equal(
    events.map((event) => fold.add(event)).join(''),
    '#1 [1/2] FROM x\n#1 CACHED\n\n#2 [2/2] RUN y\n#2 because file z changed\n#2 0.250 one\n#2 0.250 two\n#2 end\n#2 DONE 2.5s\n\n',
  );
});

test('events as the classic builder has them: output waits for the turn of its step', () => {
  const fold = new ClassicText();
  const step = (phase: 'started' | 'completed', number: number, id: string, more: object = {}): BuildEvent => ({
    kind: 'step',
    phase,
    number,
    total: 2,
    text: `RUN ${id}`,
    vertex: id,
    ...more,
  });
  const events = [
    step('started', 1, 'a'),
    log('b', 'early\n'),
    log('a', 'now\n'),
    step('completed', 1, 'a', { image: 'sha256:0123456789abcdef' }),
    step('started', 2, 'b'),
    step('completed', 2, 'b', { image: 'sha256:fedcba9876543210', cached: true }),
  ];
  assert.equal(
    events
      .flatMap((event) => fold.add(event))
      .map(({ stream }) => stream)
      .join(''),
    'Step 1/2 : RUN a\nnow\n ---> 0123456789ab\nStep 2/2 : RUN b\nearly\n ---> Using cache\n ---> fedcba987654\n',
  );
});
