// A root file system around Debian's static busybox: one program, its names, and the few files that programs expect.
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { messageOf, unavailable } from '../../base/errors.ts';
import { TAR_TRAILER, tarHeader, tarPadding } from '../../host/sandbox/index.ts';
import type { StorePaths } from '../../store/index.ts';
import { run } from './command.ts';
import { type OnProgress, PATH_ENV, type Rootfs } from './rootfs.ts';

const PACKAGE = 'busybox-static';

interface Program {
  readonly content: Buffer;
  readonly applets: readonly string[];
  readonly version: string;
  /** Seconds since 1970: when the package's program was built. */
  readonly built: number;
}

export async function busyboxRootfs(paths: StorePaths, onProgress: OnProgress, signal?: AbortSignal): Promise<Rootfs> {
  const program = await findProgram(paths, onProgress, signal);
  const certificates = await readFile('/etc/ssl/certs/ca-certificates.crt').catch(() => undefined);
  const entries = layout(program, certificates);
  return {
    async *archive() {
      yield* entries;
      yield TAR_TRAILER;
    },
    config: { Env: [PATH_ENV], Cmd: ['sh'] },
    created: new Date(program.built * 1000).toISOString().replace('.000Z', 'Z'),
    createdBy: `berth image bootstrap busybox # ${PACKAGE} ${program.version}`,
    comment: 'made from Debian packages',
    async [Symbol.asyncDispose]() {},
  };
}

/** Entries sorted by name, all of one time: the same program gives the same bytes. */
function layout(program: Program, certificates: Buffer | undefined): Buffer[] {
  const files = new Map<string, Buffer[]>();
  const at = { mtime: program.built };
  const directory = (name: string, mode = 0o755): void => {
    files.set(`${name}/`, [tarHeader({ name: `${name}/`, type: 'directory', mode, ...at })]);
  };
  const file = (name: string, content: string | Buffer, mode = 0o644): void => {
    const bytes = Buffer.from(content);
    files.set(name, [
      tarHeader({ name, type: 'file', mode, size: bytes.length, ...at }),
      bytes,
      Buffer.alloc(tarPadding(bytes.length)),
    ]);
  };
  const link = (name: string, linkname: string): void => {
    files.set(name, [tarHeader({ name, type: 'symlink', mode: 0o777, linkname, ...at })]);
  };
  for (const name of [
    'bin',
    'dev',
    'etc',
    'home',
    'lib',
    'proc',
    'sbin',
    'sys',
    'usr',
    'usr/bin',
    'usr/sbin',
    'var',
    'var/spool',
    'var/spool/mail',
    'var/www',
  ])
    directory(name);
  directory('root', 0o700);
  directory('tmp', 0o1777);
  directory('var/tmp', 0o1777);
  file('bin/busybox', program.content, 0o755);
  for (const applet of program.applets) {
    const name = applet.includes('/') ? applet : `bin/${applet}`;
    if (name === 'bin/busybox') continue;
    link(name, name.startsWith('bin/') ? 'busybox' : '/bin/busybox');
  }
  file('etc/passwd', PASSWD);
  file('etc/group', GROUP);
  file('etc/shadow', PASSWD.replace(/^([^:]+):.*$/gm, '$1:*:::::::'), 0o600);
  file('etc/nsswitch.conf', 'hosts: files dns\n');
  file('etc/shells', '/bin/sh\n/bin/ash\n');
  link('etc/mtab', '/proc/self/mounts');
  link('var/run', '../run');
  directory('run');
  if (certificates) {
    directory('etc/ssl');
    directory('etc/ssl/certs');
    file('etc/ssl/certs/ca-certificates.crt', certificates);
  }
  return [...files].sort(([a], [b]) => (a < b ? -1 : 1)).flatMap(([, parts]) => parts);
}

const PASSWD = `root:x:0:0:root:/root:/bin/sh
daemon:x:1:1:daemon:/usr/sbin:/bin/false
bin:x:2:2:bin:/bin:/bin/false
sys:x:3:3:sys:/dev:/bin/false
sync:x:4:100:sync:/bin:/bin/sync
mail:x:8:8:mail:/var/spool/mail:/bin/false
www-data:x:33:33:www-data:/var/www:/bin/false
operator:x:37:37:Operator:/var:/bin/false
nobody:x:65534:65534:nobody:/home:/bin/false
`;

const GROUP = `root:x:0:
daemon:x:1:
bin:x:2:
sys:x:3:
adm:x:4:
tty:x:5:
disk:x:6:
mail:x:8:
utmp:x:43:
users:x:100:
www-data:x:33:
nogroup:x:65534:
`;

/** From the signed package, else from the program that the package installed. */
async function findProgram(paths: StorePaths, onProgress: OnProgress, signal?: AbortSignal): Promise<Program> {
  let why: string;
  try {
    return await fromPackage(paths, onProgress, signal);
  } catch (error) {
    why = messageOf(error);
  }
  const installed = await fromHost();
  if (!installed) {
    throw unavailable(`${PACKAGE} could be neither fetched (${why}) nor found on this host`, {
      hint: `Give the host a package mirror ("apt-get update"), or install ${PACKAGE}.`,
    });
  }
  await onProgress(`Using the installed ${PACKAGE} ${installed.version}`);
  return installed;
}

/** `apt-get download` checks the package against the signed index; it is kept for the next time. */
async function fromPackage(paths: StorePaths, onProgress: OnProgress, signal?: AbortSignal): Promise<Program> {
  const options = { package: 'apt', ...(signal ? { signal } : {}) };
  const policy = await run('apt-cache', ['policy', PACKAGE], options);
  const candidate = /^ {2}Candidate: (\S+)$/m.exec(policy.stdout)?.[1];
  if (!candidate || candidate === '(none)') throw unavailable(`apt knows no ${PACKAGE}`);
  const cache = join(paths.cache, 'deb');
  await mkdir(cache, { recursive: true, mode: 0o755 });
  const wanted = `${PACKAGE}_${candidate.replaceAll(':', '%3a')}_`;
  let [deb] = (await readdir(cache)).filter((name) => name.startsWith(wanted) && name.endsWith('.deb'));
  if (deb === undefined) {
    await onProgress(`Downloading ${PACKAGE} ${candidate}`);
    const directory = await mkdtemp(join(cache, 'get-'));
    try {
      const got = await run('apt-get', ['-q', '-o', 'APT::Sandbox::User=root', 'download', `${PACKAGE}=${candidate}`], {
        ...options,
        cwd: directory,
      });
      [deb] = await readdir(directory);
      if (got.code !== 0 || deb === undefined)
        throw unavailable(got.stderr.trim().split('\n').at(-1) ?? 'apt-get download failed');
      const { rename } = await import('node:fs/promises');
      await rename(join(directory, deb), join(cache, basename(deb)));
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  } else await onProgress(`Using ${PACKAGE} ${candidate} from the cache`);
  const directory = await mkdtemp(join(cache, 'unpack-'));
  try {
    const unpacked = await run('dpkg-deb', ['-x', join(cache, deb), directory], { ...options, package: 'dpkg' });
    if (unpacked.code !== 0) {
      await rm(join(cache, deb), { force: true });
      throw unavailable(`dpkg-deb: ${unpacked.stderr.trim()}`);
    }
    const path = [join(directory, 'bin/busybox'), join(directory, 'usr/bin/busybox')].find((file) => existsSync(file));
    if (path === undefined) throw unavailable(`${deb} holds no busybox`);
    return await readProgram(path, candidate);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function fromHost(): Promise<Program | undefined> {
  for (const path of ['/bin/busybox', '/usr/bin/busybox']) {
    if (!existsSync(path)) continue;
    const owner = await run('dpkg', ['-S', path], { package: 'dpkg' }).catch(() => undefined);
    if (!owner) {
      // a machine of ours has Debian's programs without its package manager: the program says itself what it is
      const { stdout } = await run(path, ['--help'], { package: PACKAGE });
      const version = /^BusyBox v\S+ \(Debian (\S+)\)/.exec(stdout)?.[1];
      if (version !== undefined) return readProgram(path, version);
      continue;
    }
    if (owner.code !== 0 || !owner.stdout.startsWith(`${PACKAGE}:`)) continue;
    const version = await run('dpkg-query', ['-W', '-f', '${Version}', PACKAGE], { package: 'dpkg' });
    return readProgram(path, version.stdout.trim());
  }
  return undefined;
}

async function readProgram(path: string, version: string): Promise<Program> {
  const { mtimeMs } = await stat(path);
  const list = await run(path, ['--list-full'], { package: PACKAGE });
  if (list.code !== 0) throw unavailable(`busybox --list-full: ${list.stderr.trim()}`);
  return {
    content: await readFile(path),
    applets: list.stdout.split('\n').filter(Boolean),
    version,
    built: Math.floor(mtimeMs / 1000),
  };
}
