// The file `copyright` of a package: Berth's own terms, and those of everything that is in its bundles or beside them.
import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

interface Package {
  readonly version: string;
  readonly license?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
}

/** `names`: the packages that Berth asks for; what those ask for is found. Those of other machines have the terms of this one's. */
export function notices(root: string, license: string, names: readonly string[]): string {
  const folders = new Map<string, Package>();
  const add = (name: string): void => {
    const folder = join(root, 'node_modules', name);
    if (folders.has(name) || !existsSync(folder)) return;
    const one = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Package;
    folders.set(name, one);
    for (const next of Object.keys(one.dependencies ?? {})) add(next);
  };
  for (const name of names) add(name);
  const parts = [...folders]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, one]) => {
      const [file] = globSync('{LICENSE,LICENCE,license,COPYING}*', {
        cwd: join(root, 'node_modules', name),
      }).toSorted();
      const text =
        file === undefined ? '' : `\n\n${readFileSync(join(root, 'node_modules', name, file), 'utf8').trim()}`;
      return `${name} ${one.version}: ${one.license ?? 'see below'}${text}\n`;
    });
  return [`Berth\n\n${license.trim()}\n`, ...parts].join(`\n${'-'.repeat(80)}\n\n`);
}
