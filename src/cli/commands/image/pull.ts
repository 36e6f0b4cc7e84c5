// `pull`: an image from a registry.
import { command } from '../../session/context.ts';
import { exactly, Failure, flag } from '../../grammar/index.ts';
import { parseReference, withDefaultTag } from '../../../spec/docker/shorthand/index.ts';
import { INDEX, registryOf } from '../../../client/config/index.ts';
import { pullImage } from './pulling.ts';

export const pull = command({
  use: '[OPTIONS] NAME[:TAG|@DIGEST]',
  description: 'Download an image from a registry',
  aliases: 'docker image pull, docker pull',
  args: exactly(1),
  flags: {
    'all-tags': flag.bool('a', 'Download all tagged images in the repository'),
    'disable-content-trust': flag.bool('', 'Skip image verification', true),
    platform: flag.string('', 'Set platform if server is multi-platform capable'),
    quiet: flag.bool('q', 'Suppress verbose output'),
  },
  async run(context, { flags, args: [name = ''] }) {
    let reference: ReturnType<typeof parseReference>;
    try {
      reference = parseReference(name);
    } catch (error) {
      throw new Failure((error as Error).message);
    }
    const named = reference.tag !== undefined || reference.digest !== undefined;
    if (flags['all-tags'] && named) throw new Failure("tag can't be used with --all-tags/-a");
    if (!flags['all-tags'] && !named && !flags.quiet) context.out('Using default tag: latest\n');
    const full = flags['all-tags'] ? reference.name : withDefaultTag(reference);
    await pullImage(context, full, {
      platform: flags.platform,
      allTags: flags['all-tags'],
      fd: flags.quiet ? undefined : 1,
    });
    context.out(`${canonical(full)}\n`);
    return 0;
  },
});

/** The name with its registry, `docker.io/library/busybox:latest`. */
function canonical(name: string): string {
  if (registryOf(name) !== INDEX) return name;
  return `docker.io/${/^[^:@]*\//.test(name) ? '' : 'library/'}${name}`;
}
