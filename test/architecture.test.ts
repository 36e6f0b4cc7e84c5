// Who may know whom: the table of imports between the folders of src/, and the few rules about what a file may reach for.
// A failure names the import and says why it is not allowed. A new folder, or a new arrow, is a line in a table here.
import assert from 'node:assert/strict';
import { dirname, relative } from 'node:path';
import { test } from 'node:test';
import { readSources, type Source } from '../scripts/house/sources.ts';

/** What a folder may import from, besides itself; and what it is, which is why it may not import more. */
const LAYERS: Readonly<Record<string, { readonly may: readonly string[]; readonly is: string }>> = {
  base: { may: [], is: 'words that every folder uses; it knows nothing of containers' },
  files: { may: ['base'], is: 'files written below a directory that others may have filled, by client and daemon' },
  spec: { may: ['base'], is: 'wire formats as data, true whatever engine reads them' },
  http: {
    may: ['base'],
    is: 'HTTP in both directions: serving by a table of routes, asking others by one set of rules; it does not know what is said',
  },
  hub: {
    may: ['base', 'spec', 'http', 'host', 'registry', 'cli'],
    is: 'a registry with search, access and pages; it runs without a daemon, and speaks to others as the engine does',
  },
  host: {
    may: ['base', 'files'],
    is: 'the only door to the kernel; it knows namespaces and mounts, not containers or images',
  },
  store: { may: ['base', 'spec', 'host'], is: 'blobs, layers and records; it does not know who uses them' },
  registry: {
    may: ['base', 'spec', 'http'],
    is: 'the distribution protocol over HTTP; what it brings is kept by images/',
  },
  images: {
    may: ['base', 'spec', 'http', 'host', 'store', 'registry'],
    is: 'verbs on the store; containers are known to it by a port only',
  },
  volumes: {
    may: ['base', 'spec', 'host', 'store'],
    is: 'folders with a life of their own; containers are known to it by a port only',
  },
  network: {
    may: ['base', 'spec', 'host', 'store'],
    is: 'links, addresses and rules; containers are known to it by a port only',
  },
  runtime: { may: ['base', 'spec', 'host'], is: 'containers as processes; it keeps no records and serves no API' },
  template: {
    may: ['base'],
    is: 'Go templates over plain values; the client prints with them, the engine makes tags of logs',
  },
  engine: {
    may: ['base', 'spec', 'host', 'store', 'runtime', 'template'],
    is: 'containers as objects; images and volumes come in through ports',
  },
  builder: {
    may: ['base', 'spec', 'http', 'host', 'store', 'runtime'],
    is: 'from a recipe to an image; images and networks come in through ports',
  },
  system: { may: ['base', 'spec', 'runtime'], is: 'what the daemon says of itself, from values that are given to it' },
  api: {
    may: [
      'base',
      'spec',
      'http',
      'events',
      'engine',
      'images',
      'volumes',
      'network',
      'registry',
      'runtime',
      'builder',
      'system',
      'cluster',
      'projects',
    ],
    is: 'HTTP over the engine; nothing below it knows of HTTP',
  },
  client: { may: ['base', 'spec', 'files'], is: 'the other end of the API; it works where no engine is' },
  compose: {
    may: ['base', 'spec', 'client', 'parity'],
    is: "systems of containers from a file, over the API of any daemon; how it is shown is the command line's",
  },
  parity: { may: ['base'], is: 'what differs between two places, pure; who observes them is the one who asks' },
  cli: {
    may: ['base', 'spec', 'client', 'compose', 'files', 'template', 'parity'],
    is: 'a program of some milliseconds over the client; the engine would have to be loaded with it',
  },
  cluster: {
    may: ['base', 'spec', 'host'],
    is: 'many servers as one; the engine that runs its tasks comes in through a port',
  },
  projects: { may: ['base', 'spec'], is: 'what Compose projects were; it knows no containers and runs nothing' },
  machine: {
    may: ['base', 'spec', 'files', 'host', 'client', 'cli', 'images'],
    is: 'Linux machines by QEMU, seen from the host; of images it takes the way in which Debian becomes a system',
  },
  events: { may: ['base', 'spec'], is: 'what happened, in order; it does not know who emits or watches' },
  daemon: {
    may: [
      'base',
      'spec',
      'events',
      'host',
      'store',
      'registry',
      'images',
      'volumes',
      'network',
      'runtime',
      'engine',
      'builder',
      'system',
      'cluster',
      'cli',
      'projects',
    ],
    is: 'a daemon opened from its settings, and its sockets; who speaks over them is chosen in bin/',
  },
  doctor: { may: ['base', 'host', 'runtime', 'cli'], is: 'checks of a host on which the daemon may not even start' },
  demo: { may: ['base', 'spec', 'client'], is: 'a story told over the API, as any client could' },
  bin: { may: ['*'], is: 'the composition roots, the only place where adapters are chosen' },
};

/** Arrows that only some files of a folder have a right to. */
const NARROWER: Readonly<Record<string, { readonly to: RegExp; readonly why: string }>> = {
  'daemon -> cli': { to: /^cli\/grammar\//, why: 'of the command line only its grammar is meant for other programs' },
  'cli -> compose': { to: /^compose\/index\.ts$/, why: 'it is entered by its face, and only by cli/commands/compose' },
  'hub -> cli': { to: /^cli\/grammar\//, why: 'of the command line only its grammar is meant for other programs' },
  'machine -> cli': { to: /^cli\/grammar\//, why: 'of the command line only its grammar is meant for other programs' },
  'machine -> images': { to: /^images\/bootstrap\//, why: 'only the way in which packages become a system' },
  'doctor -> cli': { to: /^cli\/grammar\//, why: 'of the command line only its grammar is meant for other programs' },
};

/** Imports that break the tables, each with the reason why it stays for now. `file -> imported file`. */
const EXCEPTIONS: Readonly<Record<string, string>> = {};

/** npm packages, and the only folders that may import them. */
const PACKAGES: Readonly<Record<string, { readonly in: readonly string[]; readonly why: string }>> = {
  '@peculiar/x509': { in: ['cluster'], why: 'certificates are made in cluster/security only' },
  'reflect-metadata': { in: ['cluster'], why: 'asked for by @peculiar/x509' },
  hono: { in: ['hub'], why: 'its templates make the pages of the hub; HTTP is served by http/' },
  'markdown-it': { in: ['hub'], why: "a repository's readme is the only Markdown" },
  aws4fetch: { in: ['hub'], why: 'its storage in a bucket is the only thing that speaks S3' },
  s3rver: { in: ['hub'], why: "a bucket for the tests of the hub's storage" },
  koffi: { in: ['host'], why: 'kernel calls go through host/, where their errors get names' },
  yaml: { in: ['compose'], why: 'Compose files are the only YAML that is read' },
  croner: { in: ['cluster'], why: 'schedules of jobs are the only cron expressions that are read' },
  pino: { in: ['base'], why: 'folders take a Log of base/log.ts, so that what writes it can change' },
  re2js: {
    in: ['base'],
    why: 'expressions of foreigners are asked for by go-regexp.ts, which loads it when the first comes',
  },
  'tar-stream': {
    in: ['cli', 'client', 'compose', 'builder'],
    why: 'the daemon reads archives of others with host/sandbox, which cannot be led astray; builder/buildkit reads its own',
  },
};

/** Modules of Node that a folder must not load. */
const HEAVY: Readonly<Record<string, { readonly modules: RegExp; readonly why: string }>> = {
  client: { modules: /^(http|https|http2)$/, why: 'node:http would double the start-up time of the client' },
  cli: { modules: /^(http|https|http2|sqlite)$/, why: 'node:http would double the start-up time of the client' },
  spec: { modules: /^(?!(util|path)$)/, why: 'wire formats are data, the same on every machine' },
};

const sources = readSources();

interface Arrow {
  readonly from: Source;
  /** Below src/. */
  readonly to: string;
  readonly folder: string;
}

/** Every import from one folder of src/ into another. */
const arrows: readonly Arrow[] = sources
  .flatMap((from) =>
    from.imports.flatMap(({ to }) => (to === undefined ? [] : [{ from, to, folder: to.split('/')[0] ?? '' }])),
  )
  .filter(({ from, folder }) => folder !== from.folder && folder !== '..')
  .filter(({ from, to }) => !Object.hasOwn(EXCEPTIONS, `${from.file} -> ${to}`));

/** Fails with every line, so that one run shows all there is to mend. */
function none(problems: readonly string[]): void {
  assert.ok(problems.length === 0, `\n  ${[...new Set(problems)].join('\n  ')}\n`);
}

test('every folder of src/ has its line in the table', () => {
  const folders = new Set(sources.map(({ folder }) => folder));
  none(
    [...folders]
      .filter((folder) => !Object.hasOwn(LAYERS, folder))
      .map((folder) => `src/${folder} has no line in LAYERS: say what it is and what it may import`),
  );
});

test('the table has no circle', () => {
  const visit = (folder: string, path: readonly string[]): string[] => {
    if (path.includes(folder)) return [[...path, folder].join(' -> ')];
    return (LAYERS[folder]?.may ?? []).filter((to) => to !== '*').flatMap((to) => visit(to, [...path, folder]));
  };
  none(Object.keys(LAYERS).flatMap((folder) => visit(folder, [])));
});

test('folders import only the folders that they may know', () => {
  none(
    arrows
      // A consumer's ports are types only, and are there for those who provide them.
      .filter(({ to }) => !to.endsWith('/ports.ts'))
      .filter(({ from, folder }) => {
        const may = LAYERS[from.folder]?.may ?? [];
        return !may.includes(folder) && !may.includes('*');
      })
      .map(({ from, to }) => `src/${from.file} imports src/${to}, but ${from.folder}/ is ${LAYERS[from.folder]?.is}`),
  );
});

test('of a ports.ts in another folder only types are imported', () => {
  none(
    arrows
      .filter(({ from, to, folder }) => to.endsWith('/ports.ts') && !(LAYERS[from.folder]?.may ?? []).includes(folder))
      .filter(({ from, to }) => {
        const specifier = relative(dirname(from.file), to).replaceAll('.', '\\.');
        return !new RegExp(`(?:import|export) type [^;]*from '(?:\\./)?${specifier}'`).test(from.code);
      })
      .map(({ from, to }) => `src/${from.file} imports more than types from src/${to}: what runs is chosen in bin/`),
  );
});

test('folders are entered through index.ts', () => {
  none(
    arrows
      .filter(({ from, to, folder }) => {
        // base/, spec/ and host/ are sets of separate subjects; bin/ puts parts together that have no common face.
        if (from.folder === 'bin' || ['base', 'spec', 'host'].includes(folder)) return false;
        return !(to.endsWith('/index.ts') || to.endsWith('/ports.ts') || (from.isTest && to.endsWith('/testing.ts')));
      })
      .map(
        ({ from, to, folder }) =>
          `src/${from.file} imports src/${to}: other folders see the index.ts of ${folder}/ or of a folder in it, so that the rest can change`,
      ),
  );
});

test('some arrows lead to a part of a folder only', () => {
  none(
    arrows.flatMap(({ from, to, folder }) => {
      const rule = NARROWER[`${from.folder} -> ${folder}`];
      return rule && !rule.to.test(to) ? [`src/${from.file} imports src/${to}: ${rule.why}`] : [];
    }),
  );
});

test('every exception is still needed', () => {
  const present = new Set(sources.flatMap(({ file, imports }) => imports.map(({ to }) => `${file} -> ${to}`)));
  none(
    Object.keys(EXCEPTIONS)
      .filter((name) => !present.has(name))
      .map((name) => `"${name}" is gone: take it out of EXCEPTIONS`),
  );
});

test('npm packages are imported where they belong', () => {
  none(
    sources
      .filter(({ isTest }) => !isTest)
      .flatMap(({ file, folder, imports }) =>
        imports
          .map(({ name }) => name)
          .filter((name) => !name.startsWith('.') && !name.startsWith('node:'))
          .map((name) => (name.startsWith('@') ? name.split('/').slice(0, 2).join('/') : (name.split('/')[0] ?? '')))
          .flatMap((name) => {
            const rule = PACKAGES[name];
            if (!rule)
              return [`src/${file} imports ${name}, which has no line in PACKAGES and none in docs/dependencies.md`];
            return rule.in.includes(folder) ? [] : [`src/${file} imports ${name}: ${rule.why}`];
          }),
      ),
  );
});

test('what starts often or runs everywhere stays light', () => {
  none(
    sources
      .filter(({ isTest }) => !isTest)
      .flatMap(({ file, folder, imports }) => {
        const rule = HEAVY[folder];
        return imports
          .map(({ name }) => name)
          .filter((name) => name.startsWith('node:') && rule?.modules.test(name.slice(5)))
          .map((name) => `src/${file} imports ${name}: ${rule?.why}`);
      }),
  );
});

test('every file begins by saying what it is', () => {
  none(
    sources
      .filter(({ text, isTest }) => !isTest && !/^\/\/ \S/.test(text))
      .map(({ file }) => `src/${file}: its first line is to say what it computes`),
  );
});

test('files stay small', () => {
  none(
    sources
      .map(({ file, text }) => ({ file, lines: text.split('\n').length - 1 }))
      .filter(({ lines }) => lines > 500)
      .map(({ file, lines }) => `src/${file} has ${lines} lines: more than 500 is more than one subject`),
  );
});
