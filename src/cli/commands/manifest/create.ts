// `manifest create`: a list of images that are in a registry, kept here until it is pushed.
import { command } from '../../session/context.ts';
import { atLeast, Failure, flag } from '../../grammar/index.ts';
import { fetchManifest, fullReference, isList, ManifestStore, shownReference } from './store.ts';

export const create = command({
  use: 'MANIFEST_LIST MANIFEST [MANIFEST...]',
  description: 'Create a local manifest list for annotating and pushing to a registry',
  args: atLeast(2),
  flags: {
    amend: flag.bool('a', 'Amend an existing manifest list'),
    insecure: flag.bool('', 'Allow communication with an insecure registry'),
  },
  async run(context, { flags, args: [list = '', ...images] }) {
    const store = new ManifestStore(context);
    const target = fullReference(list, 'error parsing name for manifest list');
    if (store.has(target) && !flags.amend)
      throw new Failure('refusing to amend an existing manifest list with no --amend flag');
    const found = [];
    for (const image of images) {
      const reference = fullReference(image);
      const manifest = store.get(target, reference) ?? (await fetchManifest(context, reference, flags.insecure));
      if (isList(manifest)) throw new Failure(`${shownReference(reference)} is a manifest list`);
      found.push(manifest);
    }
    for (const manifest of found) store.save(target, manifest);
    context.out(`Created manifest list ${target}\n`);
    return 0;
  },
});
