// Pulls an image and reports its layers, as docker compose shows them.
import { lines } from '../../../client/index.ts';
import type { ProgressEvent, Report } from '../../../compose/index.ts';
import type { ProgressMessage } from '../../../spec/docker/image.ts';
import { Failure } from '../../grammar/index.ts';
import { formatBar } from '../../progress/index.ts';
import { openPull } from '../image/pulling.ts';
import type { ComposeContext } from './command/command.ts';

export async function pullShown(
  context: ComposeContext,
  image: string,
  platform: string,
  service: string,
  report: Report,
): Promise<void> {
  for await (const line of lines(await openPull(context.cli, image, { platform }))) {
    const message = JSON.parse(line) as ProgressMessage;
    const failed = message.errorDetail?.message ?? message.error;
    if (failed !== undefined) throw new Failure(failed, message.errorDetail?.code ?? 1);
    const event = layerEvent(message, service);
    if (event !== undefined) report(event);
  }
}

/** What a message says of a layer; undefined where it is about the image. Pure. */
export function layerEvent(message: ProgressMessage, service: string): ProgressEvent | undefined {
  const { id, status = '', progressDetail: detail } = message;
  if (id === undefined || id === '' || detail === undefined) return undefined;
  const isDone = ['Download complete', 'Already exists', 'Pull complete'].includes(status);
  return { id, parent: service, action: status, text: formatBar(detail, 200), status: isDone ? 'done' : 'working' };
}
