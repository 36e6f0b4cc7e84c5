// Bundles the programs into dist/. The client is one CommonJS file, since that is what Node starts fastest (an ES module
// costs 1 ms, each further file half of one); the others are ES modules that share chunks.
import {
  existsSync,
  globSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { type BuildOptions, build, type Plugin } from 'esbuild';

const root = dirname(import.meta.dirname);
/** BERTH_DIST: another place than the checkout's dist/, for a test that runs the programs elsewhere. */
const out = process.env['BERTH_DIST'] ?? join(root, 'dist');

/** With names on the command line only those programs are built: `node scripts/build.ts berth`. */
const wanted = process.argv.slice(2);
const nameOf = (file: string): string => basename(file, '.ts');
const isWanted = (file: string): boolean =>
  !file.endsWith('.test.ts') && (wanted.length === 0 || wanted.includes(nameOf(file)));

const CLIENT = 'berth';
const programs = globSync('src/bin/*.ts', { cwd: root }).filter(isWanted);
const workers = globSync('src/**/*.worker.ts', { cwd: root }).filter(isWanted);

/** Sources name a worker by `new URL('./x.worker.ts', import.meta.url)`; in dist/ it is `./x.worker.mjs`. */
const workerPaths: Plugin = {
  name: 'worker-paths',
  setup(it) {
    it.onLoad({ filter: /\/src\/.*\.ts$/ }, ({ path }) => {
      const contents = readFileSync(path, 'utf8').replace(
        /(['"])\.\/(?:[\w./-]*\/)?([\w-]+\.worker)\.ts\1, import\.meta/g,
        '$1./$2.mjs$1, import.meta',
      );
      return { contents, loader: 'ts' };
    });
  },
};

const common: BuildOptions = {
  absWorkingDir: root,
  bundle: true,
  minify: true,
  platform: 'node',
  target: 'node24',
  legalComments: 'none',
  // Native code has to lie beside its package.
  external: ['koffi', 'esbuild'],
  logLevel: 'warning',
};

/**
 * A program that runs while it is built anew loads parts of itself that it has not needed yet: the chunks of earlier builds stay for a
 * week after they were made last. BERTH_DIST_BEFORE: where they lie, when this build goes to another place first.
 */
const KEPT_MS = 7 * 24 * 3_600_000;
const before = process.env['BERTH_DIST_BEFORE'] ?? out;
const kept = globSync('chunk-*.mjs', { cwd: before })
  .map((name) => ({ name, made: statSync(join(before, name)).mtime, data: readFileSync(join(before, name)) }))
  .filter(({ made }) => Date.now() - made.getTime() < KEPT_MS);
rmSync(out, { recursive: true, force: true });
mkdirSync(out, { recursive: true });

/** Compose is a bundle of its own, read when it is called: the client's other commands must not get slower by its size. */
const COMPOSE = 'src/cli/commands/compose/main.ts';
const composeApart: Plugin = {
  name: 'compose-apart',
  setup(it) {
    it.onResolve({ filter: /^\.\/(?:commands\/)?compose\/main\.ts$/ }, () => ({
      path: './main-compose.cjs',
      external: true,
    }));
  },
};

const client = programs.filter((file) => nameOf(file) === CLIENT);
if (client.length > 0) {
  await build({
    ...common,
    entryPoints: client,
    outfile: join(out, `main-${CLIENT}.cjs`),
    format: 'cjs',
    define: { 'import.meta.url': '__url' },
    banner: { js: "const __url = 'file://' + __filename;" },
    plugins: [composeApart],
  });
  await build({
    ...common,
    entryPoints: [join(root, COMPOSE)],
    outfile: join(out, 'main-compose.cjs'),
    format: 'cjs',
    define: { 'import.meta.url': '__url' },
    banner: { js: "const __url = 'file://' + __filename;" },
  });
}

const modules = [...programs.filter((file) => nameOf(file) !== CLIENT), ...workers];
if (modules.length > 0) {
  await build({
    ...common,
    entryPoints: Object.fromEntries(modules.map((file) => [`main-${nameOf(file)}`, file])),
    outdir: out,
    outExtension: { '.js': '.mjs' },
    chunkNames: 'chunk-[hash]',
    splitting: true,
    format: 'esm',
    plugins: [workerPaths],
  });
}

// What is run or loaded by name is a few lines that prepare the ground before any of the bundles is read.
const cache = (directory: string): string =>
  `process.getBuiltinModule('module').enableCompileCache(${directory} + '/.cache');`;
// Packages written for require() find one here; it is made when the first of them asks.
const REQUIRE =
  "Object.defineProperty(globalThis, 'require', { configurable: true, get: () => process.getBuiltinModule('module').createRequire(import.meta.url) });";

for (const file of programs) {
  const name = nameOf(file);
  if (name === CLIENT) {
    const cjs = `${cache('__dirname')}\nrequire('./main-${name}.cjs');\n`;
    writeFileSync(join(out, `${name}.cjs`), `#!/usr/bin/env -S node --\n${cjs}`, { mode: 0o755 });
    writeFileSync(
      join(out, `${name}.mjs`),
      `#!/usr/bin/env -S node --\nprocess.getBuiltinModule('module').createRequire(import.meta.url)('./${name}.cjs');\n`,
      { mode: 0o755 },
    );
  } else
    writeFileSync(
      join(out, `${name}.mjs`),
      `${cache('import.meta.dirname')}\n${REQUIRE}\nexport const { main } = await import('./main-${name}.mjs');\n`,
    );
}
for (const file of workers)
  writeFileSync(join(out, `${nameOf(file)}.mjs`), `${REQUIRE}\nawait import('./main-${nameOf(file)}.mjs');\n`);

for (const { name, made, data } of kept) {
  const file = join(out, name);
  if (existsSync(file)) continue;
  writeFileSync(file, data);
  utimesSync(file, made, made);
}

const count = readdirSync(out).filter((file) => /\.[cm]js$/.test(file)).length;
process.stdout.write(`dist: ${count} files\n`);
