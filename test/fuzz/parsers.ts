// The parsers that read bytes of others, each as a function of bytes, with what it is tried on first and what is bad for it.
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { cleanPath, originForm } from '../../src/api/path.ts';
import { readFilters } from '../../src/api/query.ts';
import { decodeFrames } from '../../src/http/websocket.ts';
import { goRegExp } from '../../src/base/go-regexp.ts';
import { expand, parseDockerfile } from '../../src/builder/dockerfile/index.ts';
import { MAX_INSTRUCTION_CHARACTERS } from '../../src/builder/dockerfile/lines.ts';
import { wildcard } from '../../src/builder/graph/match.ts';
import { Definition, Op, Packet, SolveRequest, Stat } from '../../src/builder/buildkit/protocol/messages.ts';
import { Deframer, frame } from '../../src/builder/buildkit/transport/frames.ts';
import { checkDockerfile } from '../../src/builder/lint/index.ts';
import { Template } from '../../src/template/index.ts';
import { Inflated } from '../../src/host/sandbox/inflate.ts';
import { TarReader } from '../../src/host/sandbox/tar/read.ts';
import { header, paxRecord, sumUp } from '../../src/host/sandbox/tar/write.ts';
import { attributes, decode, nested, textOf } from '../../src/host/netlink/codec.ts';
import { parseReference } from '../../src/images/reference/index.ts';
import { answers, readQuery } from '../../src/network/dns/wire.ts';
import { parseChallenges } from '../../src/registry/client/challenge.ts';
import { parseDocument } from '../../src/registry/client/document.ts';
import { nextLink } from '../../src/registry/client/link.ts';
import { lookupUser } from '../../src/runtime/user/lookup.ts';
import { ignoreMatcher, readIgnoreFile } from '../../src/spec/ignore/index.ts';
import { decompress } from '../../src/store/compression.ts';
import { TEXT_PARSERS } from './text-parsers.ts';

export interface Parser {
  readonly run: (input: Buffer) => unknown;
  readonly seeds: readonly (string | Buffer)[];
  /** Texts that are repeated to a megabyte, between a head and a tail: bad for backtracking, joining or nesting. */
  readonly bad: readonly (readonly [head: string, repeated: string, tail: string])[];
  /** How often `run` reads the whole input; once where it is not said. */
  readonly reads?: number;
  /** It works on threads of its own, which count. */
  readonly threads?: boolean;
}

const PLATFORM = { architecture: 'amd64', os: 'linux', variant: '' };
const VARIABLES = new Map([
  ['a', 'aaaa/bbbb.tar.gz'],
  ['b', ''],
]);
/** Of a request, by Node's HTTP parser. */
export const MAX_HEAD = 16 * 1024;
const utf8 = (input: Buffer): string => input.toString('utf8');

/** The bytes in pieces, as a blocking source. */
function sourceOf(input: Buffer, piece = 512): { next(): Buffer | undefined } {
  let at = 0;
  return {
    next: () => {
      if (at >= input.length) return undefined;
      at += piece;
      return input.subarray(at - piece, at);
    },
  };
}

/** A bomb is not what is looked for: no more is read than a thousand times the input. */
function* within(input: Buffer, next: () => Buffer | undefined): Generator<Buffer, void, void> {
  let left = 1000 * input.length + 1024 * 1024;
  for (let chunk = next(); chunk && left > 0; chunk = next()) {
    left -= chunk.length;
    yield chunk;
  }
}

const BLOCK = 512;
const LONG = 'n'.repeat(300);

/** A member with a flag in place of its type's where one is given. */
function member(body: string, flag = ''): Buffer {
  const head = header({ name: 'a/file', type: 'file', size: body.length });
  head.write(flag, 156, 'latin1');
  const content = Buffer.alloc(Math.ceil(body.length / BLOCK) * BLOCK);
  content.write(body);
  return Buffer.concat([sumUp(head), content]);
}

/** Archives whose checksums are right again, so that what was changed is read at all. */
function summedUp(input: Buffer): Buffer {
  const archive = Buffer.from(input);
  for (let at = 0; at + BLOCK <= archive.length; at += BLOCK) {
    const block = archive.subarray(at, at + BLOCK);
    if (block.toString('latin1', 257, 262) === 'ustar') sumUp(block);
  }
  return archive;
}

export const PARSERS: Readonly<Record<string, Parser>> = {
  dockerfile: {
    run: (input) => {
      const { value } = parseDockerfile(input);
      checkDockerfile(value, {
        given: new Map(),
        build: PLATFORM,
        target: PLATFORM,
        targetStage: '',
        allStages: true,
        base: () => undefined,
      });
    },
    seeds: [
      '# syntax=x\n# escape=`\nARG A=1\nFROM a:$A AS b\nRUN --mount=type=cache,target=/x x `\n y\nCOPY --from=b [ "a", "b" ] /x/\n',
      'FROM scratch\nRUN <<EOF <<-"B"\na\nEOF\n\tB\nENV a=b c="d e" f=\'g\'\nLABEL x y\nHEALTHCHECK --interval=5s CMD x\nONBUILD ADD a b\n',
      'FROM a\nENV x=${a:-${b:+c}} y=${a//p*/q} z=${a##*/}\nEXPOSE 80-90/tcp\nVOLUME ["/a"]\nUSER u:g\nSTOPSIGNAL 9\nSHELL ["sh"]\nARG q\nCMD x # y\nWORKDIR a\n',
    ],
    bad: [
      ['FROM a\nRUN ', ' ', ''],
      ['FROM a\nRUN a', ' \\\n', ''],
      ['FROM a\nRUN a', ' \\\n ', 'b'],
      ['FROM a', '\t', 'AS'],
      ['FROM a\n', 'RUN <<a ', ''],
      ['FROM a\nENV b=', 'a=\\\n', ''],
      ['FROM a\nENV b=', '${a:-\\\n', ''],
      ['FROM a\nRUN <<', 'a', ''],
      ['FROM a\n', 'ENV a=$a$a b=${a//*a*a*a/aa}\n', ''],
      ['', '# a\n', ''],
      ['FROM a\n', 'ONBUILD ', 'RUN a'],
      ['FROM a\nCOPY ', '"', ''],
      ['FROM a\n', 'FROM a\n', ''],
      ['FROM a\n', 'ARG x=$x\n', ''],
      ['FROM a\nLABEL ', 'a=b \\\n', ''],
      ['FROM a\nRUN ["a"', ',"a"', ']'],
      ['FROM a\nRUN --mount=', 'a,', ''],
      ['', '\n', ''],
      ['', '\\\n', ''],
      ['FROM a\nHEALTHCHECK ', '--a=b ', ''],
    ],
  },
  expand: {
    // a word is no longer than an instruction may be
    run: (input) => expand(utf8(input.subarray(0, MAX_INSTRUCTION_CHARACTERS)), VARIABLES),
    seeds: ['${a#*/}${a%%.*}', '"$a"\'$b\'${b:?x}', '${a//a?/\\}}<< x', '${a/*/b}${a:-${b:+"x y"}}'],
    bad: [
      ['', '${a:-', ''],
      ['', '"', ''],
      ['', '$a', ''],
      ['${a//', '*a', '/x}'],
      ['', '${a//*a/x}', ''],
      ['', ' ', ''],
    ],
  },
  ignore: {
    run: (input) => {
      const matcher = ignoreMatcher(readIgnoreFile(utf8(input)));
      for (const path of ['a', 'a/b/c.go', 'aaaa/aaaa/aaaa', 'a/'.repeat(30) + 'b']) matcher.ignores(path);
    },
    seeds: ['# x\n**/*.go\n!a/b\n', 'a/**/b\n[a-z]*\n\\*x\n?\n', '**\n!**/c\n/x/../y/\n', '*a*a*a*b\n**/**/x\n'],
    bad: [
      ['', '*a', 'b'],
      ['', '**/', 'b'],
      ['', 'a**/', 'b'],
      ['', '[^b]*', 'b'],
      ['', 'a\n', ''],
      ['', ' ', 'a'],
      ['', '*a*a*a*b\n', ''],
      ['', '../', ''],
      ['', '[', ''],
      ['[', 'a', ']'],
      ['', '!', ''],
    ],
  },
  wildcard: {
    run: (input) => {
      const [pattern = '', path = ''] = utf8(input).split('\n');
      return [wildcard(pattern, true)(path), wildcard(pattern, false)(path)];
    },
    seeds: ['a*/[a-z]?\naa/bx', '**/x\na/b/x', 'a**/b\\*\na/b*'],
    bad: [
      ['*a*a*a*a*b\n', 'a', ''],
      ['**/*a*a*a/b\n', 'a/', ''],
      ['a**/**a**/b\n', 'a/', ''],
    ],
  },
  expression: {
    run: (input) => goRegExp(utf8(input))?.('web-1-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'),
    seeds: ['^/?web.*$', '(a+)+$', '[[:alpha:]]{2,3}|\\pL', '(?i)a|(?:b)*?'],
    bad: [['', '(a*)*', 'b']],
  },
  document: {
    run: (input) => parseDocument(input, ''),
    seeds: [
      `{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"sha256:${'a'.repeat(64)}","size":2},"layers":[{"mediaType":"application/vnd.oci.image.layer.v1.tar+gzip","digest":"sha256:${'b'.repeat(64)}","size":3}]}`,
      `{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"sha256:${'a'.repeat(64)}","size":2,"platform":{"architecture":"amd64","os":"linux"}}]}`,
    ],
    bad: [
      ['', '[', ''],
      ['', '{"a":', ''],
      ['{"schemaVersion":2,"manifests":[', '{},', '{}]}'],
      ['{"schemaVersion":2,"layers":[', '{"digest":"sha256:a"},', '{}]}'],
      ['"', '\\u0000', '"'],
    ],
  },
  challenge: {
    run: (input) => parseChallenges(input.toString('latin1')),
    seeds: ['Bearer realm="https://a/b",service="c",scope="d"', 'Basic realm=x, Bearer a="\\"b"'],
    bad: [
      ['', ',', ''],
      ['Bearer a="', '\\"', ''],
      ['', 'Bearer ', ''],
    ],
  },
  link: {
    run: (input) => nextLink(input.toString('latin1')),
    seeds: ['</v2/a>; rel="next"', '<a>;rel=prev, <b> ; rel=next'],
    bad: [
      ['', '<', ''],
      ['', '<>', ''],
      ['<a>', ' ', ''],
    ],
  },
  reference: {
    run: (input) => parseReference(utf8(input)),
    seeds: ['a', 'localhost:5000/a/b_c__d-e:tag', `[::1]:5/a@sha256:${'a'.repeat(64)}`],
    bad: [
      ['', 'a', ''],
      ['', 'a/', ''],
      ['', 'a-', ''],
      ['', 'a.', '/a'],
      ['', '_', 'a'],
      ['a:', 'a', ''],
    ],
  },
  passwd: {
    run: (input) => lookupUser(utf8(input), utf8(input), 'user', ['wheel']),
    seeds: ['root:x:0:0:root:/root:/bin/sh\nuser:x:1000:1000::/home/user:\n', 'wheel:x:10:user,root\n:::\n'],
    bad: [
      ['', ':', ''],
      ['', '\n', ''],
      ['user:x:1:1:', ',', ''],
      ['', 'user:x:1:user,user\n', ''],
      ['user:x:', '1', ':'],
    ],
  },
  template: {
    run: (input) => new Template(utf8(input)).run({ A: 'a', B: [1, 2], C: { D: true } }),
    seeds: [
      '{{.A}}\t{{range $i, $b := .B}}{{$i}}{{end}}',
      '{{if and .A (eq .A "a")}}x{{else}}y{{end}}',
      '{{- printf "%-5.2s" .A | json -}}',
      '{{/* c */}}{{with .C}}{{.D}}{{end}}',
    ],
    bad: [
      ['', '{{', ''],
      ['', '{{.A}}', ''],
      ['', ' ', '{{- .A}}'],
      ['{{', '(', ''],
      ['{{', '.A|', ''],
      ['', '{{if .A}}', ''],
      ['', '{{/*', ''],
      ['{{"', '\\', '"}}'],
      ['{{printf "%', '0', 'd" 1}}'],
      ['{{.', 'A.', 'A}}'],
    ],
  },
  path: {
    run: (input) => cleanPath(originForm(input.toString('latin1', 0, MAX_HEAD))),
    seeds: ['http://a/v1.4/containers/../json?x=1', '/a/%2e%2e//b', '*'],
    bad: [
      ['', '/../', ''],
      ['', '/', ''],
      ['http://', 'a', ''],
      ['/', '%2e', ''],
    ],
  },
  filters: {
    // of an address, which is a part of a request's head
    run: (input) => readFilters(utf8(input.subarray(0, MAX_HEAD))),
    seeds: ['{"name":["a"],"label":{"b":true}}', '{"a":[]}'],
    bad: [
      ['', '[', ''],
      ['{"a":[', '"a",', '"a"]}'],
    ],
  },
  dns: {
    run: (input) => {
      const read = readQuery(input);
      if (input.length >= 24) answers(input.subarray(input.length >> 1), input.subarray(0, input.length >> 1));
      return read;
    },
    seeds: [
      Buffer.from('0001010000010000000000000377656203636f6d0000010001', 'hex'),
      Buffer.from('000101000001000000000001016100001c00010000291000000000000000', 'hex'),
    ],
    bad: [['\0\0\x01\0\0\x01\0\0\0\0\0\0', '\x01a', '']],
  },
  websocket: {
    run: (input) => decodeFrames(input),
    seeds: [Buffer.from('8285010203046967606d6e', 'hex'), Buffer.from('89800102030488fe0002aabbccdd0102', 'hex')],
    bad: [
      ['', '\x82\x80\0\0\0\0', ''],
      ['', '\x89\x80\0\0\0\0', ''],
    ],
  },
  protobuf: {
    reads: 5,
    run: (input) => {
      for (const each of [Op, Definition, SolveRequest, Packet, Stat]) {
        try {
          each.decode(input);
        } catch (error) {
          if (!isOurs(error)) throw error;
        }
      }
    },
    seeds: [
      Buffer.from('0a0612040a0261620a021203', 'hex'),
      Buffer.from('0801120f0a01611080031a03666f6f28b2b3b4052a00', 'hex'),
      Buffer.from('12050a01611201620a0161', 'hex'),
    ],
    bad: [
      ['', '\x0a\x00', ''],
      ['', '\x0a\x7f', ''],
      ['', '\xff', ''],
      ['', '\x0b', ''],
      ['', '\x12\x04\x0a\x01a\x12', ''],
    ],
  },
  grpc: {
    run: (input) => {
      const deframer = new Deframer();
      for (let at = 0; at < input.length; at += 100) Array.from(deframer.push(input.subarray(at, at + 100)));
    },
    seeds: [Buffer.concat([frame(Buffer.from('abc')), frame(Buffer.alloc(300))])],
    bad: [
      ['', '\0\0\0\0\0', ''],
      ['\0\0\x10\0\0', 'a', ''],
    ],
  },
  netlink: {
    run: (input) => decode(input).map(({ payload }) => [...attributes(payload).values()].map(textOf)),
    seeds: [
      Buffer.concat([
        Buffer.from('20000000100000000100000000000000', 'hex'),
        nested(1, [Buffer.from('abc')]),
        Buffer.alloc(8),
      ]),
    ],
    bad: [
      ['', '\x10\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0', ''],
      ['', '\x04\0\x01\0', ''],
    ],
  },
  tar: {
    run: (input) => {
      const reader = new TarReader(sourceOf(summedUp(input)));
      for (let entry = reader.next(); entry; entry = reader.next()) for (const _ of within(input, () => reader.data()));
    },
    seeds: [
      Buffer.concat([member('hello'), header({ name: 'd/', type: 'directory' }), Buffer.alloc(2 * BLOCK)]),
      Buffer.concat([member(paxRecord('path', 'long/name') + paxRecord('mtime', '1.5'), 'x'), member('hello')]),
      Buffer.concat([member(LONG, 'L'), member('x'), member(LONG, 'K'), member('', '2')]),
      Buffer.concat([
        member(paxRecord('GNU.sparse.major', '1') + paxRecord('GNU.sparse.minor', '0'), 'x'),
        member('1\n0\n5\n'),
      ]),
      member('hello', 'S'),
      header({ name: LONG, type: 'file', size: 2 ** 40, xattrs: new Map([['user.a', 'b']]) }),
    ],
    bad: [['', '\0', '']],
  },
  gzip: {
    run: (input) => {
      const inflated = new Inflated(sourceOf(input));
      try {
        for (const _ of within(input, () => inflated.next()));
      } finally {
        inflated.close();
      }
    },
    seeds: [Buffer.concat([gzipSync('hello'), gzipSync(''), Buffer.alloc(20)]), gzipSync(Buffer.alloc(5000))],
    bad: [
      ['\x1f\x8b\x08\x08\0\0\0\0\0\0', 'a', ''],
      ['\x1f\x8b\x08\0\0\0\0\0\0\0', '\0', ''],
    ],
  },
  zstd: {
    threads: true,
    run: async (input) => {
      async function* pieces(): AsyncGenerator<Buffer, void, void> {
        const source = sourceOf(input);
        for (let piece = source.next(); piece; piece = source.next()) yield piece;
      }
      let left = 1000 * input.length + 1024 * 1024;
      for await (const chunk of decompress(pieces(), 'zstd')) if ((left -= chunk.length) < 0) break;
    },
    seeds: [
      Buffer.concat([zstdCompressSync('hello'), zstdCompressSync('')]),
      Buffer.from('502a4d18020000000102', 'hex'),
    ],
    bad: [
      ['', '\x50\x2a\x4d\x18\0\0\0\0', ''],
      ['\x28\xb5\x2f\xfd\x24\0', '\0\0\0', ''],
    ],
  },
  ...TEXT_PARSERS,
};

/** Errors that a parser may throw: those it makes itself, and none of the language or of Node. */
export function isOurs(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (error instanceof TypeError || error instanceof RangeError || error instanceof ReferenceError) return false;
  return !(error instanceof SyntaxError) && !('code' in error && String(error.code).startsWith('ERR_'));
}

export const MEGABYTE = 1024 * 1024;

/** The bad inputs of a parser, so many bytes each. Every character is a byte. */
export function badInputs({ bad }: Parser, size = MEGABYTE): readonly { name: string; input: Buffer }[] {
  return bad.map(([head, repeated, tail]) => ({
    name: JSON.stringify(`${head}(${repeated})*${tail}`),
    input: Buffer.from(head + repeated.repeat(Math.ceil(size / repeated.length)) + tail, 'latin1'),
  }));
}
