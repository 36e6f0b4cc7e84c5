// Archives from before manifest.json: a directory a layer with `json` and `layer.tar`, and `repositories`.
import { createHash } from 'node:crypto';
import { invalid } from '../../base/errors.ts';
import type { Digest } from '../../base/ids.ts';
import type { ImageFile } from '../../spec/oci/index.ts';
import { decompress, peekCompression } from '../../store/index.ts';
import { encodeImageFile, historyEntry } from '../catalog/write.ts';
import type { Archive } from './archive.ts';
import type { ToLoad } from './one.ts';

interface LegacyLayer {
  parent?: string;
  created?: string;
  author?: string;
  comment?: string;
  os?: string;
  architecture?: string;
  config?: ImageFile['config'];
  container_config?: { Cmd?: string[] | null };
}

const MAX_LAYERS = 125;

export async function readLegacy(archive: Archive): Promise<ToLoad[]> {
  if (!archive.has('repositories'))
    throw invalid('open repositories: no such file or directory', { hint: 'This is not an archive of images.' });
  const repositories = (await archive.json('repositories')) as Record<string, Record<string, string>> | null;
  const byTop = new Map<string, string[]>();
  for (const [name, tags] of Object.entries(repositories ?? {})) {
    for (const [tag, id] of Object.entries(tags)) byTop.set(id, [...(byTop.get(id) ?? []), `${name}:${tag}`]);
  }
  const found: ToLoad[] = [];
  for (const [top, names] of byTop) found.push({ ...(await assemble(archive, top)), names });
  return found;
}

/** Such archives have no configuration of the whole image: it is made from the layers' own. */
async function assemble(archive: Archive, top: string): Promise<Omit<ToLoad, 'names'>> {
  const layers: { id: string; json: LegacyLayer }[] = [];
  for (let id: string | undefined = top; id; id = layers[0]?.json.parent) {
    if (layers.length >= MAX_LAYERS) throw invalid('max depth exceeded');
    if (!/^[a-f0-9]{64}$/.test(id) || !archive.has(`${id}/json`)) throw invalid(`invalid target ID: ${id}`);
    layers.unshift({ id, json: (await archive.json(`${id}/json`)) ?? {} });
  }
  const diffIds: Digest[] = [];
  for (const { id } of layers) diffIds.push(await diffIdOf(archive, `${id}/layer.tar`));
  const last = layers.at(-1)?.json ?? {};
  const config = encodeImageFile({
    architecture: last.architecture ?? 'amd64',
    os: last.os ?? 'linux',
    ...(last.created ? { created: last.created } : {}),
    ...(last.author ? { author: last.author } : {}),
    ...(last.config ? { config: last.config } : {}),
    rootfs: { type: 'layers', diff_ids: diffIds },
    history: layers.map(({ json }) =>
      historyEntry({
        created: json.created ?? '1970-01-01T00:00:00Z',
        createdBy: json.container_config?.Cmd?.join(' ') ?? '',
        ...(json.author ? { author: json.author } : {}),
        ...(json.comment ? { comment: json.comment } : {}),
      }),
    ),
  });
  return { config, layers: layers.map(({ id }) => `${id}/layer.tar`), parent: undefined };
}

async function diffIdOf(archive: Archive, name: string): Promise<Digest> {
  const unpacked = archive.layer(name);
  if (unpacked) return 'known' in unpacked ? unpacked.known : unpacked.diffId;
  const { compression, stream } = await peekCompression(archive.read(name));
  const hash = createHash('sha256');
  for await (const chunk of decompress(stream, compression)) hash.update(chunk);
  return `sha256:${hash.digest('hex')}`;
}
