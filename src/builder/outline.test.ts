import assert from 'node:assert/strict';
import { test } from 'node:test';
import { automaticArgs, parseDockerfile } from './dockerfile/index.ts';
import { outlineOf } from './outline.ts';

const RECIPE = `# BASE is what all begins with
ARG BASE=busybox
ARG UNUSED=1
ARG VER=3
FROM \${BASE} AS tools
ARG TOOL=x
ARG VER
RUN --mount=type=secret,id=t1,required --mount=type=ssh,id=k,required=true true
FROM scratch AS unused
ARG NEVER=1
# final is the last
FROM busybox AS Final
# HTTP_PROXY is a proxy
ARG HTTP_PROXY
ARG TARGETARCH
ARG A=1 B=2
ARG A=3
ARG OTHER=$A-x
COPY --from=tools /x /y
RUN --mount=type=secret,id=t1 --mount=type=secret,id=t2,env=FOO --mount=from=tools,target=/t true
`;

const platform = { os: 'linux', architecture: 'amd64', variant: '' };

function outline(given: Record<string, string> = {}, target = '') {
  const { value: dockerfile } = parseDockerfile(Buffer.from(RECIPE));
  const automatic = automaticArgs(platform, platform, target);
  return outlineOf({ dockerfile, given: new Map(Object.entries(given)), automatic, target });
}

const args = (of: ReturnType<typeof outline>): string[] =>
  of.args.map(({ name, value, line }) => `${line} ${name}${value === undefined ? '' : `=${value}`}`);

test('what reaches the target, and nothing else, as BuildKit orders it', () => {
  const found = outline();
  assert.deepEqual([found.name, found.description], ['Final', 'is the last']);
  assert.deepEqual(args(found), [
    '2 BASE=busybox',
    '4 VER=3',
    '6 TOOL=x',
    '14 HTTP_PROXY',
    '16 B=2',
    '17 A=3',
    '18 OTHER=3-x',
  ]);
  assert.equal(found.args[0]?.description, 'is what all begins with');
  assert.deepEqual(found.secrets, [
    { name: 't1', required: true, line: 8 },
    { name: 't2', required: false, line: 20 },
  ]);
  assert.deepEqual(found.ssh, [{ name: 'k', required: true, line: 8 }]);
});

test('what is given takes the place of defaults, where the stage asks for it', () => {
  const given = { A: '7', VER: '9', BASE: 'other' };
  assert.deepEqual(args(outline(given)), [
    '2 BASE=other',
    '6 TOOL=x',
    '7 VER=9',
    '14 HTTP_PROXY',
    '16 B=2',
    '17 A=7',
    '18 OTHER=7-x',
  ]);
  assert.deepEqual(args(outline({}, 'unused')), ['10 NEVER=1']);
  assert.throws(() => outline({}, 'nope'), /^.*target stage "nope" could not be found$/);
});
