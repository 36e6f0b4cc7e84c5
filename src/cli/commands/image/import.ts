// `import`: an image out of a tar archive of a file system.
import { command } from '../../session/context.ts';
import { atLeast, Failure, flag } from '../../grammar/index.ts';
import { parseReference } from '../../../spec/docker/shorthand/index.ts';
import { showProgress } from '../../progress/index.ts';
import { displayOn } from '../shared/display-on.ts';
import { openInput } from './load.ts';

export const importImage = command({
  use: '[OPTIONS] file|URL|- [REPOSITORY[:TAG]]',
  description: 'Import the contents from a tarball to create a filesystem image',
  aliases: 'docker image import, docker import',
  args: atLeast(1),
  flags: {
    change: flag.list('c', 'Apply Dockerfile instruction to the created image'),
    message: flag.string('m', 'Set commit message for imported image'),
    platform: flag.string('', 'Set platform if server is multi-platform capable'),
  },
  async run(context, { flags, args: [source = '', reference = ''] }) {
    if (reference !== '') {
      try {
        parseReference(reference);
      } catch (error) {
        throw new Failure((error as Error).message);
      }
    }
    const remote = /^https?:\/\//.test(source);
    const answer = await context.client.stream('ImageCreate', {
      query: {
        fromSrc: remote ? source : '-',
        ...(reference === '' ? {} : { repo: reference }),
        ...(flags.message === '' ? {} : { message: flags.message }),
        ...(flags.change.length === 0 ? {} : { changes: flags.change }),
        ...(flags.platform === '' ? {} : { platform: flags.platform.toLowerCase() }),
      },
      ...(remote ? {} : { raw: source === '-' ? process.stdin : openInput(source) }),
    });
    await showProgress(answer.body, displayOn(context, 1));
    return 0;
  },
});
