// What dockerd refuses of a build's parameters.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkForeign, textList, textMap, ulimitList } from './build-query.ts';

test('users B14: parameters of a build that are JSON of another kind are refused in the words of dockerd', () => {
  const labels = (text: string): Map<string, string> => textMap('labels', text, false);
  assert.deepEqual(
    [...labels('{"a":"b","c":null}')],
    [
      ['a', 'b'],
      ['c', ''],
    ],
  );
  assert.deepEqual([...textMap('build args', '{"a":"b","c":null}', true)], [['a', 'b']]);
  assert.equal(labels('null').size + labels('').size, 0);
  const refused: [() => unknown, string][] = [
    [() => labels('[]'), 'error reading labels: json: cannot unmarshal array into Go value of type map[string]string'],
    [
      () => labels('"x"'),
      'error reading labels: json: cannot unmarshal string into Go value of type map[string]string',
    ],
    [
      () => labels('{"a":1}'),
      'error reading labels: json: cannot unmarshal number into Go struct field .a of type string',
    ],
    [() => labels('x'), "error reading labels: invalid character 'x' looking for beginning of value"],
    [
      () => textMap('build args', '5', true),
      'error reading build args: json: cannot unmarshal number into Go value of type map[string]*string',
    ],
    [
      () => textList('cache-from', '{}'),
      'error reading cache-from: json: cannot unmarshal object into Go value of type []string',
    ],
    [
      () => textList('cache-from', '[1]'),
      'error reading cache-from: json: cannot unmarshal number into .0 of type string',
    ],
    [
      () => ulimitList('ulimit settings', '{}'),
      'error reading ulimit settings: json: cannot unmarshal object into Go value of type []*units.Ulimit',
    ],
    [() => checkForeign({ isolation: 'hyperv' }), 'unsupported isolation: "hyperv"'],
    [() => checkForeign({ securityopt: '["x"]' }), 'security options are not supported on linux'],
  ];
  for (const [act, message] of refused) assert.throws(act, { kind: 'invalid', message });
  checkForeign({ isolation: 'default' });
});
