// `manifest inspect`: a list in the making, an image in it, or whatever a registry has under the name.
import { before } from '../../../base/ends.ts';
import { command } from '../../session/context.ts';
import { flag, range } from '../../grammar/index.ts';
import { fetchManifest, fullReference, isList, listDocument, ManifestStore, type StoredManifest } from './store.ts';

interface List {
  readonly schemaVersion: number;
  readonly mediaType: string;
  readonly manifests?: readonly StoredManifest['Descriptor'][];
}

export const inspect = command({
  use: '[OPTIONS] [MANIFEST_LIST] MANIFEST',
  description: 'Display an image manifest, or manifest list',
  args: range(1, 2),
  flags: {
    insecure: flag.bool('', 'Allow communication with an insecure registry'),
    verbose: flag.bool('v', 'Output additional info including layers and platform'),
  },
  async run(context, { flags, args: [first = '', second] }) {
    const store = new ManifestStore(context);
    const show = (manifest: StoredManifest): void => {
      const document: unknown = flags.verbose ? manifest : JSON.parse(Buffer.from(manifest.Raw, 'base64').toString());
      context.out(`${JSON.stringify(document, null, '\t')}\n`);
    };
    if (second !== undefined) {
      const reference = fullReference(second);
      show(store.get(fullReference(first), reference) ?? (await fetchManifest(context, reference, flags.insecure)));
      return 0;
    }
    const reference = fullReference(first);
    const local = store.list(reference);
    if (local.length > 0) {
      context.out(`${flags.verbose ? JSON.stringify(local, null, '\t') : listDocument(local).text}\n`);
      return 0;
    }
    const remote = await fetchManifest(context, reference, flags.insecure);
    if (!isList(remote)) {
      show(remote);
      return 0;
    }
    const document = JSON.parse(Buffer.from(remote.Raw, 'base64').toString()) as List;
    const { schemaVersion, mediaType, manifests = [] } = document;
    if (!flags.verbose) {
      // the fields that docker knows of
      const known = manifests.map(({ mediaType: type, size, digest, platform }) => ({
        mediaType: type,
        size,
        digest,
        ...(platform ? { platform } : {}),
      }));
      context.out(`${JSON.stringify({ schemaVersion, mediaType, manifests: known }, null, 3)}\n`);
      return 0;
    }
    const all = [];
    for (const { digest, platform } of manifests) {
      const one = await fetchManifest(context, `${before(reference, '@')}@${digest}`, flags.insecure);
      all.push({ ...one, Descriptor: { ...one.Descriptor, ...(platform ? { platform } : {}) } });
    }
    context.out(`${JSON.stringify(all, null, '\t')}\n`);
    return 0;
  },
});
