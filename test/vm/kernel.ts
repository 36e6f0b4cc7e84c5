// Debian's cloud kernel, fetched as a package and unpacked into a cache: nothing of it is installed on this host.
import { execFile } from 'node:child_process';
import { existsSync, globSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const META_PACKAGE = 'linux-image-cloud-amd64';

export interface Kernel {
  /** The file that the machine boots. */
  readonly image: string;
  /** The `kernel` folder of its modules. */
  readonly modules: string;
  /** Names of the modules that are part of the image. */
  readonly builtin: ReadonlySet<string>;
}

/** Takes the kernel from `cache`, or fetches it from Debian into it. Throws when Debian cannot be reached. */
export async function fetchKernel(cache: string): Promise<Kernel> {
  const present = kernelIn(cache);
  if (present) return present;
  mkdirSync(cache, { recursive: true });
  const fresh = mkdtempSync(join(cache, 'kernel-'));
  try {
    const { stdout } = await run('apt-cache', ['depends', META_PACKAGE]);
    const name = /Depends: (linux-image-\S+)/.exec(stdout)?.[1];
    if (name === undefined) throw new Error(`apt-cache knows no ${META_PACKAGE}; run apt-get update`);
    await run('apt-get', ['-q', '-o', 'APT::Sandbox::User=root', 'download', name], { cwd: fresh });
    const [archive = ''] = globSync('*.deb', { cwd: fresh });
    await run('dpkg-deb', ['-x', archive, 'unpacked'], { cwd: fresh });
    // another test may have been faster, which serves as well
    if (!kernelIn(cache)) renameSync(join(fresh, 'unpacked'), join(cache, 'kernel'));
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
  const fetched = kernelIn(cache);
  if (!fetched) throw new Error(`the package of ${META_PACKAGE} holds no kernel`);
  return fetched;
}

function kernelIn(cache: string): Kernel | undefined {
  const [image] = globSync(join(cache, 'kernel/boot/vmlinuz-*'));
  const [modules] = globSync(join(cache, 'kernel/lib/modules/*'));
  if (image === undefined || modules === undefined || !existsSync(join(modules, 'modules.builtin'))) return undefined;
  const names = readFileSync(join(modules, 'modules.builtin'), 'utf8').split('\n').map(moduleName);
  return { image, modules: join(modules, 'kernel'), builtin: new Set(names) };
}

function moduleName(path: string): string {
  return basename(path, '.ko').replaceAll('-', '_');
}

/** The files of the modules and of all that they need, each after what it needs. Throws for a module that there is not. */
export function moduleOrder(kernel: Kernel, wanted: readonly string[]): string[] {
  const files = new Map(
    globSync('**/*.ko', { cwd: kernel.modules }).map((file) => [moduleName(file), join(kernel.modules, file)]),
  );
  const order: string[] = [];
  const add = (name: string): void => {
    const file = files.get(name);
    if (file === undefined) {
      if (kernel.builtin.has(name)) return;
      throw new Error(`this kernel has no module ${name}`);
    }
    if (order.includes(file)) return;
    for (const need of needsOf(readFileSync(file))) add(need);
    order.push(file);
  };
  for (const name of wanted) add(name);
  return order;
}

/** What a module says of itself: `depends=virtio,virtio_ring`, ended by a zero. */
function needsOf(module: Buffer): string[] {
  const key = Buffer.from('\0depends=');
  const start = module.indexOf(key);
  if (start < 0) return [];
  const text = module.toString('latin1', start + key.length, module.indexOf(0, start + key.length));
  return text
    .split(',')
    .filter((name) => name !== '')
    .map((name) => name.replaceAll('-', '_'));
}
