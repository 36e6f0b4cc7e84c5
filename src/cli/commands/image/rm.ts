// `rmi`: removes names of images, and images that have none left.
import { BerthError, messageOf } from '../../../base/errors.ts';
import { command } from '../../session/context.ts';
import { atLeast, Failure, flag } from '../../grammar/index.ts';
import { platformQuery } from './platform.ts';

const remove = (aliases: string) =>
  command({
    use: '[OPTIONS] IMAGE [IMAGE...]',
    description: 'Remove one or more images',
    aliases,
    args: atLeast(1),
    flags: {
      force: flag.bool('f', 'Force removal of the image'),
      'no-prune': flag.bool('', 'Do not delete untagged parents'),
      platform: flag.strings(
        '',
        'Remove only the given platform variant. Formatted as "os[/arch[/variant]]" (e.g., "linux/amd64")',
        { since: '1.50' },
      ),
    },
    async run(context, { flags, args }) {
      const platforms = flags.platform.map((one) => platformQuery(one, '').platform ?? '');
      const query = {
        ...(flags.force ? { force: true } : {}),
        ...(flags['no-prune'] ? { noprune: true } : {}),
        ...(platforms.length > 0 ? { platforms } : {}),
      };
      const errors: string[] = [];
      let fatal = false;
      for (const name of args) {
        try {
          const items = await context.client.call('ImageDelete', { params: { name }, query });
          for (const item of items)
            context.out(item.Deleted === undefined ? `Untagged: ${item.Untagged}\n` : `Deleted: ${item.Deleted}\n`);
        } catch (error) {
          if (!(error instanceof BerthError) || error.kind !== 'notFound') fatal = true;
          errors.push(messageOf(error));
        }
      }
      if (errors.length === 0) return 0;
      if (!flags.force || fatal) throw new Failure(errors.join('\n'));
      context.err(`${errors.join('\n')}\n`);
      return 0;
    },
  });

export const rmi = remove('docker image rm, docker image remove, docker rmi');
