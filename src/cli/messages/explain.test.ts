import assert from 'node:assert/strict';
import { test } from 'node:test';
import { codesPage, findMessage, languageOf, MESSAGES, noteFor, pageOf } from './explain.ts';
import { LANGUAGES } from './message.ts';

test('no code lacks a language, and each is there once', () => {
  assert.equal(new Set(MESSAGES.map(({ code }) => code)).size, MESSAGES.length);
  for (const { code, title, cause, cure, words } of MESSAGES) {
    assert.match(code, /^E\d{4}$/);
    assert.ok(words.length > 0, code);
    for (const line of words) assert.equal(line, line.toLowerCase(), code);
    for (const said of [title, cause, cure]) {
      assert.deepEqual(Object.keys(said), [...LANGUAGES], code);
      assert.doesNotMatch(said.en, /[^\u0020-\u007e’…]/u, `${code}: English is English`);
      assert.match(said.ko, /[가-힣]/u, `${code}: Korean is Korean`);
      assert.ok(said.en.length > 5 && said.ko.length > 5, code);
    }
    for (const language of LANGUAGES) assert.match(cure[language], /\.$/, `${code}: a cure is a sentence`);
  }
});

test('errors as Docker words them find their code', () => {
  const cases: Record<string, string> = {
    E1101: 'Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?',
    E1102: 'permission denied while trying to connect to the Docker daemon socket at unix:///var/run/docker.sock: …',
    E1103: 'Failed to initialize: unable to resolve docker endpoint: context "x": context not found: open …',
    E1201: 'docker: unknown command: docker nosuch',
    E1202: "unknown shorthand flag: 'z' in -z",
    E1203: "docker: 'docker rm' requires at least 1 argument",
    E1206: 'docker: invalid reference format: repository name (library/A) must be lowercase',
    E1401: 'Error response from daemon: No such image: x:latest',
    E1402: "pull access denied for x, repository does not exist or may require 'docker login'",
    E1405: 'no matching manifest for linux/arm64 in the manifest list entries',
    E1406:
      'Error response from daemon: Get "https://registry-1.docker.io/v2/": dial tcp: lookup registry-1.docker.io: no such host',
    E1501: 'Error response from daemon: No such container: web',
    E1502: 'Conflict. The container name "/web" is already in use by container "1cc5…".',
    E1503: 'Bind for 0.0.0.0:80 failed: port is already allocated',
    E1504: 'exec: "nosuch": executable file not found in $PATH',
    E1505: 'Error response from daemon: container 1cc5 is not running',
    E1601: 'Error response from daemon: network x not found',
    E1605: 'remove data: volume is in use - [1cc5]',
    E1606: 'write /x: no space left on device',
    E1701:
      'ERROR: failed to build: failed to solve: failed to read dockerfile: open Dockerfile: no such file or directory',
    E1704: 'process "/bin/sh -c false" did not complete successfully: exit code: 1',
    E1801: 'no configuration file provided: not found',
    E1901: 'berth machine: there is no machine "dev"',
    E1905: 'berth machine: machine "dev" is not running',
  };
  for (const [code, text] of Object.entries(cases)) assert.equal(findMessage(text)?.code, code, text);
  assert.equal(findMessage('something that nobody has met'), undefined);
});

test('scripts read what they read before: a note is for terminals, and for those who ask', () => {
  const error = 'Error response from daemon: No such container: web';
  assert.equal(noteFor(error, { LANG: 'ko_KR.UTF-8' }, false), '');
  assert.equal(noteFor(error, { LANG: 'en_US.UTF-8' }, true), '');
  assert.equal(noteFor(error, {}, true), '');
  assert.match(
    noteFor(error, { LANG: 'ko_KR.UTF-8' }, true),
    /^E1501 그런 컨테이너가 없습니다\. .*\(자세히: berth help E1501\)\n$/,
  );
  assert.match(noteFor(error, { LANG: 'C', BERTH_LANG: 'ko' }, false), /^E1501 그런/);
  assert.match(noteFor(error, { BERTH_LANG: 'en' }, false), /^E1501 There is no such container\. /);
  assert.equal(noteFor('nobody knows', { BERTH_LANG: 'ko' }, true), '');
});

test('the language is that of BERTH_LANG, then that of the system, then English', () => {
  assert.equal(languageOf({ BERTH_LANG: 'en', LANG: 'ko_KR.UTF-8' }), 'en');
  assert.equal(languageOf({ LC_ALL: 'ko_KR.UTF-8', LANG: 'C' }), 'ko');
  assert.equal(languageOf({ LANG: 'de_DE.UTF-8' }), 'en');
});

test('the page of a code has both languages, the user’s first', () => {
  const page = pageOf('e1203', { LANG: 'ko_KR.UTF-8' }) ?? '';
  assert.match(
    page,
    /^E1203  인수의 개수가 맞지 않습니다\n\n원인: .*\n해결: .*\n\nE1203  Too few or too many arguments\n\nCause: /,
  );
  assert.equal(pageOf('E9999', {}), undefined);
  assert.match(codesPage({}), /^E1101  The daemon does not answer$/m);
});
