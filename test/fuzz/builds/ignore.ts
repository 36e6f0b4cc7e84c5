// `.dockerignore` files by chance over a small tree, all of which is copied.
import type { DockerfileCase } from './dockerfile.ts';
import { someFiles } from './files.ts';
import type { Random } from './random.ts';

export function ignoreCase(random: Random): DockerfileCase {
  const context = [...someFiles(random, false)];
  const paths = context.map(({ path }) => path);
  return {
    context,
    archive: [],
    ignore: Array.from({ length: random.between(1, 4) }, () => pattern(random, paths)),
    lines: ['FROM scratch', random.pick(['COPY . /', 'COPY . /x/', 'COPY * /x/', 'COPY a /x/'])],
    buildArgs: [],
  };
}

function pattern(random: Random, paths: readonly string[]): string {
  const path = paths.length > 0 && random.chance(0.9) ? random.pick(paths) : 'a/b';
  const parts = path.split('/');
  const name = parts.at(-1) ?? '';
  const made = random.pick([
    path,
    `/${path}`,
    `./${path}`,
    `${path}/`,
    `${path}/*`,
    `${path}/**`,
    `**/${name}`,
    `*/${name}`,
    [...parts.slice(0, -1), '*'].join('/'),
    [...parts.slice(0, -1), `${name.slice(0, 1)}*`].join('/'),
    [...parts.slice(0, -1), '?'].join('/'),
    '*',
    '**',
    '*.txt',
    '**/*.txt',
    '[ab]',
    '[^a]*',
    `\\${path}`,
    `${path}/../${name}`,
    `  ${path}  `,
    `# ${path}`,
    '..',
    '.',
    '',
  ]);
  return random.chance(0.3) ? `!${made}` : made;
}
