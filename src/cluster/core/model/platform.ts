// Whether a node runs what an image was made for; the kernel's names of architectures are Go's. Pure.
import type { Node, Platform } from './types.ts';

const ARCH: Readonly<Record<string, string>> = { x86_64: 'amd64', aarch64: 'arm64' };

export function archOf(name: string): string {
  return ARCH[name] ?? name;
}

export function hasPlatform(node: Node, platforms: readonly Platform[] | undefined): boolean {
  if (platforms === undefined || platforms.length === 0) return true;
  const has = node.platform;
  if (has === undefined) return false;
  return platforms.some(({ os, arch }) => (!os || os === has.os) && (!arch || archOf(arch) === archOf(has.arch ?? '')));
}
