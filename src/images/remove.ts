// Takes names away from images and removes them: `docker rmi`, by dockerd's rules of conflict.
import { conflict, invalid } from '../base/errors.ts';
import type { Digest } from '../base/ids.ts';
import { shortId } from '../base/ids.ts';
import type { ImageDeleteItem } from '../spec/docker/index.ts';
import type { Platform } from '../spec/oci/index.ts';
import type { Image } from './catalog/catalog.ts';
import { emit, type ImageContext } from './catalog/context.ts';
import { findImage, findWhole } from './catalog/find.ts';
import { type ImageIndex, partsOf } from './catalog/indexes.ts';
import { familiarString, fullName, parseReference, type Reference, withDefaultTag } from './reference/index.ts';

export interface RemoveOptions {
  readonly force?: boolean;
  /** Parents without a name stay. */
  readonly noprune?: boolean;
  readonly platforms?: readonly Platform[];
}

/** What was untagged and deleted, in order. Throws notFound, or conflict when it is in use. */
export function removeImage(context: ImageContext, text: string, options: RemoveOptions): ImageDeleteItem[] {
  if (text.trim() === '') throw invalid('image name cannot be blank');
  const { catalog } = context;
  const force = options.force ?? false;
  const { platforms = [] } = options;
  const { image, index } = findWhole(catalog, text);
  if (platforms.length > 0) {
    const going = new Set(platforms.map((platform) => findImage(catalog, text, platform)));
    if (index && partsOf(index).some((part) => ![...going].some(({ id }) => id === part.image)))
      return removeParts(context, index, [...going], force);
    if (!index && going.size > 1) throw invalid('multiple platforms are not supported');
  }
  const records: ImageDeleteItem[] = [];
  let quiet = false;
  if (isIdPrefix(image.id, text)) {
    const names = catalog.namesOf(image.id);
    if (isSingle(names)) {
      const found = findConflict(context, image, { hard: true, stopped: !force, named: false });
      if (found) throw conflict(found.message);
      for (const name of names) untag(context, image, name, records);
    }
  } else {
    if (!force && isSingle(catalog.namesOf(image.id))) {
      const [user] = catalog.wholeOf(image).flatMap(({ id }) => context.users.usersOf(id));
      if (user) {
        throw conflict(
          `conflict: unable to remove repository reference "${text}" (must force) - container ${shortId(user.id)} is using its referenced image ${shortId(image.id)}`,
        );
      }
    }
    const name = withDefaultTag(parseReference(text));
    untag(context, image, name, records);
    if (name.digest === undefined) untagDigests(context, image, name, records);
    if (catalog.namesOf(image.id).length > 0) return records;
    quiet = true;
  }
  deleteImage(context, image, records, { force, prune: !(options.noprune ?? false), quiet });
  return records;
}

/** Some platforms of an index of which others stay; nothing goes when one of them cannot. */
function removeParts(
  context: ImageContext,
  index: ImageIndex,
  images: readonly Image[],
  force: boolean,
): ImageDeleteItem[] {
  const { catalog, users } = context;
  const named = [...catalog.references()].filter(
    (one) => one.index === index.digest && one.reference.tag !== undefined,
  );
  if (!force && named.length > 1)
    throw conflict('Content will be removed from all images referencing this variant. Use --force to force delete.');
  for (const image of images) {
    const user = users.usersOf(image.id).find(({ running }) => running || !force);
    if (!user) continue;
    const [how, state] = user.running ? ['cannot be forced', 'running'] : ['must be forced', 'stopped'];
    throw conflict(
      `conflict: unable to delete ${shortId(image.id)} (${how}) - image is being used by ${state} container ${shortId(user.id)}`,
    );
  }
  return images.flatMap((image) => {
    const { parts, layers } = catalog.removePart(index.digest, image);
    const gone = [image, ...parts].filter(({ id }) => !catalog.get(id));
    for (const one of gone) emit(context, 'delete', one, one.id);
    return [...gone.map(({ id }) => ({ Deleted: id })), ...layers.map((layer) => ({ Deleted: layer.chain }))];
  });
}

function isIdPrefix(id: Digest, text: string): boolean {
  return id.startsWith(text) || shortHex(id).startsWith(text);
}

function shortHex(id: Digest): string {
  return id.slice('sha256:'.length);
}

/** One name, or one tag with digests of the same repository. */
function isSingle(names: readonly Reference[]): boolean {
  if (names.length <= 1) return names.length === 1;
  const tags = names.filter((name) => name.digest === undefined);
  if (tags.length > 1) return false;
  const repositories = new Set(names.filter((name) => name.digest !== undefined).map(fullName));
  const [single = names[0]] = tags;
  return single !== undefined && repositories.size === 1 && repositories.has(fullName(single));
}

function untag(context: ImageContext, image: Image, name: Reference, records: ImageDeleteItem[]): void {
  context.catalog.untag(name);
  emit(context, 'untag', image, image.id);
  records.push({ Untagged: familiarString(name) });
}

/** With the last tag of a repository go the digests that it was pulled by. */
function untagDigests(context: ImageContext, image: Image, name: Reference, records: ImageDeleteItem[]): void {
  const same = context.catalog.namesOf(image.id).filter((other) => fullName(other) === fullName(name));
  if (same.some((other) => other.digest === undefined)) return;
  for (const digest of same) {
    context.catalog.untag(digest);
    records.push({ Untagged: familiarString(digest) });
  }
}

interface Mask {
  readonly hard: boolean;
  readonly stopped: boolean;
  readonly named: boolean;
}

function findConflict(context: ImageContext, image: Image, mask: Mask): { message: string; used: boolean } | undefined {
  const said = (how: string, why: string, used: boolean): { message: string; used: boolean } => ({
    message: `conflict: unable to delete ${shortId(image.id)} (${how}) - ${why}`,
    used,
  });
  const whole = context.catalog.wholeOf(image);
  const users = whole.flatMap(({ id }) => context.users.usersOf(id));
  if (mask.hard) {
    if (context.catalog.children(image.id).length > 0)
      return said('cannot be forced', 'image has dependent child images', false);
    const running = users.find((user) => user.running);
    if (running)
      return said('cannot be forced', `image is being used by running container ${shortId(running.id)}`, true);
  }
  if (mask.named && context.catalog.namesOf(image.id).length > 0) {
    return said('must be forced', 'image is referenced in multiple repositories', false);
  }
  const stopped = users.find((user) => !user.running);
  if (mask.stopped && stopped)
    return said('must be forced', `image is being used by stopped container ${shortId(stopped.id)}`, true);
  return undefined;
}

function deleteImage(
  context: ImageContext,
  image: Image,
  records: ImageDeleteItem[],
  { force, prune, quiet }: { force: boolean; prune: boolean; quiet: boolean },
): void {
  const { catalog } = context;
  const found = findConflict(context, image, { hard: true, stopped: !force, named: !force });
  if (found) {
    const dangling = catalog.namesOf(image.id).length === 0 && catalog.children(image.id).length === 0;
    if (quiet && (!dangling || found.used)) return;
    throw conflict(found.message);
  }
  for (const name of catalog.namesOf(image.id)) untag(context, image, name, records);
  const { parent } = image;
  const { parts, layers } = catalog.remove(image.id);
  for (const gone of [image, ...parts].filter(({ id }) => !catalog.get(id))) {
    emit(context, 'delete', gone, gone.id);
    records.push({ Deleted: gone.id });
  }
  records.push(...layers.map((layer) => ({ Deleted: layer.chain })));
  const above = prune && parent !== undefined ? catalog.get(parent) : undefined;
  if (above) deleteImage(context, above, records, { force: false, prune: true, quiet: true });
}
