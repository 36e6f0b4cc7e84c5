// What comes out of a build: an image in the store, an archive, or files.
import type { BuilderContext } from '../context.ts';
import type { Solved } from '../build.ts';
import type { BuildOutput, BuildRequest, BuildResult, BuildSink, BuiltImage } from '../request.ts';
import { storeImage } from './image.ts';

export async function writeOutputs(
  context: BuilderContext,
  request: BuildRequest,
  id: string,
  solved: readonly Solved[],
  sink: BuildSink,
  signal: AbortSignal,
): Promise<BuildResult> {
  const outputs: readonly BuildOutput[] = request.outputs?.length ? request.outputs : [{ type: 'image' }];
  const images: BuiltImage[] = [];
  const metadata: Record<string, unknown> = { 'buildx.build.ref': id };
  for (const output of outputs) {
    if (output.type === 'cacheonly') continue;
    if (output.type !== 'image') {
      const { writeFiles } = await import('./files.ts');
      await writeFiles(context, request, output, solved, sink, signal);
      continue;
    }
    const names = [...(request.tags ?? []), ...(output.names ?? [])];
    for (const one of solved) images.push(await storeImage(context, request, one, names, sink, id));
    const first = images[0];
    if (first) Object.assign(metadata, { 'containerimage.digest': first.id, 'containerimage.config.digest': first.id });
    if (names.length > 0) metadata['image.name'] = names.join(',');
  }
  return { id, images, metadata };
}
