// Pulls an image and shows how it goes on.
import type { Context } from '../../session/context.ts';
import { showProgress } from '../../progress/index.ts';
import { displayOn } from '../shared/display-on.ts';

export interface PullOptions {
  readonly platform: string;
  /** every tag of the repository */
  readonly allTags?: boolean;
  /** where progress is shown; nowhere when absent */
  readonly fd: 1 | 2 | undefined;
}

/** `image` has a tag or a digest unless all tags are wanted. */
export async function pullImage(context: Context, image: string, options: PullOptions): Promise<void> {
  await showProgress(await openPull(context, image, options), displayOn(context, options.fd));
}

/** The messages of a pull as lines of JSON. */
export async function openPull(
  context: Context,
  image: string,
  options: Omit<PullOptions, 'fd'>,
): Promise<AsyncIterable<Buffer>> {
  const at = image.indexOf('@');
  const colon = image.lastIndexOf(':');
  const tagged = at < 0 && colon > image.lastIndexOf('/');
  const [fromImage, tag] =
    at >= 0
      ? [image.slice(0, at).replace(/:[^/:]*$/, ''), image.slice(at + 1)]
      : tagged
        ? [image.slice(0, colon), image.slice(colon + 1)]
        : [image, 'latest'];
  const answer = await context.client.stream('ImageCreate', {
    query: {
      fromImage,
      ...(options.allTags ? {} : { tag }),
      ...(options.platform === '' ? {} : { platform: options.platform }),
    },
    headers: { 'X-Registry-Auth': context.credentials.header(fromImage) },
  });
  return answer.body;
}
