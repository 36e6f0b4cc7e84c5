// `manifest inspect`: a list in the making, an image in it, or whatever a registry has under the name.
import { command } from '../../context.ts';
import { Failure, flag, range } from '../../grammar/index.ts';
import {
  fetchManifest,
  fullReference,
  isList,
  listDocument,
  ManifestStore,
  type StoredManifest,
  shownReference,
} from './store.ts';

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
      show(store.get(fullReference(first), reference) ?? (await fetch(reference)));
      return 0;
    }
    const reference = fullReference(first);
    const local = store.list(reference);
    if (local.length > 0) {
      context.out(`${flags.verbose ? JSON.stringify(local, null, '\t') : listDocument(local).text}\n`);
      return 0;
    }
    const remote = await fetch(reference);
    if (!isList(remote) || !flags.verbose) {
      show(remote);
      return 0;
    }
    const { manifests = [] } = JSON.parse(Buffer.from(remote.Raw, 'base64').toString()) as {
      manifests?: StoredManifest['Descriptor'][];
    };
    const all = [];
    for (const { digest, platform } of manifests) {
      const one = await fetch(`${reference.replace(/:[^/:]*$/, '')}@${digest}`);
      all.push({ ...one, Descriptor: { ...one.Descriptor, ...(platform ? { platform } : {}) } });
    }
    context.out(`${JSON.stringify(all, null, '\t')}\n`);
    return 0;

    async function fetch(name: string): Promise<StoredManifest> {
      try {
        return await fetchManifest(context, name, flags.insecure);
      } catch (error) {
        if (error instanceof Error && /not found: manifest unknown|404/.test(error.message))
          throw new Failure(`no such manifest: ${shownReference(name)}`);
        throw error;
      }
    }
  },
});
