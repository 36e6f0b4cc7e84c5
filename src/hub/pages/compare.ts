// What changed between two tags of a repository: packages, settings, files.
import { type Change, diffPlatforms, type FileChange, type ImageDiff } from '../images/index.ts';
import { patiently } from './contents.ts';
import { sizeText } from './figures.ts';
import { imageOf, platformChips } from './image.ts';
import { html, type Markup } from './markup.ts';
import { type PageCall, repositoryPath, sendPage } from './page.ts';
import { repositoryOf } from './repository.ts';

const MAX_CHOICES = 200;
const MAX_ROWS = 500;

export async function showCompare(call: PageCall): Promise<void> {
  const { desk, exchange, words } = call;
  const { name } = await repositoryOf(call);
  const tags = desk.browser.tags(name, 0, MAX_CHOICES).map((tag) => tag.name);
  const to = exchange.query.get('to') ?? tags[0] ?? '';
  const from = exchange.query.get('from') ?? tags[1] ?? to;
  const before = await imageOf(call, from);
  const after = await imageOf(call, to);
  const diff = await patiently(call, after, () => diffPlatforms(desk.library, before.platform, after.platform));
  if (!diff) return;
  const choice = (field: string, label: string, chosen: string): Markup =>
    html`<label>${label} <select name="${field}" data-submit>${[...new Set([chosen, ...tags])].map(
      (tag) => html`<option value="${tag}"${tag === chosen && html` selected`}>${tag}</option>`,
    )}</select></label>`;
  const body = html`
<p class="small"><a href="${repositoryPath(name)}">${name}</a></p>
<h1>${words.compare}: ${from} → ${to}</h1>
<form class="fields">${choice('from', words.from, from)}${choice('to', words.to, to)}<input type="hidden" name="platform" value="${exchange.query.get('platform') ?? ''}"><button class="quiet">${words.compare}</button></form>
${platformChips(call, after.image, after.platform)}
<p>${words.size}: ${sizeText(diff.sizeBefore)} → ${sizeText(diff.sizeAfter)} (${signed(diff.sizeAfter - diff.sizeBefore)})</p>
${changeTable(call, words.packages, diff.packages)}
${changeTable(call, words.settingsOf, diff.settings)}
${fileTable(call, diff)}`;
  sendPage(call, { title: `${words.compare}: ${name} ${from} ${to}`, body });
}

function changeTable({ words }: PageCall, title: string, changes: readonly Change[]): Markup {
  return html`<h2>${title} <span class="soft">${changes.length}</span></h2>${
    changes.length === 0
      ? html`<p class="soft">${words.noChange}</p>`
      : html`<div class="scroll"><table><thead><tr><th scope="col">${words.name}</th><th scope="col">${words.before}</th><th scope="col">${words.after}</th></tr></thead><tbody>${changes
          .slice(0, MAX_ROWS)
          .map(
            ({ name, before, after }) =>
              html`<tr><td class="mono">${name}</td><td class="line mono removed">${before}</td><td class="line mono added">${after}</td></tr>`,
          )}</tbody></table></div>${changes.length > MAX_ROWS && html`<p class="soft">${words.someOf(MAX_ROWS, changes.length)}</p>`}`
  }`;
}

function fileTable({ words }: PageCall, { files, fileCount }: ImageDiff): Markup {
  const kinds = { added: words.added, removed: words.removed, changed: words.changed } as const;
  const row = ({ path, kind, before, after }: FileChange): Markup =>
    html`<tr><td class="${kind}">${kinds[kind]}</td><td class="line mono">${path}</td><td class="number">${signed(after - before)}</td></tr>`;
  return html`<h2>${words.files} <span class="soft">${fileCount}</span></h2>${
    fileCount === 0
      ? html`<p class="soft">${words.noChange}</p>`
      : html`<div class="scroll"><table><thead><tr><th scope="col">${words.change}</th><th scope="col">${words.name}</th><th scope="col" class="number">${words.size}</th></tr></thead><tbody>${files
          .slice(0, MAX_ROWS)
          .map(
            row,
          )}</tbody></table></div>${fileCount > MAX_ROWS && html`<p class="soft">${words.someOf(MAX_ROWS, fileCount)}</p>`}`
  }`;
}

const signed = (bytes: number): string => `${bytes > 0 ? '+' : bytes < 0 ? '−' : '±'}${sizeText(Math.abs(bytes))}`;
