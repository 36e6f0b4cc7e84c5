// GET of the manifests whose subject is another one, as an index.
import { MEDIA } from '../../spec/oci/index.ts';
import { checkDigest, checkName } from '../model/index.ts';
import type { Call } from './registry.ts';

/** Referrers in one answer. */
const PAGE = 100;

export async function listReferrers({ registry, exchange }: Call): Promise<void> {
  const name = checkName(exchange.param('name'));
  const { text } = checkDigest(exchange.param('digest'));
  const wanted = exchange.query.get('artifactType') ?? '';
  const after = exchange.query.get('last') ?? '';
  await registry.indexed;
  const rows = registry.catalog.referrers(name, text, after, PAGE + 1);
  const page = rows.slice(0, PAGE);
  const last = rows.length > PAGE ? page.at(-1)?.digest : undefined;
  const manifests = page
    .filter(({ artifactType }) => wanted === '' || artifactType === wanted)
    .map(({ mediaType, digest, size, artifactType, annotations }) => ({
      mediaType,
      digest,
      size,
      ...(artifactType === '' ? {} : { artifactType }),
      ...(Object.keys(annotations).length === 0 ? {} : { annotations }),
    }));
  const filter = wanted === '' ? '' : `&artifactType=${encodeURIComponent(wanted)}`;
  exchange.json(
    200,
    { schemaVersion: 2, mediaType: MEDIA.index, manifests },
    {
      'Content-Type': MEDIA.index,
      ...(wanted === '' ? {} : { 'OCI-Filters-Applied': 'artifactType' }),
      ...(last === undefined
        ? {}
        : { Link: `</v2/${name}/referrers/${text}?last=${encodeURIComponent(last)}${filter}>; rel="next"` }),
    },
  );
}
