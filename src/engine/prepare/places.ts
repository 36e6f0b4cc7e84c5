// Mounts that the daemon makes for a container before the runtime binds them: images, and parts of volumes and images. They are in
// the container's own directory, `mounts/`, while there is a process.
import { closeSync, fstatSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Undo } from '../../base/disposal.ts';
import { internal, invalid, isErrno, messageOf } from '../../base/errors.ts';
import { MS, mount, mountsBelow, unmount } from '../../host/mount.ts';
import { openBeneath } from '../../host/open-in-root.ts';
import { mountLayers } from '../../host/overlay.ts';
import type { Container } from '../container/container.ts';
import type { EngineContext } from '../container/context.ts';
import type { MountRecord } from '../container/record.ts';

/** Files of an image, to be read only; answers where. */
export function mountImage({ Source, imageLayers = [] }: MountRecord, undo: Undo): string {
  mkdirSync(Source, { recursive: true, mode: 0o755 });
  const [top, ...lower] = imageLayers;
  if (top === undefined) return Source;
  if (lower.length > 0) mountLayers(imageLayers, Source);
  else mount(top, Source, '', MS.BIND, '');
  undo.add(`image on ${Source}`, () => unmount(Source));
  return Source;
}

/** What is at `subpath` below a directory, as a mount of its own: no link leads it elsewhere any more. */
export function mountSubpath(
  context: EngineContext,
  container: Container,
  request: { readonly root: string; readonly subpath: string; readonly name: string },
  undo: Undo,
): string {
  const folder = context.paths.of(container.id).mounts;
  const target = join(folder, request.name);
  const fd = openPart(request.root, request.subpath);
  try {
    mkdirSync(folder, { recursive: true, mode: 0o755 });
    if (fstatSync(fd).isDirectory()) mkdirSync(target, { recursive: true });
    else writeFileSync(target, '');
    mount(`/proc/self/fd/${fd}`, target, '', MS.BIND | MS.REC, '');
  } finally {
    closeSync(fd);
  }
  undo.add(`part of a volume on ${target}`, () => unmount(target));
  return target;
}

/** A descriptor of what is there, by its place alone; the caller closes it. Throws in dockerd's words. */
export function openPart(root: string, subpath: string): number {
  try {
    return openBeneath(root, subpath);
  } catch (error) {
    if (isErrno(error, 'EXDEV'))
      throw invalid(`path concatenation escapes the base directory, base: ${root}, subpath: ${subpath}`);
    if (isErrno(error, 'ENOENT', 'ENOTDIR', 'ELOOP'))
      throw internal(`cannot access path ${join(root, subpath)}: ${messageOf(error)}`);
    throw error;
  }
}

/** Takes away what a container's process had. */
export async function unmountPlaces(context: EngineContext, { id, record }: Container): Promise<void> {
  if (!record.mounts.some(({ Type, subpath }) => Type === 'image' || subpath !== undefined)) return;
  for (const point of mountsBelow(context.paths.of(id).mounts)) await unmount(point);
}
