// A readme of anybody's as HTML that can do nothing: Markdown without raw HTML, links only to where people go.
import MarkdownIt from 'markdown-it';
import { html, type Markup, trusted } from './markup.ts';

/** Addresses become links in paragraphs that are no longer. */
const MAX_LINKED = 2048;

const markdown = new MarkdownIt({ html: false, linkify: true, typographer: false });
markdown.validateLink = (url) => /^(?:https?:|mailto:|#|\/(?!\/))/i.test(url.trim());
// to find addresses in a text takes time by the square of its length
const { linkify } = markdown;
const hasAddresses = linkify.pretest.bind(linkify);
const addressAt = linkify.matchAtStart.bind(linkify);
linkify.pretest = (text) => text.length <= MAX_LINKED && hasAddresses(text);
linkify.matchAtStart = (text) => (text.length <= MAX_LINKED ? addressAt(text) : null);
// pictures of elsewhere would tell their server who reads: the page's policy refuses them, so a link stands there
markdown.renderer.rules['image'] = (tokens, index) => {
  const token = tokens[index];
  const source = token?.attrGet('src') ?? '';
  return html`<a href="${source}" rel="nofollow noopener noreferrer">${token?.content || source}</a>`.toString();
};
markdown.renderer.rules['link_open'] = (tokens, index, options, _, renderer) => {
  tokens[index]?.attrSet('rel', 'nofollow noopener noreferrer');
  return renderer.renderToken(tokens, index, options);
};
// the page has its own first heading
for (const rule of ['heading_open', 'heading_close'])
  markdown.renderer.rules[rule] = (tokens, index, options, _, renderer) => {
    const token = tokens[index];
    if (token) token.tag = `h${Math.min(Number(token.tag.slice(1)) + 2, 6)}`;
    return renderer.renderToken(tokens, index, options);
  };

export function renderReadme(text: string): Markup {
  return trusted(markdown.render(text));
}
