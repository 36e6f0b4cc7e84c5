// Templates over objects of dockerd 28.5.2, each with what docker 28.5 printed for it.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { parse } from '../../format/index.ts';
import { renderObject } from './inspecting.ts';

interface Recorded {
  readonly objects: Readonly<Record<string, unknown>>;
  readonly cases: readonly (readonly [kind: string, template: string, stdout: string, stderr: string])[];
}

const { objects, cases } = JSON.parse(
  readFileSync(new URL('testdata/templates.json', import.meta.url), 'utf8'),
) as Recorded;

/** Where the words or the form still differ from docker's; what is mended is taken off. */
const DIFFERS = new Set(['container: {{printf "%s" .HostConfig.Memory}}', 'container: {{.Name | }}']);

/** What is printed, or the error; docker ends its output with a newline, and so it does when there is none. */
function printed(kind: string, template: string): string {
  try {
    return `${renderObject(parse(template, '', 64), JSON.stringify(objects[kind]))}\n`;
  } catch (error) {
    return (error as Error).message;
  }
}

for (const [kind, template, stdout, stderr] of cases) {
  const name = `${kind}: ${template}`;
  const expected = stderr === '' ? stdout : stderr.trimEnd();
  if (DIFFERS.has(name))
    test(`still unlike docker: ${name}`, () =>
      assert.notEqual(printed(kind, template), expected, 'take it off DIFFERS'));
  else test(`users E17: ${name}`, () => assert.equal(printed(kind, template), expected));
}
