// `manifest rm`: forgets lists in the making.
import { command } from '../../session/context.ts';
import { atLeast, Failure } from '../../grammar/index.ts';
import { fullReference, ManifestStore, shownReference } from './store.ts';

export const rm = command({
  use: 'MANIFEST_LIST [MANIFEST_LIST...]',
  description: 'Delete one or more manifest lists from local storage',
  args: atLeast(1),
  flags: {},
  run(context, { args }) {
    const store = new ManifestStore(context);
    const errors: string[] = [];
    for (const list of args) {
      const target = fullReference(list);
      if (store.has(target)) store.remove(target);
      else errors.push(`No such manifest: ${shownReference(target)}`);
    }
    if (errors.length > 0) throw new Failure(errors.join('\n'));
    return Promise.resolve(0);
  },
});
