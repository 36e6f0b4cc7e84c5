// `manifest push`: a list to its registry.
import { before } from '../../../base/ends.ts';
import { command } from '../../session/context.ts';
import { exactly, Failure, flag } from '../../grammar/index.ts';
import { fullReference, listDocument, ManifestStore, shownReference } from './store.ts';

export const push = command({
  use: '[OPTIONS] MANIFEST_LIST',
  description: 'Push a manifest list to a repository',
  args: exactly(1),
  flags: {
    insecure: flag.bool('', 'Allow push to an insecure registry'),
    purge: flag.bool('p', 'Remove the local manifest list after push'),
  },
  async run(context, { flags, args: [list = ''] }) {
    const store = new ManifestStore(context);
    const target = fullReference(list);
    const manifests = store.list(target);
    if (manifests.length === 0) throw new Failure(`No such manifest: ${shownReference(target)}`);
    for (const { Ref, Descriptor } of manifests)
      if (!Descriptor.platform?.os || !Descriptor.platform.architecture)
        throw new Failure(`manifest ${Ref} must have an OS and Architecture to be pushed to a registry`);
    const { mediaType, text } = listDocument(manifests);
    const bare = (reference: string): string => before(reference, '@').replace(/:[^/:]*$/, '');
    const answer = await context.client.own(
      'POST',
      '/berth/registry/manifest',
      { name: target, ...(flags.insecure ? { insecure: '1' } : {}) },
      {
        json: {
          MediaType: mediaType,
          Content: Buffer.from(text).toString('base64'),
          Sources: manifests.map(({ Ref, Descriptor }) => `${bare(Ref)}@${Descriptor.digest}`),
        },
        headers: { 'X-Registry-Auth': context.credentials.header(shownReference(target)) },
      },
    );
    const chunks: Buffer[] = [];
    for await (const chunk of answer.body) chunks.push(chunk);
    const { Digest } = JSON.parse(Buffer.concat(chunks).toString()) as { Digest: string };
    for (const { Ref, Descriptor } of manifests)
      if (bare(Ref) !== bare(target))
        context.out(`Pushed ref ${bare(target)}@${Descriptor.digest} with digest: ${Descriptor.digest}\n`);
    context.out(`${Digest}\n`);
    if (flags.purge) store.remove(target);
    return 0;
  },
});
