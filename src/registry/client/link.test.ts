import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MAX_LINK_CHARACTERS, nextLink } from './link.ts';

test('safety M6: the next page is read from a Link header within bounds', () => {
  const cases: readonly (readonly [header: string, next: string | undefined])[] = [
    ['</v2/a/tags/list?last=b&n=1>; rel="next"', '/v2/a/tags/list?last=b&n=1'],
    ['<https://r/x>;rel=next', 'https://r/x'],
    ['</first>; rel="first", </next>; rel="next"', '/next'],
    ['</prev>; rel="prev"', undefined],
    ['</next>', undefined],
    ['<>; rel="next"', undefined],
    ['', undefined],
    ['<'.repeat(MAX_LINK_CHARACTERS), undefined],
    [`<${'a'.repeat(MAX_LINK_CHARACTERS)}>; rel="next"`, undefined],
  ];
  for (const [header, next] of cases) assert.equal(nextLink(header), next, header.slice(0, 60));
});
