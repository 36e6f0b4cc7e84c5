// manifest.json of `docker save`: which images an archive holds.
import { invalid } from '../../base/errors.ts';
import type { Archive } from './archive.ts';
import type { ToLoad } from './one.ts';

export async function readDockerManifest(archive: Archive): Promise<ToLoad[]> {
  const value = await archive.json('manifest.json');
  if (value === null) throw invalid('invalid manifest, manifest cannot be null (but can be [])');
  if (!Array.isArray(value)) throw invalid('invalid manifest.json: it is no list');
  return value.map((item: unknown) => {
    const { Config, Layers, RepoTags, Parent } = (typeof item === 'object' && item !== null ? item : {}) as Record<
      string,
      unknown
    >;
    if (typeof Config !== 'string') throw invalid('invalid manifest.json: an image has no Config');
    return {
      config: Config,
      layers: texts(Layers, 'Layers'),
      names: texts(RepoTags, 'RepoTags'),
      parent: typeof Parent === 'string' ? Parent : undefined,
    };
  });
}

/** One that is left out would make another image of it. */
function texts(value: unknown, name: string): string[] {
  if (value === undefined || value === null) return [];
  if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return value;
  throw invalid(`invalid manifest.json: ${name} is no list of texts`);
}
