import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ImageConfig } from '../../spec/docker/index.ts';
import { applyChanges } from './index.ts';

// answers of dockerd 28.5 to `import --change`
const GOOD: [string, ImageConfig][] = [
  ['ENV A=b C="d e" F=$A', { Env: ['A=b', 'C=d e', 'F='] }],
  ['ENV A b c', { Env: ['A=b c'] }],
  ['CMD echo hi', { Cmd: ['/bin/sh', '-c', 'echo hi'] }],
  ['CMD ["a", "b"]', { Cmd: ['a', 'b'] }],
  ['EXPOSE 80 443/udp 1000-1001', { ExposedPorts: { '80/tcp': {}, '443/udp': {}, '1000/tcp': {}, '1001/tcp': {} } }],
  ['LABEL a b', { Labels: { a: 'b' } }],
  ['LABEL a=b "c d"="e f"', { Labels: { a: 'b', 'c d': 'e f' } }],
  ['ONBUILD RUN x', { OnBuild: ['RUN x'] }],
  ['STOPSIGNAL SIGKILL', { StopSignal: 'SIGKILL' }],
  ['USER  bob', { User: 'bob' }],
  ['VOLUME ["/a b"]', { Volumes: { '/a b': {} } }],
  ['WORKDIR /a\nWORKDIR b', { WorkingDir: '/a/b' }],
  ['HEALTHCHECK NONE', { Healthcheck: { Test: ['NONE'] } }],
  [
    'HEALTHCHECK --interval=5s --retries=3 CMD echo x',
    { Healthcheck: { Test: ['CMD-SHELL', 'echo x'], Interval: 5e9, Retries: 3 } },
  ],
  ['# comment\nCMD a \\\n b', { Cmd: ['/bin/sh', '-c', 'a  b'] }],
  [
    'ENV A=1\nLABEL x=$A y=${B:-two}\nEXPOSE $A',
    { Env: ['A=1'], Labels: { x: '1', y: 'two' }, ExposedPorts: { '1/tcp': {} } },
  ],
  ['CMD ["x"]\nENTRYPOINT ["y"]', { Cmd: ['x'], Entrypoint: ['y'] }],
];

test('instructions change the configuration', () => {
  for (const [text, config] of GOOD) assert.deepEqual(applyChanges({}, [text]), config, text);
  assert.deepEqual(applyChanges({ Cmd: ['old'] }, ['ENTRYPOINT ["y"]']), { Cmd: null, Entrypoint: ['y'] });
});

const BAD: [string, string][] = [
  ['ENV A', 'ENV must have two arguments'],
  ['ENV A=b D', 'Syntax error - can\'t find = in "D". Must be of the form: name=value'],
  ['EXPOSE abc', 'Invalid containerPort: abc'],
  ['ONBUILD FROM x', "FROM isn't allowed as an ONBUILD trigger"],
  ['STOPSIGNAL FOO', 'invalid signal: FOO'],
  ['HEALTHCHECK foo', 'Unknown type "FOO" in HEALTHCHECK (try CMD)'],
  ['RUN x', 'RUN is not a valid change command'],
  ['USER', 'USER requires exactly one argument'],
];

test('errors are in the words of the builder', () => {
  for (const [text, message] of BAD) assert.throws(() => applyChanges({}, [text]), { message, kind: 'invalid' }, text);
});
