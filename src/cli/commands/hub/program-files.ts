// The files that a container needs to run this very program: the bundles, what they load natively, Node and its libraries.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, globSync, readFileSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Failure } from '../../grammar/index.ts';

/** Where they lie in the container. */
export const HOME = 'usr/lib/berth';
export const NODE = `/${HOME}/node`;
export const PROGRAM = `/${HOME}/dist/berth.cjs`;

export interface ProgramFile {
  /** In the container, without a leading slash. */
  readonly path: string;
  readonly content: Buffer;
  readonly mode: number;
}

/** `entry`: the file that this program was started from. Throws a Failure where no container can run it. */
export function programFiles(entry: string, node: string): readonly ProgramFile[] {
  if (process.platform !== 'linux')
    throw new Failure(
      'the hub in a container is made from this program: run it on Linux, or use "berth hub serve" there',
    );
  const dist = distOf(realpathSync(entry));
  const koffi = packageOf(dist, 'koffi');
  const binary = `@koromix/koffi-linux-${process.arch}`;
  const within = (folder: string, at: string, pattern: string): ProgramFile[] =>
    globSync(pattern, { cwd: folder })
      .toSorted()
      .map((name) => file(join(at, name), join(folder, name)));
  return [
    ...reachable(dist, ['berth.cjs', 'hub.mjs']).map((name) => file(`${HOME}/dist/${name}`, join(dist, name))),
    ...within(koffi, `${HOME}/node_modules/koffi`, '**/*.{json,js,cjs}'),
    ...within(packageOf(koffi, binary), `${HOME}/node_modules/${binary}`, '**/*.{json,js,cjs,node}'),
    file(`${HOME}/node`, realpathSync(node), 0o755),
    ...librariesOf(node).map((path) => file(path.slice(1), path, 0o755)),
    {
      path: 'usr/bin/berth',
      mode: 0o755,
      content: Buffer.from(`#!${NODE} --disable-warning=ExperimentalWarning\nrequire('${PROGRAM}');\n`),
    },
  ];
}

/** Says the same of the same files, whenever and wherever they were installed. */
export function digestOf(files: readonly ProgramFile[]): string {
  const hash = createHash('sha256');
  for (const { path, content, mode } of files) hash.update(`${path}\0${mode}\0${content.length}\0`).update(content);
  return hash.digest('hex');
}

/** Bundles that these load, and so on: beside them lie chunks of earlier builds. By name. */
export function reachable(dist: string, entries: readonly string[]): readonly string[] {
  const found = new Set(entries);
  // grows while it is walked
  for (const name of found)
    for (const [, other = ''] of readFileSync(join(dist, name), 'utf8').matchAll(/["'`]\.\/([\w.-]+\.[cm]js)["'`]/g))
      if (existsSync(join(dist, other))) found.add(other);
  return [...found].toSorted();
}

function file(path: string, source: string, mode = 0o644): ProgramFile {
  return { path, mode, content: readFileSync(source) };
}

/** Sources run as they are, but in a container there are the bundles alone. */
function distOf(entry: string): string {
  const dist = entry.endsWith('.ts') ? join(dirname(entry), '../../dist') : dirname(entry);
  if (!existsSync(join(dist, 'hub.mjs'))) throw new Failure(`there is no built program in ${dist}`);
  return dist;
}

/** The folder of an installed package, as Node finds it from there. */
function packageOf(from: string, name: string): string {
  for (let folder = from; ; folder = dirname(folder)) {
    const found = join(folder, 'node_modules', name);
    if (existsSync(found)) return found;
    if (folder === dirname(folder)) throw new Failure(`the package ${name} is not installed`);
  }
}

/** The dynamic loader lists them: `name => /path (0x…)`, and itself as `/path (0x…)`. */
function librariesOf(program: string): string[] {
  const lines = execFileSync('ldd', [realpathSync(program)], { encoding: 'utf8' }).split('\n');
  return lines.flatMap((line) => /(?:=> |^\s*)(\/\S+) \(0x/.exec(line)?.[1] ?? []);
}
