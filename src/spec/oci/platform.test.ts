import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodePlatform, formatPlatform, parsePlatform, platformMatches } from './platform.ts';

test('platforms are read and normalised as containerd does', () => {
  for (const [text, shown] of [
    ['linux/amd64', 'linux/amd64'],
    ['linux/x86_64', 'linux/amd64'],
    ['linux/aarch64', 'linux/arm64'],
    ['linux/arm64/v8', 'linux/arm64'],
    ['linux/arm', 'linux/arm/v7'],
    ['linux/arm/6', 'linux/arm/v6'],
    ['arm64', 'linux/arm64'],
    ['armhf', 'linux/arm/v7'],
    ['linux/s390x', 'linux/s390x'],
    ['windows/amd64', 'windows/amd64'],
  ] as const) {
    assert.equal(formatPlatform(parsePlatform(text)), shown, text);
  }
  assert.throws(() => parsePlatform('a/b/c/d'), {
    message: '"a/b/c/d": cannot parse platform specifier: invalid argument',
  });
  assert.throws(() => parsePlatform('nonsense'), {
    message: '"nonsense": unknown operating system or architecture: invalid argument',
  });
  assert.throws(() => parsePlatform('linux/'), /is an invalid component of "linux\/"/);
  assert.throws(() => decodePlatform('{"os":"linux"}'), { message: 'both OS and Architecture must be provided' });
  assert.throws(() => decodePlatform('x'), /^BerthError: failed to parse platform: /);
});

test('what runs where', () => {
  for (const [wanted, image, matches] of [
    ['linux/amd64', 'linux/amd64', true],
    ['linux/amd64', 'linux/arm64', false],
    ['linux/arm/v7', 'linux/arm/v6', true],
    ['linux/arm/v6', 'linux/arm/v7', false],
    ['linux/amd64', 'linux/386', true],
  ] as const) {
    assert.equal(platformMatches(parsePlatform(wanted), parsePlatform(image)), matches, `${wanted} ${image}`);
  }
});
