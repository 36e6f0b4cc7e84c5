// Pages about the code say what is there: files that they link to or name, and names of the code.
import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';

const root = join(import.meta.dirname, '..');
const pages = globSync(['*.md', 'docs/*.md', 'docs/design/*.md', 'docs/howto/*.md'], {
  cwd: root,
  exclude: ['CHANGELOG.md', 'node_modules'],
}).map((page) => ({ page, text: readFileSync(join(root, page), 'utf8') }));
const files = globSync('{src,test,scripts,bench}/**/*.{ts,js}', { cwd: root });

/** What stands between backticks, on one line. */
function quoted(text: string): string[] {
  return [...text.matchAll(/`([^`\n]+)`/g)].map(([, inside = '']) => inside);
}

test('pages link to what is there', () => {
  const broken = pages.flatMap(({ page, text }) =>
    [...text.matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)]
      .map(([, link = '']) => link)
      .filter((link) => !/^[a-z]+:/.test(link) && !existsSync(join(root, dirname(page), link)))
      .map((link) => `${page}: ${link}`),
  );
  assert.deepEqual(broken, []);
});

test('pages name sources that are there', () => {
  const gone = pages.flatMap(({ page, text }) =>
    quoted(text)
      // in capitals stands what the reader chooses
      .filter((name) => /^[\w./-]+\.ts$/.test(name) && !/[A-Z]{4}/.test(name))
      .filter((name) => !files.some((file) => file === name || file.endsWith(`/${name}`)))
      .map((name) => `${page}: ${name}`),
  );
  assert.deepEqual(gone, []);
});

test('pages of design name functions and classes that are there', () => {
  const known = new Set(
    files.flatMap((file) => readFileSync(join(root, file), 'utf8').match(/[A-Za-z_$][\w$]*/g) ?? []),
  );
  const gone = pages
    .filter(({ page }) => page.startsWith('docs/design/') || page === 'ARCHITECTURE.md')
    .flatMap(({ page, text }) =>
      quoted(text)
        .filter((name) => /^[a-z]+[A-Z]\w*(\(.*\))?$|^[A-Z][a-z]+[A-Z]\w*$/.test(name))
        .filter((name) => !known.has(name.replace(/\(.*/, '')))
        .map((name) => `${page}: ${name}`),
    );
  assert.deepEqual(gone, []);
});
