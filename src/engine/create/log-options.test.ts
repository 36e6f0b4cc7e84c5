import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type LogSubject, logAttributes } from '../container/log-attributes.ts';
import { checkLogValues } from './log-options.ts';

const subject = (options: Record<string, string>): LogSubject => ({
  id: 'e7'.repeat(32),
  name: 'box',
  imageId: `sha256:${'ab'.repeat(32)}`,
  imageName: 'busybox',
  created: '2026-11-30T16:12:58Z',
  command: ['echo', 'hi'],
  env: ['X=3', 'Y=4', 'HOME=/'],
  labels: { a: '1 2', b: 'x=y,z', zed: '9' },
  options,
});

function refusal(Type: string, Config: Record<string, string>): string | undefined {
  try {
    checkLogValues({ Type, Config }, () => logAttributes(subject(Config)));
    return undefined;
  } catch (error) {
    const before = 'failed to create task for container: failed to initialize logging driver: ';
    const { message } = error as Error;
    return message.startsWith(before) ? message.slice(before.length) : `? ${message}`;
  }
}

for (const [type, options, expected] of [
  ['json-file', { 'max-size': 'abc' }, "invalid size: 'abc'"],
  ['json-file', { 'max-size': '0' }, 'max-size must be a positive number'],
  ['json-file', { 'max-size': '-1' }, "invalid size: '-1'"],
  ['json-file', { 'max-size': '10x' }, "invalid suffix: 'x'"],
  ['json-file', { 'max-size': '1.5k' }, undefined],
  ['json-file', { 'max-file': '0' }, 'max-file cannot be less than 1'],
  ['json-file', { 'max-file': 'abc' }, 'strconv.Atoi: parsing "abc": invalid syntax'],
  ['json-file', { compress: 'maybe' }, 'strconv.ParseBool: parsing "maybe": invalid syntax'],
  ['json-file', { compress: 'true' }, 'compress cannot be true when max-file is less than 2 or max-size is not set'],
  ['json-file', { compress: 'true', 'max-size': '1k', 'max-file': '2' }, undefined],
  ['json-file', { tag: '{{.Bad' }, 'template: log-tag:1: unclosed action'],
  [
    'json-file',
    { tag: '{{.Bad}}' },
    'template: log-tag:1:2: executing "log-tag" at <.Bad>: can\'t evaluate field Bad in type *logger.Info',
  ],
  ['json-file', { 'labels-regex': '[' }, 'error parsing regexp: missing closing ]: `[`'],
  ['json-file', { 'env-regex': '(' }, 'error parsing regexp: missing closing ): `(`'],
  ['local', { 'max-size': 'abc' }, "invalid value for max-size: abc: invalid size: 'abc'"],
  ['local', { 'max-size': '0' }, undefined],
  ['local', { 'max-file': '-1' }, 'max file count cannot be less than 0'],
  ['local', { 'max-file': '1' }, 'compression cannot be enabled when max file count is 1'],
  ['local', { 'max-file': '1', compress: 'false' }, undefined],
  ['local', { compress: '' }, 'error reading compress log option: strconv.ParseBool: parsing "": invalid syntax'],
  ['none', { 'max-size': 'abc' }, undefined],
] as const)
  test(`users E7: ${type} with ${JSON.stringify(options)}: ${expected ?? 'accepted'}`, () =>
    assert.equal(refusal(type, options), expected));

test('users S9: attributes of a log are the labels, variables and tag that its options choose, sorted and escaped', () => {
  const shown = (options: Record<string, string>): string => logAttributes(subject(options));
  assert.equal(shown({}), '');
  assert.equal(shown({ labels: 'a,b,none' }), 'a=1+2,b=x%3Dy%2Cz');
  assert.equal(
    shown({ labels: 'zed', 'labels-regex': '^b', env: 'X', 'env-regex': '^Y', tag: '{{.Name}}' }),
    'X=3,Y=4,b=x%3Dy%2Cz,tag=box,zed=9',
  );
  assert.equal(shown({ tag: '{{.ImageName}}/{{.ID}}/{{.ImageID}}' }), 'tag=busybox%2Fe7e7e7e7e7e7%2Fabababababab');
});
