// What comes out of a build: an image in the store, an archive, or files.
import type { BuildEnd, Solved } from '../solve/solved.ts';
import { attestRequest, wantsAttestations } from '../attest/request.ts';
import type { BuildOutput, BuildRequest, BuildResult, BuiltImage } from '../model/request.ts';
import { withDomain } from '../model/full-name.ts';
import { storeImages } from './image.ts';
import { type ExportOptions, exportOptions } from './options.ts';

type Output = Exclude<BuildOutput, { readonly type: 'cacheonly' }>;

/** Throws for what an output asks for and does not get, before anything is built. */
export function checkOutputs(request: BuildRequest): void {
  for (const output of request.outputs ?? []) if (output.type !== 'cacheonly') optionsOf(request, output);
}

function optionsOf(request: BuildRequest, output: Output): ExportOptions {
  return exportOptions(output, {
    platforms: Math.max(1, request.platforms?.length ?? 0),
    attested: output.type !== 'docker' && wantsAttestations(attestRequest(request.attestations)),
    epoch: request.sourceDateEpoch !== undefined,
  });
}

export async function writeOutputs(end: BuildEnd, solved: readonly Solved[]): Promise<BuildResult> {
  const { context, request, id } = end;
  const outputs: readonly BuildOutput[] = request.outputs?.length ? request.outputs : [{ type: 'image' }];
  const images: BuiltImage[] = [];
  const metadata: Record<string, unknown> = { 'buildx.build.ref': id };
  for (const output of outputs) {
    if (output.type === 'cacheonly') continue;
    if (output.type !== 'image') {
      const { writeFiles } = await import('./files.ts');
      Object.assign(metadata, await writeFiles(end, output, solved, optionsOf(request, output)));
      continue;
    }
    const names = [...(request.tags ?? []), ...(output.names ?? [])];
    using lease = context.store.leases.take();
    const stored = await storeImages(end, solved, names, lease, optionsOf(request, output));
    images.push(...stored.images);
    Object.assign(metadata, stored.metadata);
    if (names.length > 0) metadata['image.name'] = names.map(withDomain).join(',');
  }
  const unused = solved.map(({ graph }) => new Set(graph.unusedArgs));
  const unusedArgs = [...(unused[0] ?? [])].filter((name) => unused.every((one) => one.has(name))).sort();
  return { id, images, metadata, unusedArgs };
}
