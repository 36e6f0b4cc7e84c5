// Clients of other people for the long run: newer Debian packages and an npm package, unpacked below .berth, nothing installed.
import { execFile } from 'node:child_process';
import { existsSync, globSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
export const CACHE = join(import.meta.dirname, '../../.berth/clients');
const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';

/** The archive that this Debian machine itself uses, and the newest of its suites. */
async function newestSource(): Promise<string> {
  const words = ['indextargets', '--format', '$(REPO_URI)', 'Created-By: Packages', 'Origin: Debian'];
  const { stdout } = await run('apt-get', words);
  const archive = stdout.split('\n').find((line) => /\/debian\/*$/.test(line));
  if (archive === undefined) throw new Error('apt knows no archive of Debian');
  return `[signed-by=${KEYRING}] ${archive} sid main`;
}

/** An apt of its own: its lists and packages are not the host's. */
async function apt(...args: string[]): Promise<void> {
  const home = join(CACHE, 'apt');
  const config = join(home, 'apt.conf');
  if (!existsSync(config)) {
    for (const folder of ['lists/partial', 'cache/archives/partial', 'etc'])
      mkdirSync(join(home, folder), { recursive: true });
    writeFileSync(join(home, 'status'), '');
    const source = await newestSource();
    writeFileSync(join(home, 'sources.list'), `deb ${source}\ndeb-src ${source}\n`);
    const settings = {
      'Dir::Etc::sourcelist': 'sources.list',
      'Dir::Etc::sourceparts': 'etc',
      'Dir::Etc::preferencesparts': 'etc',
      'Dir::State::lists': 'lists',
      'Dir::State::status': 'status',
      'Dir::Cache': 'cache',
    };
    const lines = Object.entries(settings).map(([key, value]) => `${key} "${join(home, value)}";\n`);
    writeFileSync(config, `${lines.join('')}APT::Sandbox::User "root";\n`);
  }
  await run('apt-get', ['-q', ...args], {
    cwd: CACHE,
    env: { ...process.env, APT_CONFIG: config },
    maxBuffer: 1 << 26,
  });
}

/** Docker's client with compose and buildx, the newest that Debian has; gives the folder that stands for `/`. */
export async function dockerClient(): Promise<string> {
  const root = join(CACHE, 'root');
  if (existsSync(root)) return root;
  mkdirSync(CACHE, { recursive: true });
  await apt('update');
  await apt('download', 'docker-cli', 'docker-compose', 'docker-buildx');
  const fresh = `${root}.new`;
  for (const archive of globSync('*.deb', { cwd: CACHE })) {
    await run('dpkg-deb', ['-x', join(CACHE, archive), fresh]);
    rmSync(join(CACHE, archive));
  }
  await run('mv', [fresh, root]);
  return root;
}

/** The sources of docker-py with their tests; DOCKER_PY names a checkout to be taken instead. */
export async function dockerPy(): Promise<string> {
  const given = process.env['DOCKER_PY'];
  if (given !== undefined) return given;
  const folder = join(CACHE, 'docker-py');
  if (existsSync(folder)) return folder;
  mkdirSync(CACHE, { recursive: true });
  await apt('update');
  await apt('source', '--download-only', 'python-docker');
  const [archive] = globSync('python-docker_*.orig.tar.*z', { cwd: CACHE });
  if (archive === undefined) throw new Error('the sources of python-docker are not there');
  mkdirSync(`${folder}.new`, { recursive: true });
  await run('tar', ['-xf', join(CACHE, archive), '-C', `${folder}.new`, '--strip-components=1']);
  await run('mv', [`${folder}.new`, folder]);
  return folder;
}

/** Testcontainers for Node; gives the folder whose node_modules has it. */
export async function testcontainers(): Promise<string> {
  const folder = join(CACHE, 'testcontainers');
  if (existsSync(join(folder, 'node_modules/testcontainers'))) return folder;
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{"private":true}\n');
  await run('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', 'testcontainers'], { cwd: folder });
  return folder;
}
