// What comes out of a build: an image in the store, an archive, or files.
import type { BuildEnd, Solved } from '../build.ts';
import type { BuildOutput, BuildResult, BuiltImage } from '../request.ts';
import { withDomain } from '../full-name.ts';
import { storeImages } from './image.ts';

export async function writeOutputs(end: BuildEnd, solved: readonly Solved[]): Promise<BuildResult> {
  const { context, request, id } = end;
  const outputs: readonly BuildOutput[] = request.outputs?.length ? request.outputs : [{ type: 'image' }];
  const images: BuiltImage[] = [];
  const metadata: Record<string, unknown> = { 'buildx.build.ref': id };
  for (const output of outputs) {
    if (output.type === 'cacheonly') continue;
    if (output.type !== 'image') {
      const { writeFiles } = await import('./files.ts');
      Object.assign(metadata, await writeFiles(end, output, solved));
      continue;
    }
    const names = [...(request.tags ?? []), ...(output.names ?? [])];
    using lease = context.store.leases.take();
    const stored = await storeImages(end, solved, names, lease, output.attributes);
    images.push(...stored.images);
    Object.assign(metadata, stored.metadata);
    if (names.length > 0) metadata['image.name'] = names.map(withDomain).join(',');
  }
  return { id, images, metadata };
}
