import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Digest } from '../../base/ids.ts';
import { findingText, planCheck, type SeenLayer } from './plan.ts';

const id = (name: string): Digest => `sha256:${name}`;
const layer = (more: Partial<SeenLayer>): SeenLayer => ({
  chain: id('a'),
  files: 'whole',
  archive: { digest: id('A'), state: 'whole' },
  images: ['app'],
  ...more,
});
const text = (...layers: SeenLayer[]): string[] =>
  planCheck({ layers, documents: [], orphans: [] }).map((one) => findingText(one, false));

test('files and archive stand in for each other; without either a layer is lost', () => {
  assert.deepEqual(text(layer({})), []);
  assert.deepEqual(text(layer({ files: 'damaged' })), [
    'the files of layer sha256:a are damaged (can be unpacked again from its archive)',
  ]);
  assert.deepEqual(text(layer({ archive: { digest: id('A'), state: 'damaged' } })), [
    'the archive sha256:A of layer sha256:a is damaged (can be kept as files, which give the archive back)',
  ]);
  const lost =
    'the files of layer sha256:a are missing, and there is no archive to make them of (lost; pull or build again: app)';
  assert.deepEqual(text(layer({ files: 'missing', archive: undefined })), [lost]);
  assert.deepEqual(text(layer({ files: 'missing', archive: { digest: id('A'), state: 'missing' } })), [lost]);
});

test('descriptions are lost, orphans go', () => {
  const findings = planCheck({
    layers: [],
    documents: [{ digest: id('c'), state: 'damaged', images: ['app', 'web'] }],
    orphans: [{ path: 'l/0123', what: 'a directory of a layer' }],
  });
  assert.deepEqual(
    findings.map((one) => findingText(one, true)),
    [
      'the description sha256:c is damaged (lost; pull or build again: app, web)',
      'a directory of a layer that nothing knows: l/0123 (removed)',
    ],
  );
});
