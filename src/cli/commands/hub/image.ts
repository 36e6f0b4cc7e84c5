// The image of a hub: the files of this very program, imported as they are.
import { pack } from 'tar-stream';
import { showProgress } from '../../progress/index.ts';
import type { Context } from '../../session/context.ts';
import { displayOn } from '../shared/display-on.ts';
import { ROOT } from './container.ts';
import { isMissing } from './existing.ts';
import { digestOf, NODE, PROGRAM, type ProgramFile } from './program-files.ts';

const REPOSITORY = 'berth-hub';

/** The image of these files; made when the daemon does not have it. */
export async function makeImage(context: Context, files: readonly ProgramFile[]): Promise<string> {
  const tag = digestOf(files).slice(0, 12);
  const image = `${REPOSITORY}:${tag}`;
  try {
    await context.client.call('ImageInspect', { params: { name: image } });
    return image;
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
  const archive = pack();
  for (const { path, content, mode } of files) archive.entry({ name: path, mode, mtime: new Date(0) }, content);
  archive.finalize();
  const entrypoint = [NODE, '--disable-warning=ExperimentalWarning', PROGRAM, 'hub'];
  const answer = await context.client.stream('ImageCreate', {
    query: {
      fromSrc: '-',
      repo: REPOSITORY,
      tag,
      message: 'the hub of this Berth',
      changes: [`ENTRYPOINT ${JSON.stringify(entrypoint)}`, 'ENV PATH=/usr/bin', 'EXPOSE 5000', `VOLUME ${ROOT}`],
    },
    raw: archive as AsyncIterable<Uint8Array>,
  });
  await showProgress(answer.body, displayOn(context, undefined));
  return image;
}

/** Of another version of this program. It stays when somebody else uses it. */
export async function forgetImage(context: Context, name: string): Promise<void> {
  await context.client.text('ImageDelete', { params: { name } }).catch(() => undefined);
}
