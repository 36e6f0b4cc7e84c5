// A local volume on disk and in the mount table.
import { lookup } from 'node:dns/promises';
import { mkdirSync } from 'node:fs';
import { isIP } from 'node:net';
import { join } from 'node:path';
import { internal, messageOf } from '../base/errors.ts';
import { mount, mountsBelow, unmount } from '../host/mount.ts';
import { removeTree } from '../host/remove-tree.ts';
import { addressOf, parseMountOptions } from './mount-options.ts';

/**
 *   <root>/              mode 0700
 *     <name>/            mode 0700
 *       _data/           the volume's files; mode 0755, or what the image has at the destination
 */
export class LocalFolder {
  readonly root: string;

  constructor(root: string) {
    this.root = root;
    mkdirSync(root, { recursive: true, mode: 0o700 });
  }

  dataOf(name: string): string {
    return join(this.root, name, '_data');
  }

  make(name: string): void {
    mkdirSync(join(this.root, name), { recursive: true, mode: 0o700 });
    mkdirSync(this.dataOf(name), { recursive: true, mode: 0o755 });
  }

  isMounted(name: string): boolean {
    return mountsBelow(this.dataOf(name)).length > 0;
  }

  /** Mounts what the driver options say; nothing when they say nothing or it is mounted already. */
  async mount(name: string, options: Readonly<Record<string, string>>): Promise<void> {
    const { type, device, o = '' } = options;
    if (type === undefined || device === undefined || this.isMounted(name)) return;
    const data = this.dataOf(name);
    try {
      const { flags, propagation, data: text } = parseMountOptions(await resolveAddress(type, o));
      mount(device, data, type, flags, text);
      // A bind takes no other flag at first; read-only and the like need a second call.
      if ((flags & BIND) !== 0 && (flags & ~(BIND | RECURSIVE)) !== 0) mount('', data, '', flags | REMOUNT, text);
      if (propagation !== 0) mount('', data, '', propagation, '');
    } catch (error) {
      await unmount(data).catch(() => undefined);
      throw internal(`error while mounting volume '${data}': failed to mount local volume: ${messageOf(error)}`, {
        cause: error,
      });
    }
  }

  async unmount(name: string): Promise<void> {
    for (const target of mountsBelow(this.dataOf(name))) await unmount(target);
  }

  /** Unmounts first: what is mounted there is not the volume's to delete. */
  async remove(name: string): Promise<void> {
    await this.unmount(name);
    if (mountsBelow(join(this.root, name)).length > 0) throw internal(`remove ${name}: volume is still mounted`);
    await removeTree(join(this.root, name));
  }
}

const REMOUNT = 32;
const BIND = 4096;
const RECURSIVE = 16384;

/** The kernel wants an address where a person writes a name. */
async function resolveAddress(type: string, options: string): Promise<string> {
  const name = ['nfs', 'nfs4', 'cifs'].includes(type) ? addressOf(options) : undefined;
  if (name === undefined || name === '' || isIP(name) !== 0) return options;
  const { address } = await lookup(name);
  return options
    .split(',')
    .map((one) => (one.startsWith('addr=') ? `addr=${address}` : one))
    .join(',');
}
