// Images for measuring registries, as OCI layouts: made once of Debian packages and random bytes, kept in a folder below /tmp.
import { execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Layer {
  /** Of the compressed archive. */
  readonly digest: string;
  readonly size: number;
  readonly diffId: string;
  readonly plainSize: number;
}

export interface Layout {
  readonly name: string;
  /** `skopeo` takes it as `oci:<folder>`. */
  readonly folder: string;
  readonly layers: readonly Layer[];
}

/** Four layers of the kinds that images have: a distribution, two languages, data that does not compress. */
const PACKAGES = {
  base: 'libc6 libc-bin coreutils bash dpkg apt tar util-linux libsystemd0 perl-base locales tzdata login passwd findutils grep sed gzip libssl3 openssl ncurses-base ncurses-term git-man git vim-runtime iso-codes gcc-12 cpp-12',
  python:
    'python3.11 python3.11-minimal libpython3.11 libpython3.11-minimal libpython3.11-stdlib libpython3.11-dev libpython3.11-testsuite python3-numpy python3-scipy python3-pip python3-setuptools python3-pip-whl',
  perl: 'perl perl-modules-5.36 libperl5.36 perl-doc',
} as const;

const FOLDER = '/tmp/berth-bench-images';

/** Makes what is missing; takes minutes the first time, and needs the package archive then. */
export function images(): { big: Layout; many: Layout; huge: Layout } {
  return {
    big: layout('big', (work) => [
      packageLayer(work, 'base', PACKAGES.base),
      packageLayer(work, 'python', PACKAGES.python),
      packageLayer(work, 'perl', PACKAGES.perl),
      filesLayer(work, 'random', 50, 1024 * 1024, true),
    ]),
    many: layout('many', (work) =>
      Array.from({ length: 60 }, (_, index) => filesLayer(work, `small${index}`, 5, 40 * 1024, false)),
    ),
    huge: layout('huge', (work) => [filesLayer(work, 'huge', 100, 4 * 1024 * 1024, false)]),
  };
}

function layout(name: string, make: (work: string) => string[]): Layout {
  const folder = join(FOLDER, name);
  if (!existsSync(join(folder, 'index.json'))) {
    const work = `${folder}.new`;
    rmSync(work, { recursive: true, force: true });
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(join(work, 'blobs/sha256'), { recursive: true });
    mkdirSync(join(work, 'work'));
    const layers = make(join(work, 'work')).map((tar) => store(work, tar));
    rmSync(join(work, 'work'), { recursive: true });
    describe(work, layers);
    renameSync(work, folder);
  }
  return { name, folder, layers: JSON.parse(readFileSync(join(folder, 'layers.json'), 'utf8')) as Layer[] };
}

function packageLayer(work: string, name: string, packages: string): string {
  const folder = join(work, name);
  mkdirSync(join(folder, 'debs'), { recursive: true });
  execFileSync('apt-get', ['download', ...packages.split(' ')], { cwd: join(folder, 'debs'), stdio: 'ignore' });
  for (const deb of readdirSync(join(folder, 'debs')))
    execFileSync('dpkg-deb', ['-x', join(folder, 'debs', deb), join(folder, 'root')]);
  return pack(work, name, join(folder, 'root'));
}

function filesLayer(work: string, name: string, count: number, size: number, random: boolean): string {
  const root = join(work, name, 'root', name);
  mkdirSync(root, { recursive: true });
  for (let index = 0; index < count; index += 1) {
    // text that compresses about three to one, as programs do
    const bytes = random
      ? randomBytes(size)
      : Buffer.from(
          randomBytes(size / 4)
            .toString('hex')
            .padEnd(size, `${index} lorem ipsum `),
        );
    writeFileSync(join(root, `file${index}`), bytes);
  }
  return pack(work, name, join(work, name, 'root'));
}

function pack(work: string, name: string, root: string): string {
  const tar = join(work, `${name}.tar`);
  execFileSync('tar', ['-C', root, '--sort=name', '--owner=0', '--group=0', '--numeric-owner', '-cf', tar, '.']);
  return tar;
}

function store(folder: string, tar: string): Layer {
  const plainSize = statSync(tar).size;
  const diffId = digestOf(tar);
  execFileSync('gzip', ['-n', '-6', tar]);
  const digest = digestOf(`${tar}.gz`);
  const size = statSync(`${tar}.gz`).size;
  renameSync(`${tar}.gz`, join(folder, 'blobs/sha256', digest.slice(7)));
  return { digest, size, diffId, plainSize };
}

function digestOf(file: string): string {
  return `sha256:${execFileSync('sha256sum', [file], { encoding: 'utf8' }).slice(0, 64)}`;
}

function describe(folder: string, layers: readonly Layer[]): void {
  const put = (content: string, mediaType: string): { mediaType: string; digest: string; size: number } => {
    const digest = createHash('sha256').update(content).digest('hex');
    writeFileSync(join(folder, 'blobs/sha256', digest), content);
    return { mediaType, digest: `sha256:${digest}`, size: Buffer.byteLength(content) };
  };
  const config = put(
    JSON.stringify({
      architecture: 'amd64',
      os: 'linux',
      config: { Cmd: ['/bin/true'] },
      rootfs: { type: 'layers', diff_ids: layers.map(({ diffId }) => diffId) },
    }),
    'application/vnd.oci.image.config.v1+json',
  );
  const manifest = put(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      config,
      layers: layers.map(({ digest, size }) => ({
        mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip',
        digest,
        size,
      })),
    }),
    'application/vnd.oci.image.manifest.v1+json',
  );
  writeFileSync(
    join(folder, 'index.json'),
    JSON.stringify({
      schemaVersion: 2,
      manifests: [{ ...manifest, annotations: { 'org.opencontainers.image.ref.name': 'x' } }],
    }),
  );
  writeFileSync(join(folder, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
  writeFileSync(join(folder, 'layers.json'), JSON.stringify(layers));
}
