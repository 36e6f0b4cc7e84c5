import assert from 'node:assert/strict';
import { test } from 'node:test';
import { JsonError, parseJson } from './json.ts';

test('mistakes in Go’s words', () => {
  // asked of dockerd 28.5, but for those about the end and what comes after it, which its API says in other words
  const cases: Readonly<Record<string, string>> = {
    '': 'unexpected end of JSON input',
    ' {': 'unexpected end of JSON input',
    '{"a"': 'unexpected end of JSON input',
    '{"a":1,': 'unexpected end of JSON input',
    '"a': 'unexpected end of JSON input',
    '[1': 'unexpected end of JSON input',
    tru: 'unexpected end of JSON input',
    '-': 'unexpected end of JSON input',
    '1e': 'unexpected end of JSON input',
    x: "invalid character 'x' looking for beginning of value",
    "'a'": String.raw`invalid character '\'' looking for beginning of value`,
    '{bad': "invalid character 'b' looking for beginning of object key string",
    '{"a":1,}': "invalid character '}' looking for beginning of object key string",
    '{"a" "b"}': `invalid character '"' after object key`,
    '{"a":1 "b"}': `invalid character '"' after object key:value pair`,
    '[1,]': "invalid character ']' looking for beginning of value",
    '[1 2]': "invalid character '2' after array element",
    '[': 'unexpected end of JSON input',
    '{} {}': "invalid character '{' after top-level value",
    '-x': "invalid character 'x' in numeric literal",
    '1.x': "invalid character 'x' in numeric literal",
    '1e+x': "invalid character 'x' in numeric literal",
    trux: "invalid character 'x' in literal true (expecting 'e')",
    nul0: "invalid character '0' in literal null (expecting 'l')",
    '"\n"': String.raw`invalid character '\n' in string`,
    '"\0"': String.raw`invalid character '\x00' in string`,
    '"\\x"': 'invalid escape sequence `\\x` in string',
    '"\\u00g0"': 'invalid escape sequence `\\u00g0` in string',
    é: "invalid character 'é' looking for beginning of value",
  };
  for (const [text, message] of Object.entries(cases))
    assert.throws(() => parseJson(text), { name: 'JsonError', message }, JSON.stringify(text));
});

test('what is JSON is parsed, and whatever V8 refuses is refused', () => {
  assert.deepEqual(parseJson(' {"a":[1,-0.5e3,"\\u00e9",null,true,{}]} '), { a: [1, -500, 'é', null, true, {}] });
  const pieces = ['{', '}', '[', ']', '"', ':', ',', 'a', '\\', 'u', '1', '0', '-', '.', 'e', 'true', ' ', '\n', 'é'];
  let seed = 7;
  for (let round = 0; round < 20_000; round += 1) {
    let text = '';
    for (let count = 0; count < 8; count += 1) {
      seed = (seed * 1103515245 + 12345) % 2147483648;
      text += pieces[seed % pieces.length];
    }
    let valid = true;
    try {
      JSON.parse(text);
    } catch {
      valid = false;
    }
    if (valid) assert.doesNotThrow(() => parseJson(text));
    else
      assert.throws(
        () => parseJson(text),
        (error: unknown) => error instanceof JsonError && error.message !== 'invalid JSON',
        JSON.stringify(text),
      );
  }
  assert.throws(() => parseJson('['.repeat(200_000)), JsonError);
});
