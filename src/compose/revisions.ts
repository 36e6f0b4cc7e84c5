// Revisions of a project: what an `up` brought about is recorded by the daemon, and can be brought about again.
import { BerthError, invalid, notImplemented } from '../base/errors.ts';
import type { Client } from '../client/index.ts';
import type { NewRevision, Revision, RevisionImage } from '../spec/berth/project.ts';
import type { Loaded } from './load/load.ts';
import type { Project } from './model/project.ts';
import { imageName } from './observe.ts';
import { projectJson } from './print/project.ts';
import type { Sum } from './print/hash.ts';

/** Reads a file of a secret or config; undefined when it can't be read. */
export type ReadFile = (path: string) => string | undefined;

export interface Recording {
  readonly client: Client;
  readonly loaded: Loaded;
  readonly sum: Sum;
  readonly read: ReadFile;
}

/** Tells the daemon what is there now; gives the number. Undefined where the daemon keeps none. */
export async function recordRevision(recording: Recording, cause: string): Promise<number | undefined> {
  const { client, loaded } = recording;
  const { project } = loaded;
  const revision: NewRevision = {
    model: projectJson(project).replaceAll('$', '$$$$'),
    directory: loaded.workingDirectory,
    files: loaded.files,
    images: await imagesOf(client, project),
    contents: contentsOf(recording),
    cause,
  };
  try {
    const answer = await client.json<{ number: number }>('BerthRevisionAdd', {
      params: { name: project.name },
      json: revision,
    });
    return answer.number;
  } catch (error) {
    if (isUnknown(error)) return undefined;
    throw error;
  }
}

/** Oldest first. Throws `notImplemented` where the daemon keeps none. */
export async function listRevisions(client: Client, project: string): Promise<readonly Revision[]> {
  try {
    return await client.json<readonly Revision[]>('BerthRevisionList', { params: { name: project } });
  } catch (error) {
    if (isUnknown(error)) throw notImplemented('this daemon keeps no revisions: Berth does');
    throw error;
  }
}

/** Another engine has no such route. */
const isUnknown = (error: unknown): boolean =>
  error instanceof BerthError && (error.kind === 'notFound' || error.kind === 'notImplemented');

/** The one before the last, or the one with the number. Throws for one that is not there. Pure. */
export function chosenRevision(revisions: readonly Revision[], number: number | undefined): Revision {
  if (number === undefined) {
    const before = revisions.at(-2);
    if (before === undefined) throw invalid('there is no revision before this one');
    return before;
  }
  const found = revisions.find((one) => one.number === number);
  if (found === undefined) throw invalid(`there is no revision ${number}`);
  return found;
}

async function imagesOf(client: Client, project: Project): Promise<Record<string, RevisionImage>> {
  const entries = Object.keys(project.services).map(async (service): Promise<[string, RevisionImage]> => {
    const name = imageName(project, service);
    const { Id: id, RepoDigests: digests } = await client.call('ImageInspect', { params: { name } });
    const digest = (digests ?? [])[0];
    return [service, { name, id, ...(digest === undefined ? {} : { digest }) }];
  });
  return Object.fromEntries(await Promise.all(entries));
}

/** Sums of what secrets and configs are now. */
export function contentsOf({ loaded, sum, read }: Omit<Recording, 'client'>): Record<string, string> {
  const contents: Record<string, string> = {};
  for (const kind of ['secrets', 'configs'] as const)
    for (const [key, object] of Object.entries(loaded.project[kind] ?? {})) {
      const { file, environment, content } = object;
      const text =
        content ??
        (environment === undefined ? (file === undefined ? undefined : read(file)) : loaded.environment[environment]);
      if (text !== undefined) contents[`${kind.slice(0, -1)} ${key}`] = sum(text);
    }
  return contents;
}

/**
 * Gives the images of a revision their names back; one that is gone is pulled by its digest. Throws before any name has
 * changed when one can't be had.
 */
export async function restoreImages(
  client: Client,
  { number, images }: Revision,
  pull: (image: string) => Promise<void>,
): Promise<void> {
  const wanted = new Map(Object.values(images).map((image) => [image.name, image]));
  const isThere = (name: string): Promise<boolean> =>
    client.call('ImageInspect', { params: { name } }).then(
      () => true,
      () => false,
    );
  for (const { id, name, digest } of wanted.values()) {
    if (await isThere(id)) continue;
    if (digest === undefined) throw invalid(`image ${name} of revision ${number} (${id}) is not here any more`);
    await pull(digest);
    if (!(await isThere(id))) throw invalid(`${digest} is not image ${id} of revision ${number}`);
  }
  for (const { id, name } of wanted.values()) {
    if (name.includes('@')) continue;
    const colon = name.lastIndexOf(':');
    const hasTag = colon > name.lastIndexOf('/');
    const query = { repo: hasTag ? name.slice(0, colon) : name, tag: hasTag ? name.slice(colon + 1) : 'latest' };
    await client.text('ImageTag', { params: { name: id }, query });
  }
}
