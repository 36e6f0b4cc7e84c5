// What takes the space in a layer, or in all of them together: a map of rectangles and the same as a table, folder by folder.
import { messageOf } from '../../base/errors.ts';
import {
  childrenOf,
  filesOf,
  type FolderNode,
  type LayerFile,
  layerFiles,
  openHeavy,
  treemap,
} from '../images/index.ts';
import { sizeText, shortDigest } from './figures.ts';
import { imageOf, platformChips, type ShownImage } from './image.ts';
import { html, type Markup } from './markup.ts';
import { type PageCall, queryOf, repositoryPath, sendPage } from './page.ts';

/** Layers are read for so long before the page says that it will look again, milliseconds. */
const PATIENCE_MS = 4000;
const AGAIN_SECONDS = 3;
/** Rectangles of a map, and rows of the table below it. */
const MAX_TILES = 60;
const MAX_ROWS = 500;
const WIDTH = 960;
const HEIGHT = 460;
/** A rectangle has a text when there is so much place for it. */
const TEXT_WIDTH = 70;
const TEXT_HEIGHT = 20;
const CHARACTER = 8;

export async function showContents(call: PageCall): Promise<void> {
  const { exchange, words } = call;
  const shown = await imageOf(call);
  const layer = exchange.query.get('layer') ?? '';
  const folder = (exchange.query.get('path') ?? '').split('/').filter(Boolean).join('/');
  const files = await patiently(call, shown, () => filesToShow(call, shown, layer));
  if (!files) return;
  const nodes = childrenOf(files, folder);
  const total = nodes.reduce((sum, { size }) => sum + size, 0);
  const { name, reference, image, platform } = shown;
  const at = (path: string): string => queryOf({ platform: exchange.query.get('platform') ?? '', layer, path });
  const place = folder === '' ? words.root : folder;
  const body = html`
<p class="small"><a href="${repositoryPath(name)}">${name}</a> / <a href="${repositoryPath(name, 'tags', reference)}${queryOf({ platform: platform.platform })}">${reference.includes(':') ? shortDigest(reference) : reference}</a></p>
<h1>${words.contents}: ${layer === '' ? words.allLayers : shortDigest(layer)}</h1>
${layer === '' && platformChips(call, image, platform)}
${folder !== '' && html`<p class="mono">/${folder} · <a href="${at(folder.split('/').slice(0, -1).join('/'))}">${words.up}</a></p>`}
<svg class="map" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="group" aria-label="${words.treemapOf(place)}">${tiles(openHeavy(files, nodes), folder, at)}</svg>
<div class="scroll"><table><caption class="soft small">${sizeText(total)}</caption><thead><tr><th scope="col">${words.name}</th><th scope="col" class="number">${words.size}</th><th scope="col" class="number">${words.share}</th><th scope="col" class="number">${words.files}</th></tr></thead>
<tbody>${nodes
    .slice(0, MAX_ROWS)
    .map(
      (node) =>
        html`<tr><td class="line mono">${node.isFolder ? html`<a href="${at(node.path)}" data-item>${node.name}/</a>` : node.name}</td><td class="number">${sizeText(node.size)}</td><td class="number">${percent(node.size, total)}</td><td class="number">${node.files}</td></tr>`,
    )}</tbody></table></div>
${nodes.length > MAX_ROWS && html`<p class="soft">${words.someOf(MAX_ROWS, nodes.length)}</p>`}`;
  sendPage(call, { title: `${words.contents}: ${name}:${reference}`, body });
}

async function filesToShow({ desk }: PageCall, { platform }: ShownImage, layer: string): Promise<readonly LayerFile[]> {
  const one = platform.layers.filter(({ digest }) => digest === layer);
  if (layer !== '' && one.length > 0)
    return (await layerFiles(desk.library, { ...platform, layers: one.slice(0, 1) })).flatMap(({ files }) => files);
  return [...filesOf(await layerFiles(desk.library, platform)).values()];
}

/** undefined: a page was sent that says that it takes longer, or why it cannot be. */
export async function patiently<T>(
  call: PageCall,
  { name }: ShownImage,
  work: () => Promise<T>,
): Promise<T | undefined> {
  const { words } = call;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<'late'>((resolve) => {
    timer = setTimeout(resolve, PATIENCE_MS, 'late');
  });
  const running = work().then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );
  const result = await Promise.race([running, late]);
  clearTimeout(timer);
  if (result === 'late') {
    const body = html`<h1>${words.reading}</h1><p>${words.readingText}</p>`;
    sendPage(call, { title: name, body, again: AGAIN_SECONDS });
    return undefined;
  }
  if ('value' in result) return result.value;
  const body = html`<h1>${words.wrong}</h1><p>${words.notReadable} ${messageOf(result.error)}</p>`;
  sendPage(call, { title: name, body, status: 422 });
  return undefined;
}

function tiles(nodes: readonly FolderNode[], folder: string, at: (path: string) => string): readonly Markup[] {
  return treemap(nodes.slice(0, MAX_TILES), WIDTH, HEIGHT).map(({ item, x, y, width, height }, index) => {
    const name = folder === '' ? item.path : item.path.slice(folder.length + 1);
    const label = `${name}${item.isFolder ? '/' : ''}, ${sizeText(item.size)}`;
    const fits = width >= TEXT_WIDTH && height >= TEXT_HEIGHT;
    const most = Math.floor((width - 10) / CHARACTER);
    // the end says more than the beginning
    const text = name.length > most ? `…${name.slice(-Math.max(most - 1, 1))}` : name;
    const shape = html`<rect class="t${index % 7}" x="${x.toFixed(1)}" y="${y.toFixed(1)}" width="${width.toFixed(1)}" height="${height.toFixed(1)}"><title>${label}</title></rect>${fits && html`<text x="${(x + 6).toFixed(1)}" y="${(y + 17).toFixed(1)}">${text}</text>`}${
      fits &&
      height >= TEXT_HEIGHT * 2 &&
      html`<text x="${(x + 6).toFixed(1)}" y="${(y + 34).toFixed(1)}">${sizeText(item.size)}</text>`
    }`;
    return item.isFolder
      ? html`<a href="${at(item.path)}"${!fits && html` aria-label="${label}"`}>${shape}</a>`
      : html`<g>${shape}</g>`;
  });
}

const percent = (part: number, whole: number): string => `${((100 * part) / Math.max(whole, 1)).toFixed(1)} %`;
