// The documents of testdata: what registries serve, the tests of the image specification, and odd ones.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { BerthError } from '../../base/errors.ts';
import { type Descriptor, parsePlatform } from '../../spec/oci/index.ts';
import { chooseManifest } from './choose.ts';
import { type IndexDocument, parseDocument } from './document.ts';

for (const name of ['registries', 'image-spec', 'odd']) {
  test(`fault I12: documents of testdata/${name}.txt are read or refused as it says`, () => {
    const file = new URL(`./testdata/${name}.txt`, import.meta.url);
    const [comment = '', ...cases] = readFileSync(file, 'utf8').trimEnd().split('\n\n');
    assert.ok(cases.length > 50);
    const found = cases.map(again);
    if (process.env['UPDATE_GOLDEN']) return writeFileSync(file, `${[comment, ...found].join('\n\n')}\n`);
    for (const [at, text] of found.entries()) assert.equal(text, cases[at], 'UPDATE_GOLDEN=1 writes it');
    return undefined;
  });
}

/** A case with what is found now. */
function again(text: string): string {
  const given = text.split('\n').filter((line) => !line.startsWith('='));
  const [, type = '', ...document] = given;
  return [...given, ...outcome(document.join('\n'), type === '-' ? '' : type)].join('\n');
}

function outcome(text: string, type: string): string[] {
  try {
    const document = parseDocument(Buffer.from(text), type);
    const head = `= ${document.kind} ${document.mediaType}`;
    if (document.kind === 'index') return [head, ...document.manifests.map(shown), `=   ${choice(document)}`];
    return [head, shown(document.config), ...document.layers.map(shown)];
  } catch (error) {
    return [`= error: ${messageOf(error)}`];
  }
}

function choice({ manifests }: IndexDocument): string {
  try {
    return `linux/amd64 gets ${chooseManifest(manifests, parsePlatform('linux/amd64')).digest.slice(0, 15)}`;
  } catch (error) {
    return messageOf(error);
  }
}

function shown({ mediaType, digest, size, ...rest }: Descriptor): string {
  const more = Object.keys(rest).length > 0 ? ` ${JSON.stringify(rest)}` : '';
  return `=   ${mediaType} ${digest.slice(0, 15)} ${size}${more}`;
}

/** Anything but a refusal is a fault of the parser. */
function messageOf(error: unknown): string {
  if (!(error instanceof BerthError)) throw error;
  return error.message;
}
