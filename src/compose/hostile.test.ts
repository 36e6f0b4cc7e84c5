// Files that are made to hurt whoever reads them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { load, refusal } from './testing.ts';

const MEGABYTE = 1 << 20;
const valid = '\nservices: { a: { image: x } }\n';

/** The message of the refusal, which has to come at once. The bound is generous: tests run beside others. */
function refusedSoon(texts: Parameters<typeof refusal>[0]): string {
  const start = process.cpuUsage();
  const message = refusal(texts);
  const { user, system } = process.cpuUsage(start);
  assert.ok(user + system < 1_000_000, `${(user + system) / 1000} ms`);
  return message;
}

function repeated(line: (index: number) => string, count: number): string {
  return Array.from({ length: count }, (_, index) => line(index)).join('\n');
}

test('fault C61: aliases that multiply are refused', () => {
  const bomb = `x-a:\n  b0: &a0 [x, x, x, x, x, x, x, x, x]\n${repeated((index) => `  b${index + 1}: &a${index + 1} [${Array(9).fill(`*a${index}`).join(', ')}]`, 11)}${valid}`;
  assert.match(refusedSoon(bomb), /document contains excessive aliasing/);
  const merges = `x-a:\n  b0: &a0 { k: v }\n${repeated((index) => `  b${index + 1}: &a${index + 1}\n    <<: [*a${index}, *a${index}, *a${index}]\n    k: { <<: [*a${index}, *a${index}] }`, 14)}${valid}`;
  assert.match(refusedSoon(merges), /document contains excessive aliasing/);
});

test('fault C61: an alias of what holds it is refused', () => {
  assert.match(refusedSoon(`x-a: &a { b: *a }${valid}`), /cycle detected/);
});

test('fault C61: a megabyte of nesting is refused', () => {
  for (const text of [
    `a: ${'['.repeat(MEGABYTE)}`,
    `a: ${'{b: '.repeat(MEGABYTE / 4)}`,
    `a:\n${'- '.repeat(MEGABYTE / 2)}x`,
    `a: ${'? '.repeat(MEGABYTE / 2)}`,
    repeated((index) => `${' '.repeat(index)}a:`, 1_400),
  ])
    assert.match(refusedSoon(text), /max depth|too deep|larger than|Maximum call stack/);
});

test('fault C61: templates within templates have an end', () => {
  const deep = `${'${A:-'.repeat(20_000)}x${'}'.repeat(20_000)}`;
  assert.match(refusedSoon(`services: { a: { image: "${deep}" } }`), /invalid interpolation format/);
  assert.match(
    refusedSoon({ '/p/compose.yaml': valid, '/p/.env': `A=${deep}` }),
    /^failed to read \/p\/\.env: Invalid template/,
  );
});

test('many templates one after the other are filled in', () => {
  const many = load(`services: { a: { image: "${'${A:-b}'.repeat(50_000)}" } }`).project.services['a']?.image;
  assert.equal(many, 'b'.repeat(50_000));
});

test('fault C61: files that include each other are refused with the chain', () => {
  assert.equal(
    refusedSoon({ '/p/compose.yaml': `include: [a.yaml]${valid}`, '/p/a.yaml': 'include: [compose.yaml]\n' }).split(
      '\n -->',
    )[0],
    'include cycle detected:\n/p/compose.yaml\n include /p/a.yaml\n include /p/compose.yaml',
  );
  const wide: Record<string, string> = { '/p/compose.yaml': 'include: [f0.yaml, f0.yaml]\n', '/p/f30.yaml': valid };
  for (let index = 0; index < 30; index += 1)
    wide[`/p/f${index}.yaml`] = `include: [f${index + 1}.yaml, f${index + 1}.yaml]\n`;
  assert.match(refusedSoon(wide), /more than 200 files/);
});

test('fault C61: services that extend each other are refused with the chain', () => {
  assert.match(refusedSoon('services: { a: { extends: b }, b: { extends: a } }'), /^Circular reference:/);
  const chain = `services:\n${repeated((index) => `  s${index}: { extends: s${index + 1} }`, 5_000)}\n  s5000: { image: x }\n`;
  assert.match(refusedSoon(chain), /more than 200 services extend each other/);
});

test('limit: files that are larger than any are refused, sooner where they need all of YAML', () => {
  const comment = (size: number): string => `#${'x'.repeat(size)}\n`;
  assert.match(refusedSoon(`${comment(16 * MEGABYTE)}${valid}`), /larger than 16777216 bytes/);
  assert.match(refusedSoon(`${comment(MEGABYTE)}x-a: &a { b: c }\nx-d: *a${valid}`), /larger than 524288 bytes/);
});
