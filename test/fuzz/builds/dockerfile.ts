// Dockerfiles by chance over a small tree: instructions, flags, wildcards, links, owners, scopes of ARG and ENV.
import { posix } from 'node:path';
import { type FuzzFile, someFiles } from './files.ts';
import type { Random } from './random.ts';

export interface DockerfileCase {
  readonly context: readonly FuzzFile[];
  /** `tree.tar` of the context: what the stage `tree` is made of. */
  readonly archive: readonly FuzzFile[];
  readonly ignore: readonly string[];
  /** Lines, without those that no case is without. */
  readonly lines: readonly string[];
  readonly buildArgs: readonly string[];
}

/** Where all files with owners come from: no program has to run for them. */
const HEAD = ['FROM scratch AS tree', 'ADD tree.tar /', 'WORKDIR /end'];

/** An image without any file cannot be saved. */
const TAIL = ['COPY --link Dockerfile /zz'];

export function dockerfileText({ lines }: DockerfileCase): string {
  return `${[...HEAD, ...lines, ...TAIL].join('\n')}\n`;
}

export function dockerfileCase(random: Random): DockerfileCase {
  const context = someFiles(random, false);
  const archive = someFiles(random, true);
  const lines: string[] = [];
  if (random.chance(0.3)) {
    const base = random.pick(['busybox', 'scratch', 'tree']);
    lines.push(`FROM ${base} AS mid`, ...body(random, context, archive, ['tree'], base, random.between(1, 4)));
  }
  const stages = lines.length > 0 ? ['tree', 'mid'] : ['tree'];
  const base = random.pick(['busybox', 'scratch', ...stages]);
  lines.push(`FROM ${base}`, ...body(random, context, archive, stages, base, random.between(1, 5)));
  if (random.chance(0.2)) lines.unshift(`ARG ${random.pick(['A', 'A=global', 'B=g'])}`);
  return {
    context,
    archive,
    ignore: [],
    lines: lines[0]?.startsWith('ARG') ? lines.slice(1).concat() : lines,
    buildArgs: random.chance(0.2) ? [`${random.pick(['A', 'B'])}=given`] : [],
  };
}

/** Patterns and paths over a context of links: what a client is asked for is what a step needs. */
export function linksCase(random: Random): DockerfileCase {
  const paths = ['a', 'b', 'c', 'a/a', 'a/b', 'b/a', 'b/c', 'c/a', 'a/a/b', 'b/a/c'].filter(() => random.chance(0.7));
  const targets = ['/', '.', '..', '../..', '/a', 'a', 'b', '../b', '/b/a', 'a/b', '/c', 'nowhere', './/b/', '/a/../c'];
  const context: FuzzFile[] = [];
  const has = (path: string): boolean =>
    path === '.' || context.some((one) => one.path === path && one.type === 'directory');
  for (const path of paths) {
    if (!has(posix.dirname(path))) continue;
    const type = random.pick(['directory', 'directory', 'symlink', 'symlink', 'file'] as const);
    const text = type === 'symlink' ? random.pick(targets) : type === 'file' ? `in ${path}` : '';
    context.push({ path, type, mode: type === 'symlink' ? 0o777 : 0o755, uid: 0, gid: 0, text, mtime: 1_000_000_000 });
  }
  const part = (): string => random.pick(['a', 'b', 'c', '*', '?', '[ab]', '[!a]', 'a*', '*c', '.', '..', '\\a']);
  const lines = Array.from({ length: random.between(1, 2) }, () => {
    const source = Array.from({ length: random.between(1, 3) }, part).join('/') + random.pick(['', '', '/', '/.']);
    const words = JSON.stringify([random.pick(['', '', '/', './']) + source, '/x/']);
    return `${random.pick(['COPY', 'COPY', 'ADD', 'COPY --link'])} ${words}`;
  });
  return { context, archive: [], ignore: [], lines: ['FROM scratch', ...lines], buildArgs: [] };
}

function body(
  random: Random,
  context: readonly FuzzFile[],
  archive: readonly FuzzFile[],
  stages: readonly string[],
  base: string,
  count: number,
): string[] {
  const runs = base === 'busybox';
  return Array.from({ length: count }, () => {
    const kind = random.between(0, 19);
    if (kind < 11) return transfer(random, context, archive, stages);
    if (kind === 11) return `WORKDIR ${random.pick(['/w', 'sub', '/a/b', '../up', '$A', '/'])}`;
    if (kind === 12) return random.pick(['USER 5', 'USER 5:6', 'USER 0', 'VOLUME /v', 'VOLUME ["/v", "/w"]']);
    if (kind === 13) return `ARG ${random.pick(['A', 'A=one', 'B', 'B=$A', 'A=${B:-none}', 'A B=two'])}`;
    if (kind === 14) return `ENV ${random.pick(['A=env', 'B=$A', 'B=${A:+set}', 'A old form', 'A=1 B=$A'])}`;
    if (kind === 15) return `LABEL ${random.pick(['l=$A', 'l="$B"', 'l=${A}${B:-x}'])}`;
    if (kind === 16)
      return random.pick([
        'EXPOSE 80 53/udp',
        'CMD echo $A',
        'CMD ["x"]',
        'ENTRYPOINT ["e"]',
        'ENTRYPOINT e',
        'STOPSIGNAL 9',
        'SHELL ["/bin/sh", "-c"]',
      ]);
    if (kind === 17) return 'COPY <<here /here/$A\nin $A\nhere';
    if (!runs) return transfer(random, context, archive, stages);
    return random.pick([
      'RUN echo "$A|$B|$PWD" > /out',
      'RUN mkdir -p /w/c && chown -R 5:6 /w && chmod 1777 /w/c',
      'RUN mkdir -p /real && ln -s real /lnk && ln -s /nowhere /dead',
      'RUN rm -rf /out /real /w; mkdir -m 700 /d; echo 1 > /d/a; ln /d/a /d/b',
      'RUN --mount=type=bind,target=/m ls /m | sort > /list',
    ]);
  });
}

function transfer(
  random: Random,
  context: readonly FuzzFile[],
  archive: readonly FuzzFile[],
  stages: readonly string[],
): string {
  const isAdd = random.chance(0.2);
  const from = !isAdd && random.chance(0.5) ? random.pick(stages) : '';
  const files = from === '' ? context : archive;
  const flags = [
    ...(from === '' ? [] : [`--from=${from}`]),
    ...(random.chance(0.15) ? ['--link'] : []),
    ...(random.chance(0.2) ? [`--chown=${random.pick(['7:8', '7', 'root', '0:9', 'root:6'])}`] : []),
    ...(random.chance(0.2)
      ? [`--chmod=${random.pick(['700', '0640', '1777', '4755', 'u=rwX,go=rX', 'g+w', 'a-x', '+t'])}`]
      : []),
    ...(random.chance(0.1) ? [`--exclude=${random.pick(['*.txt', 'a', '**/b', 'a/*', '!a'])}`] : []),
  ];
  const sources = Array.from({ length: random.chance(0.3) ? random.between(2, 3) : 1 }, () => source(random, files));
  const to = destination(random, archive);
  const words = [...sources, to];
  const list = words.some((word) => word.includes(' ')) || random.chance(0.1) ? JSON.stringify(words) : words.join(' ');
  return [isAdd ? 'ADD' : 'COPY', ...flags, list].join(' ');
}

function source(random: Random, files: readonly FuzzFile[]): string {
  const path =
    files.length > 0 && random.chance(0.9) ? random.pick(files).path : random.pick(['.', '/', './', '*', 'no*']);
  const parts = path.split('/');
  switch (random.between(0, 13)) {
    case 0:
      return `/${path}`;
    case 1:
      return `./${path}`;
    case 2:
      return `${path}/`;
    case 3:
      return `${path}/*`;
    case 4:
      return [...parts.slice(0, -1), '*'].join('/');
    case 5:
      return [...parts.slice(0, -1), `${parts.at(-1)?.slice(0, 1)}*`].join('/');
    case 6:
      return ['*', ...parts.slice(1)].join('/');
    case 7:
      return [...parts.slice(0, -1), '?'].join('/');
    case 8:
      return `${path}/.`;
    case 9:
      return `${path}/../${parts.at(-1)}`;
    case 10:
      return random.pick(['.', './', '/', '*', 'missing*', '[ab]*', 'tree.tar']);
    default:
      return path;
  }
}

function destination(random: Random, files: readonly FuzzFile[]): string {
  const folders = files.filter(({ type }) => type === 'directory').map(({ path }) => path);
  const known = random.chance(0.9) && folders.length > 0 ? random.pick(folders) : 'a';
  return random.pick([
    '/x',
    '/x/',
    '/x/y/',
    'rel',
    'rel/',
    '.',
    './',
    '/',
    '/w',
    '/w/c',
    '/lnk/',
    '/lnk/new',
    '/dead/',
    `/${known}`,
    `/${known}/`,
    posix.join('/', known, 'in'),
    '/$A/',
  ]);
}
