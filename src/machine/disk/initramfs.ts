// What a machine's kernel begins with: busybox, the modules that reach the disk, and settings as files.
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { FIRST } from '../guest/first.ts';
import { cpioArchive } from './cpio.ts';

/** `modules` in the order in which they are loaded; `busybox` is one without libraries. */
export function initramfsOf(busybox: string, modules: readonly string[]): Buffer {
  const order = modules.map((file) => basename(file));
  return cpioArchive([
    { path: 'bin' },
    { path: 'bin/busybox', data: readFileSync(busybox) },
    { path: 'modules' },
    { path: 'modules/order', data: Buffer.from(`${order.join('\n')}\n`) },
    ...modules.map((file) => ({ path: `modules/${basename(file)}`, data: readFileSync(file) })),
    { path: 'init', data: Buffer.from(FIRST) },
  ]);
}

/** An archive to be put behind the first: the kernel unpacks one after the other. */
export function settingsArchive(files: Readonly<Record<string, string>>): Buffer {
  return cpioArchive([
    { path: 'config' },
    ...Object.entries(files).map(([name, text]) => ({
      path: `config/${name}`,
      data: Buffer.from(text),
      isSecret: true as const,
    })),
  ]);
}
