// Debian's kernel: the file that boots, and its modules in the order in which they are loaded.
import { execFile } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { unpackedPackage } from './package.ts';

const run = promisify(execFile);

export interface Kernel {
  /** The file that the machine boots. */
  readonly image: string;
  /** `6.1.0-50-amd64` */
  readonly version: string;
  /** The `kernel` folder of its modules. */
  readonly modules: string;
  /** Names of the modules that are part of the image. */
  readonly builtin: ReadonlySet<string>;
}

/**
 * Fetches the newest kernel of a meta package, once. `linux-image-cloud-amd64` is small and boots fast, but has no 9p, by which
 * QEMU shares folders; `linux-image-amd64` has. Throws when Debian cannot be reached.
 */
export async function fetchKernel(cache: string, metaPackage: string): Promise<Kernel> {
  const { stdout } = await run('apt-cache', ['depends', metaPackage]);
  const name = /Depends: (linux-image-\S+)/.exec(stdout)?.[1];
  if (name === undefined) throw new Error(`apt-cache knows no ${metaPackage}; run apt-get update`);
  const folder = await unpackedPackage(cache, name);
  const [image] = globSync(join(folder, 'boot/vmlinuz-*'));
  const [modules] = globSync(join(folder, 'lib/modules/*'));
  if (image === undefined || modules === undefined) throw new Error(`the package ${name} holds no kernel`);
  const names = readFileSync(join(modules, 'modules.builtin'), 'utf8').split('\n').map(moduleName);
  return { image, version: basename(modules), modules: join(modules, 'kernel'), builtin: new Set(names) };
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
