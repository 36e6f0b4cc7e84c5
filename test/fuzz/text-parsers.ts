// More parsers of foreign texts: of other programs' output, of headers, names and tokens, and of files that a user was given.
import { parseCsv } from '../../src/base/go-text.ts';
import { decodeConfig } from '../../src/builder/cache/remote/config.ts';
import { parseGitRef, withoutPassword } from '../../src/builder/remote/git-ref.ts';
import { parseHead } from '../../src/client/wire.ts';
import { digestOf } from '../../src/cluster/security/token.ts';
import { splitAddress } from '../../src/cluster/wire/dial.ts';
import { parseEnv } from '../../src/compose/load/dotenv.ts';
import { parseYaml } from '../../src/compose/load/parse.ts';
import { changedHosts, movedHost } from '../../src/engine/container/files.ts';
import { forwardChains, readRules } from '../../src/host/forward-filter.ts';
import { byteRange } from '../../src/http/byte-range.ts';
import { matchesEtag } from '../../src/http/conditional.ts';
import { basicCredentials } from '../../src/hub/access/credentials.ts';
import { parseScope } from '../../src/hub/access/tokens.ts';
import { checkReference, isRepositoryName } from '../../src/hub/model/names.ts';
import { readManifest } from '../../src/hub/model/manifest.ts';
import { accepts } from '../../src/hub/protocol/accept.ts';
import { parseRuleset } from '../../src/network/firewall/ruleset.ts';
import { LineParser } from '../../src/runtime/logs/lines.ts';
import { MAX_HEAD, type Parser } from './parsers.ts';

const utf8 = (input: Buffer): string => input.toString('utf8');
const latin1 = (input: Buffer): string => input.toString('latin1');
const HEX = 'a'.repeat(64);
const LINE = '2026-01-02T03:04:05.678901234+00:00 stdout F ';

export const TEXT_PARSERS: Readonly<Record<string, Parser>> = {
  ruleset: {
    reads: 3,
    run: (input) => [parseRuleset(utf8(input)), forwardChains(utf8(input)), readRules(utf8(input), 'berth')],
    seeds: [
      'table ip nat {\n\tset s {\n\t\ttype ipv4_addr\n\t}\n\tchain a {\n\t\ttype nat hook forward priority dstnat; policy drop;\n\t\tip saddr @s jump b\n\t}\n\n\tchain b {\n\t}\n}\n',
      'table netdev x {\n\tchain y {\n\t\ttype filter hook ingress devices = { "a", "b" } priority filter; policy accept;\n\t}\n}\n',
      '-P FORWARD DROP\n-A FORWARD -m comment --comment "berth" -j ACCEPT\n',
    ],
    bad: [
      ['', 'table ip a {\n', ''],
      ['table ip a {\n', '\tchain b {\n\t}\n', '}'],
      ['table ip a {\n\tchain b {\n\t\ttype filter hook ingress device ', ' }', '\n\t}\n}\n'],
      ['table ip a {\n\tchain b {\n', '\t\taccept\n', '\t}\n}\n'],
      ['', ' ', '{'],
      ['-A FORWARD ', '"', ''],
    ],
  },
  head: {
    run: (input) => parseHead(latin1(input)),
    seeds: ['HTTP/1.1 200 OK\r\nContent-Length: 3\r\nX: y\r\n', 'HTTP/1.0 101 \r\n'],
    bad: [
      ['HTTP/1.1 200 OK\r\n', 'a: b\r\n', ''],
      ['HTTP/1.1 200 ', ' ', ''],
      ['HTTP/1.1 200 OK\r\na:', ' ', 'x'],
    ],
  },
  gitref: {
    run: (input) => [withoutPassword(utf8(input)), parseGitRef(utf8(input))],
    seeds: [
      'https://u:p@host/x.git?branch=b&subdir=c#ref:folder',
      'git@host:x.git#a',
      'ssh://git@h:22/x.git?checksum=abc',
    ],
    bad: [
      ['https://', 'a', '/x.git'],
      ['', 'https://', ''],
      ['https://host/x.git?', 'a=b&', ''],
      ['https://host/x.git#', '../', ''],
      ['', 'a://b:', ''],
      ['git@', 'a.', ':x'],
    ],
  },
  cacheconfig: {
    run: (input) => decodeConfig(input, new Map([['sha256:a', {} as never]])),
    seeds: [
      '{"layers":[{"blob":"sha256:a","parent":-1}],"records":[{"digest":"sha256:b","layers":[{"layer":0}],"inputs":[[{"link":1}]]}]}',
      '{"records":[{"results":[{"layer":0,"createdAt":"2026-01-01T00:00:00Z"}],"digest":"sha256:c"}]}',
    ],
    bad: [
      ['{"records":[', '{},', '{}]}'],
      ['{"layers":[{"blob":"sha256:a","parent":0}],"records":[', '{"results":[{"layer":0}]},', '{}]}'],
      ['{"records":[{"digest":"sha256:b","inputs":[[', '{"link":0},', '{}]]}]}'],
    ],
  },
  yaml: {
    run: (input) => parseYaml(utf8(input), 'compose.yaml'),
    seeds: [
      'services:\n  web:\n    image: a\n    ports: ["80:80"]\n    command: |\n      a\n      b\n',
      'x: &a {b: c}\ny: *a\nz: {<<: *a}\n---\nq: !reset null\n',
      "a: 'b''c'\nd: \"e\\n\"\nf: >-\n  g\n\n  h\n",
    ],
    bad: [
      ['a: ', '[', ''],
      ['', 'a:\n', ''],
      ['a:\n', '  - b\n', ''],
      ['a: "', '\\"', '"'],
      ['a: ', ' ', '#'],
      ['a: |\n', '  b\n', ''],
    ],
  },
  dotenv: {
    run: (input) => parseEnv(utf8(input), new Map(), { lookup: () => undefined }),
    seeds: ['A=b\nB="c $A ${B:-d}"\n# x\nexport C=\'e\'\nD', 'A=a#b\nB= c #d\n'],
    bad: [
      ['', 'A=$A\n', ''],
      ['A="', '\\"', '"'],
      ['A=', '${A:-', ''],
      ['', ' ', 'A'],
      ['', 'A\n', ''],
    ],
  },
  hub: {
    run: (input) => {
      // a server is given no longer head
      const text = latin1(input.subarray(0, MAX_HEAD));
      const found = [
        parseScope(text),
        isRepositoryName(text),
        byteRange(text, 100),
        matchesEtag(text, '"a"'),
        accepts(text, 'a/b'),
        basicCredentials(text),
      ];
      checkReference(text);
      return found;
    },
    seeds: [
      'repository:team/app:pull,push',
      'a/b-c__d.e',
      'bytes=0-9',
      'W/"a", *',
      'a/b;q=1, */*',
      'Basic YTpi',
      `sha256:${HEX}`,
    ],
    bad: [
      ['', 'a-', ''],
      ['', 'a/', ''],
      ['', ',', ''],
      ['', 'a.', '_'],
      ['bytes=', ' ', '1-2'],
      ['repository:', ':', ''],
      ['sha256:', 'a', ''],
    ],
  },
  manifest: {
    run: (input) => readManifest(input, ''),
    seeds: [
      `{"schemaVersion":2,"config":{"mediaType":"a/b","digest":"sha256:${HEX}","size":2},"layers":[],"annotations":{"a":"b"}}`,
      `{"schemaVersion":2,"manifests":[{"digest":"sha256:${HEX}","size":3,"platform":{"os":"linux"}}],"subject":{"digest":"sha256:${HEX}","size":3}}`,
    ],
    bad: [
      ['{"schemaVersion":2,"layers":[', `{"digest":"sha256:${HEX}","size":1},`, '{}]}'],
      ['{"schemaVersion":2,"annotations":{', '"a":"b",', '"c":"d"}}'],
    ],
  },
  loglines: {
    reads: 2,
    run: (input) => {
      for (const merge of [false, true])
        new LineParser({ stdout: true, stderr: true }, merge).parse(Buffer.concat([input, Buffer.from('\n')]));
    },
    seeds: [`${LINE}a\n${LINE.replace('F', 'P')}b\n`, `${LINE.replace('stdout', 'stderr')}c\n\n`],
    bad: [
      ['', '\n', ''],
      ['', LINE, ''],
      ['', `${LINE}\n`, ''],
    ],
  },
  hosts: {
    reads: 2,
    run: (input) => [
      changedHosts(utf8(input), [{ ip: '10.0.0.1', names: ['a'] }], [{ ip: '10.0.0.2', names: ['b'] }]),
      movedHost(utf8(input), ['a', 'b'], '10.0.0.3'),
    ],
    seeds: ['127.0.0.1\tlocalhost\n10.0.0.1\ta\n', '10.0.0.9 a b c # d\n'],
    bad: [
      ['', '\n', ''],
      ['', ' ', ''],
      ['', 'a ', ''],
    ],
  },
  words: {
    reads: 3,
    run: (input) => {
      splitAddress(latin1(input));
      for (const read of [digestOf, parseCsv]) {
        try {
          read(latin1(input));
        } catch (error) {
          if (error instanceof TypeError || error instanceof RangeError) throw error;
        }
      }
    },
    seeds: ['[::1]:2377', 'host:1', `SWMTKN-1-${'a'.repeat(50)}-${'b'.repeat(25)}`, 'type=a,"b=c,""d"""'],
    bad: [
      ['[', ':', ']'],
      ['', 'a', ':'],
      ['', '"",', ''],
      ['"', '""', '"'],
      ['', ',', ''],
    ],
  },
};
