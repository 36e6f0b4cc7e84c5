import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lastWritten, printable } from './printable.ts';

test('control characters are shown, while line ends, tabs and colours pass', () => {
  for (const [text, shown] of [
    ['plain\ttext\n한국어 – ünï', 'plain\ttext\n한국어 – ünï'],
    ['\x1b[1;31mred\x1b[0m', '\x1b[1;31mred\x1b[0m'],
    ['a\r\nb', 'a\r\nb'],
    ['a\rb', 'a\\u000db'],
    ['\x1b]0;title\x07', '\\u001b]0;title\\u0007'],
    ['\x1b]52;c;bHM=\x1b\\', '\\u001b]52;c;bHM=\\u001b\\'],
    ['\x1b[2J\x1b[1;1H', '\\u001b[2J\\u001b[1;1H'],
    ['\x1b[6n\x1b[c', '\\u001b[6n\\u001b[c'],
    ['\x9b31m\x9d\x90', '\\u009b31m\\u009d\\u0090'],
    ['\x7f\b\v\f\0', '\\u007f\\u0008\\u000b\\u000c\\u0000'],
    [`\x1b[${'1;'.repeat(100)}m`, `\\u001b[${'1;'.repeat(100)}m`],
    ['\x1b\x1b[31m', '\\u001b\x1b[31m'],
  ] as const)
    assert.equal(printable(text), shown);
  assert.equal(printable('10%\r20%\x1b[K', { returns: true }), '10%\r20%\\u001b[K');
  assert.deepEqual(JSON.parse(printable(JSON.stringify({ a: '\x9b\x7f\x1b' }))), { a: '\x9b\x7f\x1b' });
});

test('of a line that was written over what was written last is shown', () => {
  assert.deepEqual(['10%\r20%', '10%\r20%\r', 'a', ''].map(lastWritten), ['20%', '20%', 'a', '']);
});

test('safety H3: a megabyte of control characters is no long work', () => {
  for (const part of ['\x1b', '\x1b[', '\x1b[1', '\x1b[1;', '\r']) {
    const start = process.threadCpuUsage().user;
    printable(part.repeat((1024 * 1024) / part.length));
    assert.ok(process.threadCpuUsage().user - start < 2_000_000, JSON.stringify(part));
  }
});
