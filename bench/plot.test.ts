import assert from 'node:assert/strict';
import { test } from 'node:test';
import { plot } from './plot.ts';

test('a panel has a dot for each point, higher for more', () => {
  const svg = plot([
    {
      title: 'a < b',
      lines: [
        {
          name: 'ps',
          points: [
            [0, 1],
            [100, 4],
          ],
        },
      ],
    },
  ]);
  const heights = [...svg.matchAll(/<circle cx="[\d.]+" cy="([\d.]+)"/g)].map((match) => Number(match[1]));
  assert.equal(heights.length, 2);
  assert.ok((heights[0] ?? 0) > (heights[1] ?? 0));
  assert.match(svg, /a &lt; b/);
});
