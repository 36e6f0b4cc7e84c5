// All that a build put on its base as one layer, as `--squash` wants it: the layers are applied in turn on the base, and what that changed is the layer.
import { rfc3339 } from '../../base/clock.ts';
import { type Digest, sha256 } from '../../base/ids.ts';
import { unpackTar } from '../../host/sandbox/index.ts';
import type { ImageFile } from '../../spec/oci/index.ts';
import type { Lease } from '../../store/index.ts';
import type { BuilderContext } from '../services/context.ts';
import type { GraphResult } from '../graph/vertex.ts';
import { Workspace } from '../ops/workspace.ts';

export interface Squashable {
  readonly file: ImageFile;
  readonly chain: Digest | undefined;
}

/** The same image with one layer on its base; its history stays, and says what was merged. */
export async function squashed(
  context: BuilderContext,
  { base }: GraphResult,
  { file, chain }: Squashable,
  lease: Lease,
  signal: AbortSignal,
  epoch?: number,
): Promise<Squashable> {
  const { layers } = context.store;
  const below = base?.chains.at(-1);
  const depth = base?.chains.length ?? 0;
  const own = chain === undefined ? [] : layers.stack(chain).toReversed().slice(depth);
  await using workspace = new Workspace(context, below);
  const { lowerDirs, upper, work, merged } = workspace;
  const root = { kind: 'workshop', at: merged, lowerDirs, upper, work, places: [] } as const;
  for (const layer of own)
    await unpackTar(
      root,
      layers.archive(layer, signal),
      { whiteouts: 'apply', inside: { base: '/d', path: '/' } },
      signal,
    );
  const made = await workspace.commit(below, lease, signal, epoch);
  const time = epoch === undefined ? rfc3339() : rfc3339(BigInt(epoch) * 1_000_000_000n);
  const stack = made.chain === undefined ? [] : layers.stack(made.chain).toReversed();
  const from = sha256(JSON.stringify(file));
  const known = base?.history.length ?? 0;
  const history = (file.history ?? []).map((entry, at) => (at < known ? entry : { ...entry, empty_layer: true }));
  const comment = base ? `merge ${from} to ${base.id}` : `create new from ${from}`;
  // an entry without a layer must say so, or the history has one too many
  const last = { created: time, comment, ...(made.chain === below ? { empty_layer: true } : {}) };
  return {
    chain: made.chain,
    file: {
      ...file,
      created: time,
      rootfs: { type: 'layers', diff_ids: stack.map(({ diffId }) => diffId) },
      history: [...history, last],
    },
  };
}
