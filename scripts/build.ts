// Bundles the programs into dist/: ES modules that share chunks, so that each command loads only what it needs.
import { globSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { build } from 'esbuild';

const root = dirname(import.meta.dirname);
const out = join(root, 'dist');

/** With names on the command line only those programs are built: `node scripts/build.ts berth`. */
const wanted = process.argv.slice(2);
const nameOf = (file: string): string => basename(file, '.ts');
const isWanted = (file: string): boolean => !file.endsWith('.test.ts') && (wanted.length === 0 || wanted.includes(nameOf(file)));

const programs = globSync('src/bin/*.ts', { cwd: root }).filter(isWanted);
const workers = globSync('src/**/*.worker.ts', { cwd: root }).filter(isWanted);

rmSync(out, { recursive: true, force: true });
mkdirSync(out, { recursive: true });

await build({
  absWorkingDir: root,
  entryPoints: Object.fromEntries([...programs, ...workers].map((file) => [`main-${nameOf(file)}`, file])),
  outdir: out,
  outExtension: { '.js': '.mjs' },
  chunkNames: 'chunk-[hash]',
  bundle: true,
  splitting: true,
  minify: true,
  format: 'esm',
  platform: 'node',
  target: 'node24',
  legalComments: 'none',
  // Native code has to lie beside its package.
  external: ['koffi', 'esbuild'],
  logLevel: 'warning',
});

// What is run or loaded by name is a few lines that prepare the ground before any of the bundles is read.
const CACHE = "process.getBuiltinModule('module').enableCompileCache(import.meta.dirname + '/.cache');";
// Packages written for require() find one here; it is made when the first of them asks.
const REQUIRE =
  "Object.defineProperty(globalThis, 'require', { configurable: true, get: () => process.getBuiltinModule('module').createRequire(import.meta.url) });";

for (const file of programs) {
  const name = nameOf(file);
  // `berth` imports its sister programs and calls their `main`; only the client runs by being loaded.
  const load = name === 'berth' ? `await import('./main-${name}.mjs');` : `export const { main } = await import('./main-${name}.mjs');`;
  writeFileSync(join(out, `${name}.mjs`), `${name === 'berth' ? '#!/usr/bin/env -S node --\n' : ''}${CACHE}\n${REQUIRE}\n${load}\n`, { mode: 0o755 });
}
for (const file of workers) writeFileSync(join(out, `${nameOf(file)}.mjs`), `${REQUIRE}\nawait import('./main-${nameOf(file)}.mjs');\n`);

const count = readdirSync(out).filter((file) => file.endsWith('.mjs')).length;
process.stdout.write(`dist: ${count} files\n`);
