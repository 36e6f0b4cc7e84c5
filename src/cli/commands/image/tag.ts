// `tag`: one more name for an image.
import { command } from '../../session/context.ts';
import { exactly, Failure } from '../../grammar/index.ts';
import { isImageId, parseReference } from '../../../spec/docker/shorthand/index.ts';

export const tag = command({
  use: 'SOURCE_IMAGE[:TAG] TARGET_IMAGE[:TAG]',
  description: 'Create a tag TARGET_IMAGE that refers to SOURCE_IMAGE',
  aliases: 'docker image tag, docker tag',
  args: exactly(2),
  flags: {},
  async run(context, { args: [name = '', target = ''] }) {
    const bad = (text: string, error: unknown): Failure =>
      new Failure(
        `Error parsing reference: ${JSON.stringify(text)} is not a valid repository/tag: ${(error as Error).message}`,
      );
    let reference: ReturnType<typeof parseReference>;
    try {
      reference = parseReference(target);
    } catch (error) {
      throw bad(target, error);
    }
    try {
      if (!isImageId(name)) parseReference(name);
    } catch (error) {
      throw bad(name, error);
    }
    if (reference.digest !== undefined) throw new Failure('refusing to create a tag with a digest reference');
    await context.client.text('ImageTag', {
      params: { name },
      query: { repo: reference.name, tag: reference.tag ?? 'latest' },
    });
    return 0;
  },
});
