// How much disk a container takes: its own writable layer, and with its image.
import { diskUsage, fileLengths } from '../../host/sandbox/disk-usage.ts';
import type { Container } from '../container/container.ts';
import type { EngineContext } from '../container/context.ts';

/** Of each container its own layer, and with all below it. `files`: their lengths; `disk`: as du counts. */
export async function sizesOf(
  context: EngineContext,
  containers: readonly Container[],
  by: 'files' | 'disk',
): Promise<Map<Container, { SizeRw: number; SizeRootFs: number }>> {
  const own = (container: Container): string => context.paths.of(container.id).upper;
  const folders = new Set(containers.flatMap((container) => [own(container), ...container.record.lowerDirs]));
  const sizes = by === 'disk' ? await diskUsage([...folders]) : new Map<string, number>();
  if (by === 'files') for (const folder of folders) sizes.set(folder, await fileLengths(folder));
  return new Map(
    containers.map((container) => {
      const SizeRw = sizes.get(own(container)) ?? 0;
      const below = container.record.lowerDirs.reduce((sum, folder) => sum + (sizes.get(folder) ?? 0), 0);
      return [container, { SizeRw, SizeRootFs: SizeRw + below }];
    }),
  );
}
