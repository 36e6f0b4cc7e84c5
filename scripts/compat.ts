// Writes docs/compat.md from the tables themselves: every operation of the Engine API and every command and flag of the client,
// each done, partial or absent. `--check` only compares, and fails when the page is behind.
import { readFileSync, writeFileSync } from 'node:fs';
import { type DaemonParts, engineHandlers } from '../src/api/handlers/index.ts';
import { KEYWORDS } from '../src/builder/dockerfile/read/index.ts';
import { RULES } from '../src/builder/lint/index.ts';
import { composeTree } from '../src/cli/commands/compose/tree.ts';
import { tree } from '../src/cli/commands/tree.ts';
import type { Node as TreeNode } from '../src/cli/grammar/index.ts';
import { type Route, routes } from '../src/spec/docker/index.ts';
import { differences } from './differences.ts';

/** Operations that work in part: what is missing. */
const PARTIAL_OPERATIONS: Readonly<Record<string, string>> = {
  ImageBuild:
    'squash is refused, as without experimental mode; with rm=0 the steps other than RUN leave no container; outputs has no effect in the classic builder',
  ContainerUpdate: 'Windows fields are ignored',
  ServiceCreate:
    'cluster volumes, generic resources and plugins are refused by name; templates only in hostname, env and sources of mounts; ports in mode ingress over IPv4 only',
  NetworkCreate:
    'driver overlay without encryption, ranges and reserved addresses, and its ingress network with IPv4 alone; ipvlan and plugins are refused',
  ServiceUpdate: 'as ServiceCreate',
  SwarmInit: 'no external certificate authorities, no force-new-cluster; settings of Raft are kept and have no effect',
  SwarmUpdate: 'as SwarmInit',
  SystemInfo: 'no plugins beside those that are built in',
  SystemVersion: 'the engine names the Docker version that it is compatible with; Berth’s own is a component',
};

/** Public cases, run by hand against the sources; they are not kept here. */
const CORPORA = [
  'Public cases, as of the last time that they were run:',
  '',
  '| cases | passed |',
  '| --- | --- |',
  '| BuildKit, `parser/testfiles`: the tree of each file | 32 of 33; the other one differs in how the text shows a NUL |',
  '| BuildKit, `parser/testfiles-negative` | 4 of 4 |',
  '| BuildKit, words and variables of `shell/` (those not of Windows) | 252 of 252 |',
  '| BuildKit, build checks of `dockerfile_check_test.go` as a script took them out | 75 of 89; the other 14 it could not pair with their Dockerfile |',
  '| moby/patternmatcher, patterns of `.dockerignore` | 126 of 126 |',
];

/** Docker's commands that Berth has not. */
const ABSENT_COMMANDS = [
  'buildx bake',
  'buildx create, use, imagetools and the like',
  'checkpoint',
  'compose alpha, bridge, publish',
  'plugin',
  'scout',
  'swarm ca --rotate',
  'trust',
];

/** Flags that are read and have no effect yet. */
const PARTIAL_FLAGS: Readonly<Record<string, string>> = {
  'compose up --menu': 'refused',
  'compose build --builder': 'no effect: there is one builder',
  ...Object.fromEntries(
    Object.entries({
      'compress, disable-content-trust, force-rm, isolation, rm, security-opt': 'no effect',
      'attest, provenance, sbom': 'provenance of version v1; no SBOM generators',
      'cache-from': 'types registry, local and inline',
      'cache-to': 'types registry, local and inline; gha, s3 and azblob are not there',
      output:
        'compression=estargz, push-by-digest, name-canonical, store=false, registry.insecure and options that are not known are refused by name; force-compression only into archives',
    }).flatMap(([names, note]) => names.split(', ').map((name) => [`image build --${name}`, note])),
  ),
  'container run --use-api-socket': 'no effect',
  'container create --use-api-socket': 'no effect',
  'container start --checkpoint': 'refused by the daemon',
  'container start --checkpoint-dir': 'refused by the daemon',
};

const PAGE = new URL('../docs/compat.md', import.meta.url);

/** Handlers by route; what they close over is not needed to know that they are there. */
function implemented(): ReadonlySet<string> {
  const nothing = {} as never;
  const parts: DaemonParts = {
    engine: nothing,
    images: nothing,
    volumes: nothing,
    networks: nothing,
    explainer: nothing,
    registries: nothing,
    builder: nothing,
    buildkit: nothing,
    events: nothing,
    facts: nothing,
    cluster: nothing,
    projects: nothing,
  };
  return new Set(Object.keys(engineHandlers(parts)));
}

function operations(): string[] {
  const there = implemented();
  const rows = (Object.entries(routes) as [string, Route][]).map(([id, route]) => {
    const note = PARTIAL_OPERATIONS[id];
    const state = !there.has(id) ? 'absent' : note === undefined ? 'done' : 'partial';
    const query = Object.keys(route.query ?? {}).join(', ');
    return {
      state,
      line: `| ${route.method} | \`${route.path}\` | ${state} | ${query} | ${state === 'partial' ? note : ''} |`,
    };
  });
  return [
    `${count(rows)} of ${rows.length} operations.`,
    '',
    '| method | path | state | query | remarks |',
    '| --- | --- | --- | --- | --- |',
    ...rows.map((row) => row.line),
  ];
}

function count(rows: readonly { state: string }[]): string {
  const of = (state: string): number => rows.filter((row) => row.state === state).length;
  return `${of('done')} done, ${of('partial')} partial, ${of('absent')} absent`;
}

/** For shells; the reference of Docker's command line does not list it either. */
const UNLISTED = new Set(['completion']);

async function commands(): Promise<string[]> {
  const rows: { state: string; line: string }[] = [];
  const walk = async <Of>(node: TreeNode<Of>, path: string): Promise<void> => {
    for (const child of node.children ?? []) await walk(child, `${path} ${child.name}`.trim());
    if (!node.load || UNLISTED.has(path)) return;
    const { flags, aliases = '' } = await node.load();
    const first = aliases.split(', ')[0]?.replace(/^docker /, '');
    if (first !== undefined && first !== '' && first !== path) return;
    rows.push({ state: 'done', line: `| **${path}** | | done | |` });
    for (const [name, flag] of Object.entries(flags)) {
      const note = PARTIAL_FLAGS[`${path} --${name}`];
      const state = note === undefined ? 'done' : 'partial';
      rows.push({
        state,
        line: `| ${path} | \`${flag.short === '' ? '' : `-${flag.short}, `}--${name}\` | ${state} | ${note ?? ''} |`,
      });
    }
  };
  await walk(tree, '');
  await walk(composeTree, 'compose');
  rows.push(...ABSENT_COMMANDS.map((name) => ({ state: 'absent', line: `| **${name}** | | absent | |` })));
  return [
    `${count(rows)} of ${rows.length} commands and flags.`,
    '',
    '| command | flag | state | remarks |',
    '| --- | --- | --- | --- |',
    ...rows.map((row) => row.line),
  ];
}

const page = [
  '# What of Docker’s interfaces is there',
  '',
  'Made by `npm run compat` from the route table and the flag tables; not written by hand. An operation that is absent answers 501',
  'with a message that says so, or 503 as dockerd does on a machine that is in no swarm. What "done" means for an operation is shown by the',
  'tests in `test/e2e` and by the conformance scorer.',
  '',
  '## Engine API (1.24 to 1.55)',
  '',
  ...operations(),
  '',
  '## Command line',
  '',
  ...(await commands()),
  '',
  '## Dockerfile',
  '',
  `Instructions: ${KEYWORDS.toSorted().join(', ')}.`,
  '',
  `Build checks: ${Object.keys(RULES).toSorted().join(', ')}.`,
  '',
  ...CORPORA,
  '',
  '## Where Berth means to differ',
  '',
  ...differences(),
  '',
].join('\n');

if (process.argv.includes('--check')) {
  if (readFileSync(PAGE, 'utf8') !== page) {
    console.error('docs/compat.md is behind the tables: npm run compat');
    process.exit(1);
  }
} else writeFileSync(PAGE, page);
