import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { messageOf } from '../../base/errors.ts';
import type { Digest } from '../../base/ids.ts';
import { parseDockerfile } from '../dockerfile/index.ts';
import { placeOf } from './place.ts';
import { imageKey, type KnownImage, type PlanInput, planBuild } from './plan.ts';
import { showGraph } from './show.ts';
import type { Op } from './vertex.ts';

const platform = { os: 'linux', architecture: 'amd64' };
const layer: Digest = `sha256:${'a'.repeat(64)}`;

function image(reference: string, onBuild: string[] = []): KnownImage {
  return {
    id: layer,
    file: {
      architecture: 'amd64',
      os: 'linux',
      config: { Env: ['PATH=/bin', `BASE=${reference}`], Cmd: ['sh'], OnBuild: onBuild },
      rootfs: { type: 'layers', diff_ids: [layer] },
      history: [{ created: '2024-01-01T00:00:00Z', created_by: 'base' }],
    },
    chains: [layer],
  };
}

const images = new Map(
  (
    [
      ['busybox', image('busybox')],
      ['debian:bookworm', image('debian:bookworm')],
      ['triggers', image('triggers', ['COPY . /src', 'RUN make'])],
    ] as const
  ).map(([reference, known]) => [imageKey({ reference, platform }), known]),
);

function input(text: string, over: Partial<PlanInput> = {}): PlanInput {
  const { value, problems } = parseDockerfile(text);
  assert.deepEqual(
    problems.filter(({ severity }) => severity === 'error'),
    [],
  );
  return {
    dockerfile: value,
    buildArgs: new Map([
      ['VERSION', '2'],
      ['HTTP_PROXY', 'http://proxy'],
    ]),
    labels: new Map(),
    classic: false,
    target: '',
    platform,
    buildPlatform: platform,
    multiPlatform: false,
    contexts: new Map(),
    ignore: [],
    noCache: false,
    noCacheFilter: [],
    network: 'default',
    entitlements: [],
    images,
    ...over,
  };
}

function graphOf(text: string, over: Partial<PlanInput> = {}) {
  const planned = planBuild(input(text, over));
  if (planned.kind === 'needs') throw new Error(`needs ${planned.images.map(({ reference }) => reference).join(' ')}`);
  return planned.graph;
}

const folder = join(import.meta.dirname, 'testdata');
for (const name of readdirSync(folder).filter((file) => file.endsWith('.dockerfile'))) {
  test(`the graph of ${name}`, () => {
    const shown = showGraph(graphOf(readFileSync(join(folder, name), 'utf8')));
    const golden = join(folder, `${name}.txt`);
    if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(golden, shown);
    assert.equal(shown, readFileSync(golden, 'utf8'));
  });
}

test('fault B55: a Dockerfile cannot take what the one who builds did not allow', () => {
  const insecure = 'FROM busybox\nRUN --security=insecure mount\n';
  const onHost = 'FROM busybox\nRUN --network=host wget\n';
  assert.throws(() => graphOf(insecure), /security\.insecure is not allowed/);
  assert.throws(() => graphOf(insecure, { entitlements: ['network.host'] }), /security\.insecure is not allowed/);
  assert.throws(() => graphOf(onHost), /network\.host is not allowed/);
  graphOf(insecure, { entitlements: ['security.insecure'] });
  graphOf(onHost, { entitlements: ['network.host'] });
  // who builds on the host's network has said so
  graphOf(onHost, { network: 'host' });
});

test('stages that the target does not need are not built, and their images not asked for', () => {
  const text = 'FROM nowhere AS a\nRUN x\nFROM busybox AS b\nRUN y\nFROM b\nRUN z\n';
  const graph = graphOf(text);
  assert.equal(graph.vertices.filter(({ op }) => op.kind === 'exec').length, 2);
  assert.equal(graphOf(text, { target: 'b' }).vertices.filter(({ op }) => op.kind === 'exec').length, 1);
  assert.deepEqual(planBuild(input(text, { target: 'a' })), {
    kind: 'needs',
    images: [
      { reference: 'nowhere', platform, range: { start: { line: 1, column: 1 }, end: { line: 1, column: 18 } } },
    ],
  });
});

test('what cannot be built is said in the words of the builder', () => {
  const wrong = (text: string, message: RegExp, over: Partial<PlanInput> = {}): void =>
    assert.throws(() => graphOf(text, over), { message, kind: 'invalid' });
  wrong('FROM busybox AS build\n', /^target stage "biuld" could not be found \(did you mean build\?\)$/, {
    target: 'biuld',
  });
  wrong('FROM busybox AS a\nCOPY --from=a /x /y\n', /^circular dependency detected on stage: a$/);
  wrong('FROM busybox\nCOPY --from=7 /x /y\n', /^invalid stage index 7$/);
  wrong('ARG X\nFROM $X\n', /should not be blank/);
});

test('users B8: the classic builder refuses what BuildKit takes, in its own words', () => {
  const cases: readonly [string, string][] = [
    ['ENV ""=x', 'invalid environment variable: =x'],
    ['WORKDIR ""', 'cannot normalize nothing'],
    ['COPY ../a /', 'COPY failed: forbidden path outside the build context: ../a ()'],
    ['COPY b ./../../a /', 'COPY failed: forbidden path outside the build context: ../../a ()'],
    ['COPY /../a /', 'COPY failed: forbidden path outside the build context: ../a ()'],
    ['ADD sub/../../x /', 'ADD failed: forbidden path outside the build context: sub/../../x ()'],
    ['COPY --from=a ../x /', 'COPY failed: forbidden path outside the build context: ../x ()'],
  ];
  for (const [line, message] of cases) {
    const text = `FROM busybox AS a\nFROM busybox\n${line}\n`;
    assert.throws(() => graphOf(text, { classic: true }), { message, kind: 'invalid' }, line);
    graphOf(text);
  }
  graphOf('FROM busybox\nCOPY sub/../a ..a /\n', { classic: true });
});

test('users B8: a checksum that is none is refused before anything is fetched', () => {
  const cases: readonly [string, string][] = [
    ['sha256:abc', 'invalid checksum digest length'],
    ['abc', 'invalid checksum digest format'],
    [`sha256:${'z'.repeat(64)}`, 'invalid checksum digest format'],
    ['md5:abc', 'unsupported digest algorithm'],
  ];
  for (const [checksum, message] of cases)
    assert.throws(
      () => graphOf(`FROM busybox\nADD --checksum=${checksum} http://localhost/x /\n`),
      { message },
      checksum,
    );
  graphOf(`FROM busybox\nADD --checksum=sha512:${'a'.repeat(128)} http://localhost/x /\n`);
});

test('what cannot be built is said with the lines of its instruction', () => {
  const lines = (text: string): readonly unknown[] => {
    try {
      graphOf(text);
      return ['built'];
    } catch (error) {
      const place = placeOf(error);
      return [place?.start.line, place?.end.line, messageOf(error)];
    }
  };
  assert.deepEqual(lines('FROM busybox\n\nRUN --mount=type=cash,target=/x \\\n  true\n'), [
    3,
    4,
    'unsupported mount type "cash" (did you mean cache?)',
  ]);
  assert.deepEqual(lines('FROM busybox\nRUN --mount=type=cache true\n'), [2, 2, 'invalid mount target "/"']);
  assert.deepEqual(lines('FROM busybox\nEXPOSE 80/foo\n'), [2, 2, 'invalid port: "80/foo": invalid proto: foo']);
  assert.deepEqual(lines('FROM busybox\nRUN --network=host true\n'), [2, 2, 'network.host is not allowed']);
  assert.deepEqual(lines('ARG X\nFROM busybox\nFROM $X\n'), [3, 3, 'base name ($X) should not be blank']);
  assert.deepEqual(lines('FROM busybox\nSTOPSIGNAL FOO\n'), [2, 2, 'invalid signal: FOO']);
  assert.equal(graphOf('FROM busybox\nARG S=SIGRTMIN+3\nSTOPSIGNAL $S\n').result.config.StopSignal, 'SIGRTMIN+3');
  // in the stage that it is in, not in that which needs it
  assert.deepEqual(lines('FROM busybox AS a\nEXPOSE x\nFROM busybox\nCOPY --from=a /x /x\n').slice(0, 2), [2, 2]);
  // a mount that names no place is where the step works
  const mounted = graphOf('FROM busybox\nWORKDIR /w\nRUN --mount=type=cache true\n').vertices.at(-1)?.op;
  assert.equal(mounted?.kind === 'exec' && mounted.mounts[0]?.target, '/w');
});

test('without cache: everything, or the stages that are named', () => {
  const text = 'FROM busybox AS a\nRUN x\nFROM busybox AS b\nCOPY --from=a /x /x\nRUN y\n';
  const marked = (over: Partial<PlanInput>): string[] =>
    graphOf(text, over)
      .vertices.filter(({ noCache }) => noCache)
      .map(({ name }) => name);
  assert.deepEqual(marked({ noCacheFilter: ['A'] }), ['[a 2/2] RUN x']);
  assert.equal(marked({ noCache: true }).length, 3);
});

test('users B5: an ARG without a value keeps the default that it has, in its stage and in one built on it', () => {
  const run = (text: string): Op<'exec'> => {
    const op = graphOf(text).vertices.findLast(({ op: one }) => one.kind === 'exec')?.op;
    assert.ok(op?.kind === 'exec');
    return op;
  };
  const of = (text: string): string | undefined => run(text).env.find((pair) => pair.startsWith('A='));
  assert.equal(of('FROM busybox\nARG A=one\nARG A\nRUN x\n'), 'A=one');
  assert.equal(of('FROM busybox AS a\nARG A=one\nFROM a\nARG A\nRUN x\n'), 'A=one');
  assert.equal(of('ARG A=global\nFROM busybox\nARG A=one\nARG A\nRUN x\n'), 'A=global');
  assert.equal(of('FROM busybox\nARG A\nRUN x\n'), undefined);
});

test('users B6: of ARG and ENV with one name the later counts; a stage built on another begins with what its image has', () => {
  const of = (text: string): string[] => {
    const op = graphOf(text).vertices.findLast(({ op: one }) => one.kind === 'exec')?.op;
    return op?.kind === 'exec' ? op.env.filter((pair) => pair.startsWith('E=')) : [];
  };
  assert.deepEqual(of('FROM busybox\nENV E=a\nARG E=b\nRUN x\n'), ['E=b']);
  assert.deepEqual(of('FROM busybox\nARG E=b\nENV E=a\nRUN x\n'), ['E=a']);
  assert.deepEqual(of('FROM busybox\nARG E=b\nENV E=a\nARG E\nRUN x\n'), ['E=a']);
  assert.deepEqual(of('FROM busybox AS a\nENV E=a\nARG E=b\nFROM a\nRUN x\n'), ['E=a']);
  assert.equal(graphOf('FROM busybox\nENV E=a\nARG E=b\nLABEL l=$E\n').result.config.Labels?.['l'], 'b');
  assert.ok(graphOf('FROM busybox\nENV E=a\nARG E=b\n').result.config.Env?.includes('E=a'));
});

test('users B7: a source is asked of the client by its plain path, the whole context by a dot', () => {
  const asked = (source: string): readonly string[] | undefined => {
    const op = graphOf(`FROM busybox\nCOPY ${source} /x/\n`).vertices.find(({ op: one }) => one.kind === 'context')?.op;
    return op?.kind === 'context' ? op.paths : undefined;
  };
  for (const source of ['.', './', '/', '/.', 'src/../', 'src/..', '../'])
    assert.deepEqual(asked(source), ['.'], source);
  for (const source of ['src', './src', '/src/', 'src/.', 'a/../src']) assert.deepEqual(asked(source), ['src'], source);
});

test('users B14: what begins with nothing works in its root', () => {
  assert.equal(graphOf('FROM scratch\nCOPY a /\n').result.config.WorkingDir, '/');
});

test('safety H3: a Dockerfile that changes much again and again is refused within seconds', () => {
  const list = (count: number, of: (at: number) => string, between = '\n'): string =>
    Array.from({ length: count }, (_, at) => of(at)).join(between);
  const many = list(10_000, (at) => `a${at}=1`, ' ').slice(0, 60_000);
  const bad = [
    list(9000, (at) => `ENV a${at}=1`),
    list(9000, (at) => `ARG a${at}=1`),
    list(60, () => `ENV ${many}`),
    list(9000, (at) => `WORKDIR a${at}`),
    list(9000, (at) => `VOLUME /a${at}`),
    `EXPOSE ${list(5000, () => '1-65535', ' ')}`,
    `ARG r=1-65535\nEXPOSE ${list(5000, () => '$r', ' ')}`,
    `ENV e=aaaa/bbbb.tar.gz\n${list(500, () => 'ENV b=${e///\\}${e///\\}${e///\\}${e///y:+"x y"}}}}')}`,
  ];
  for (const text of bad) {
    const start = process.threadCpuUsage();
    assert.throws(() => planBuild(input(`FROM scratch\n${text}\n`)), /more than \d+/, text.slice(0, 60));
    const { user, system } = process.threadCpuUsage(start);
    assert.ok(user + system < 6_000_000, `${text.slice(0, 60)}: ${(user + system) / 1000} ms`);
  }
});
