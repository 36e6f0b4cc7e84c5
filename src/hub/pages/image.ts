// An image by tag or digest: platforms, layers with the lines that made them, settings, what it stands on and what is attached.
import {
  type DescribedImage,
  describeImage,
  choosePlatform,
  type ImageLayer,
  instructionOf,
  type PlatformImage,
} from '../images/index.ts';
import type { ImageName } from '../metadata/index.ts';
import { checkReference, RegistryError } from '../model/index.ts';
import { shortDigest, sizeText } from './figures.ts';
import { html, type Markup } from './markup.ts';
import { type PageCall, queryOf, repositoryPath, sendPage, timeMark } from './page.ts';
import { pullLine, repositoryOf } from './repository.ts';

const MAX_NAMES = 20;

export interface ShownImage {
  readonly name: string;
  /** As it stands in the path: a tag or a digest. */
  readonly reference: string;
  readonly image: DescribedImage;
  readonly platform: PlatformImage;
}

/** Throws MANIFEST_UNKNOWN, also for a platform that the image has not. */
export async function imageOf(call: PageCall, text: string = call.exchange.param('reference')): Promise<ShownImage> {
  const { name } = await repositoryOf(call);
  const image = await describeImage(call.desk.library, name, checkReference(text));
  const platform = choosePlatform(image, call.exchange.query.get('platform') ?? '');
  if (!platform)
    throw new RegistryError('MANIFEST_UNKNOWN', { detail: { platform: call.exchange.query.get('platform') } });
  return { name, reference: text, image, platform };
}

export async function showImage(call: PageCall): Promise<void> {
  const { desk, words, session } = call;
  const { name, reference, image, platform } = await imageOf(call);
  const { config, layers } = platform;
  const mayName = ({ repository }: ImageName): boolean => session.who.may(repository, 'pull');
  const bases = desk.browser.basesOf(name, platform.digest, MAX_NAMES).filter(mayName);
  const built = desk.browser.builtOn(name, platform.digest, MAX_NAMES).filter(mayName);
  const isDigest = reference.includes(':');
  const mark = isDigest ? `${name}@${reference}` : `${name}:${reference}`;
  const attached = [...image.attachments, ...image.referrers];
  const baseName = platform.annotations['org.opencontainers.image.base.name'] ?? '';
  const labels = Object.entries(config?.labels ?? {});
  const empty = config?.history.filter(({ isEmpty }) => isEmpty) ?? [];
  const body = html`
<p class="small"><a href="${repositoryPath(name)}">${name}</a></p>
<h1>${isDigest ? shortDigest(reference) : reference}</h1>
${pullLine(call, mark)}
${platformChips(call, image, platform)}
<dl class="pairs"><dt>${words.digest}</dt><dd class="mono">${image.digest}</dd>
${platform.digest !== image.digest && html`<dt>${words.platform}</dt><dd class="mono">${platform.digest}</dd>`}
<dt>${words.media}</dt><dd class="mono">${platform.artifactType || image.mediaType}</dd>
<dt>${words.size}</dt><dd>${sizeText(platform.size)}</dd>
${config?.createdAt !== undefined && html`<dt>${words.created}</dt><dd>${timeMark(config.createdAt, call)}</dd>`}
${(baseName !== '' || bases.length > 0) && html`<dt>${words.base}</dt><dd>${baseName} ${names(bases)}</dd>`}
${built.length > 0 && html`<dt>${words.builtOn}</dt><dd>${names(built)}</dd>`}
</dl>
<h2 id="layers">${words.layers} <span class="soft">${layers.length}</span></h2>
${config && html`<p><a href="${repositoryPath(name, 'contents', reference)}${queryOf({ platform: platform.platform })}">${words.allLayers}</a></p>`}
<div class="scroll"><table><thead><tr><th scope="col">${words.layer}</th><th scope="col" class="number">${words.size}</th><th scope="col">${words.share}</th><th scope="col">${words.history}</th></tr></thead>
<tbody>${layers.map((layer) => layerRow(call, { name, reference, image, platform }, layer))}</tbody></table></div>
${empty.length > 0 && html`<details><summary>${words.emptyLayers} (${empty.length})</summary><pre tabindex="0">${empty.map(instructionOf).join('\n')}</pre></details>`}
${config && html`<h2>${words.settingsOf}</h2>${settingsList(config.settings)}`}
${labels.length > 0 && html`<h2>${words.labels}</h2>${pairs(labels)}`}
${Object.keys(image.annotations).length > 0 && html`<h2>${words.annotations}</h2>${pairs(Object.entries(image.annotations))}`}
${
  attached.length > 0 &&
  html`<h2>${words.attached}</h2><ul>${attached.map(
    (one) =>
      html`<li><a href="${repositoryPath(name, 'tags', one.digest)}">${one.artifactType || one.mediaType}</a> <span class="mono soft">${shortDigest(one.digest)}</span> ${sizeText(one.size)}</li>`,
  )}</ul>`
}`;
  sendPage(call, { title: mark, body });
}

/** Links to the same page for each platform; nothing where there is one. */
export function platformChips(call: PageCall, image: DescribedImage, chosen: PlatformImage): Markup {
  const rest = Object.fromEntries(call.exchange.query);
  const link = ({ platform, digest }: PlatformImage): Markup =>
    html`<li><a href="${queryOf({ ...rest, layer: '', platform: platform || digest })}"${digest === chosen.digest && html` aria-current="true"`}>${platform || shortDigest(digest)}</a></li>`;
  if (image.platforms.length > 1)
    return html`<nav aria-label="${call.words.platforms}"><ul class="chips">${image.platforms.map(link)}</ul></nav>`;
  return html`${chosen.platform !== '' && html`<ul class="chips"><li><span>${chosen.platform}</span></li></ul>`}`;
}

function layerRow(
  call: PageCall,
  { name, reference, platform }: ShownImage,
  { digest, size, history }: ImageLayer,
): Markup {
  const { words } = call;
  const all = platform.layers.reduce((sum, layer) => sum + layer.size, 0);
  const line = history ? instructionOf(history) : '';
  const href = `${repositoryPath(name, 'contents', reference)}${queryOf({ platform: platform.platform, layer: digest })}`;
  return html`<tr><td><a class="mono" href="${href}" data-item aria-label="${words.contents} ${shortDigest(digest)}">${shortDigest(digest)}</a></td><td class="number">${sizeText(size)}</td>
<td><meter min="0" max="${Math.max(all, 1)}" value="${size}" aria-label="${words.share}">${Math.round((100 * size) / Math.max(all, 1))} %</meter></td><td class="line mono">${line}</td></tr>`;
}

function names(found: readonly ImageName[]): readonly Markup[] {
  return found.map(
    ({ repository, digest, tag }) =>
      html`<a href="${repositoryPath(repository, 'tags', tag || digest)}">${repository}${tag ? `:${tag}` : `@${shortDigest(digest)}`}</a> `,
  );
}

const pairs = (entries: readonly (readonly [string, string])[]): Markup =>
  html`<dl class="pairs">${entries.map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`)}</dl>`;

function settingsList(settings: Readonly<Record<string, unknown>>): Markup {
  const shown = Object.entries(settings).filter(
    ([, value]) => value !== null && value !== '' && value !== false && JSON.stringify(value) !== '{}',
  );
  const text = (value: unknown): Markup =>
    Array.isArray(value)
      ? html`${value.map((one) => html`<code>${String(one)}</code> `)}`
      : html`<code>${typeof value === 'string' ? value : JSON.stringify(value)}</code>`;
  return html`<dl class="pairs">${shown.map(([name, value]) => html`<dt>${name}</dt><dd>${text(value)}</dd>`)}</dl>`;
}
