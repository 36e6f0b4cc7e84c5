// Templates: every form of a variable, nesting, and what is none.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { substitute, variablesOf } from './template.ts';

const VALUES: Readonly<Record<string, string>> = { SET: 'set', EMPTY: '', _u1: 'under' };

function fill(template: string): { text: string; unset: string[] } {
  const unset: string[] = [];
  const text = substitute(template, { lookup: (name) => VALUES[name], unset: (name) => unset.push(name) });
  return { text, unset };
}

test('each form of a variable has its rule', () => {
  for (const [template, text] of [
    ['$SET', 'set'],
    ['${SET}', 'set'],
    ['$SET-$SET.$_u1', 'set-set.under'],
    ['${NONE:-d}', 'd'],
    ['${NONE-d}', 'd'],
    ['${EMPTY:-d}', 'd'],
    ['${EMPTY-d}', ''],
    ['${SET:-d}', 'set'],
    ['${SET:+a}', 'a'],
    ['${EMPTY:+a}', ''],
    ['${EMPTY+a}', 'a'],
    ['${NONE+a}', ''],
    ['${SET:?e}', 'set'],
    ['${EMPTY?e}', ''],
    ['${NONE:-${NONE:-${SET}}}', 'set'],
    ['${NONE:-a}${NONE:-b}', 'ab'],
    ['${NONE:-{"a": "b"}}', '{"a": "b"}'],
    ['$$SET $$$SET', '$SET $set'],
    ['$1 $ 5$', '$1 $ 5$'],
    ['a $SET\n${NONE:-x}\ny', 'a set\nx\ny'],
  ] as const)
    assert.equal(fill(template).text, text, template);
});

test('variables without value and default are told', () => {
  assert.deepEqual(fill('$A ${B} ${C:-} ${SET:+$D}').unset, ['A', 'B', 'D']);
});

test('a required variable is an error with its reason', () => {
  assert.throws(() => fill('${NONE:?first set ${SET}}'), {
    message: 'required variable NONE is missing a value: first set set',
  });
  assert.throws(() => fill('${EMPTY:?}'), { message: 'required variable EMPTY is missing a value' });
});

test('what is no template is shown', () => {
  for (const template of ['${1V}', '${}', '${V!x}', '${V', 'a ${ b', '${V:-x\n}'])
    assert.throws(() => fill(template), { template });
  assert.throws(() => fill('${A:-x} ${!} }'), { template: ' ${!} }' });
});

test('variables are listed with their defaults, those in defaults too', () => {
  const of = (template: string): string[] =>
    variablesOf(template).map(
      ({ name, defaultValue, presenceValue, required }) => `${name}|${defaultValue}|${presenceValue}|${required}`,
    );
  assert.deepEqual(of('$A ${B:-b} ${C?need} ${D+d} $$E'), ['A|||false', 'D||d|false', 'C|||true', 'B|b||false']);
  assert.deepEqual(of('${E:-${F-f}}'), ['E|${F-f}||false', 'F|f||false']);
});
