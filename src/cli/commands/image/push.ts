// `push`: an image to a registry.
import { command } from '../../session/context.ts';
import { exactly, Failure, flag } from '../../grammar/index.ts';
import { parseReference } from '../../../spec/docker/shorthand/index.ts';
import { note } from '../shared/note.ts';
import { showProgress } from '../../progress/index.ts';
import { displayOn } from '../shared/display-on.ts';
import { platformQuery } from './platform.ts';

const ONE_PLATFORM = `Using --platform pushes only the specified platform manifest of a multi-platform image index.
Other components, like attestations, will not be included.
To push the complete multi-platform image, remove the --platform flag.
`;

export const push = command({
  use: '[OPTIONS] NAME[:TAG]',
  description: 'Upload an image to a registry',
  aliases: 'docker image push, docker push',
  args: exactly(1),
  flags: {
    'all-tags': flag.bool('a', 'Push all tags of an image to the repository'),
    'disable-content-trust': flag.bool('', 'Skip image signing', true),
    platform: flag.string(
      '',
      "Push a platform-specific manifest as a single-platform image to the registry.\nImage index won't be pushed, meaning that other manifests, including attestations won't be preserved.\n'os[/arch[/variant]]': Explicit platform (eg. linux/amd64)",
      '',
      { since: '1.46' },
    ),
    quiet: flag.bool('q', 'Suppress verbose output'),
  },
  async run(context, { flags, args: [name = ''] }) {
    const platform = platformQuery(flags.platform, `Invalid platform ${flags.platform}`);
    if (flags.platform !== '') context.out(note(ONE_PLATFORM));
    let reference: ReturnType<typeof parseReference>;
    try {
      reference = parseReference(name);
    } catch (error) {
      throw new Failure((error as Error).message);
    }
    if (flags['all-tags'] && (reference.tag !== undefined || reference.digest !== undefined)) {
      throw new Failure("tag can't be used with --all-tags/-a");
    }
    if (reference.digest !== undefined) throw new Failure('cannot push a digest reference');
    const tag = flags['all-tags'] ? undefined : (reference.tag ?? 'latest');
    if (!flags['all-tags'] && reference.tag === undefined && !flags.quiet) context.out('Using default tag: latest\n');
    const answer = await context.client.stream('ImagePush', {
      params: { name: reference.name },
      query: { ...(tag === undefined ? {} : { tag }), ...platform },
      headers: { 'X-Registry-Auth': context.credentials.header(reference.name) },
    });
    await showProgress(
      answer.body,
      displayOn(context, flags.quiet ? undefined : 1, () => undefined),
    );
    if (flags.quiet) context.out(`${reference.name}${tag === undefined ? '' : `:${tag}`}\n`);
    return 0;
  },
});
