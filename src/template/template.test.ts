import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { MAX_TEMPLATE_CHARACTERS } from './parse.ts';
import { Template, TemplateError } from './index.ts';

const data = {
  Id: 'abc',
  State: { Running: true, Pid: 42, Health: null },
  Names: ['one', 'two'],
  Labels: { b: '2', a: '1' },
  Empty: [],
  Ports: { '80/tcp': [{ HostIp: '0.0.0.0', HostPort: '8080' }] },
  Label: (name: unknown) => `label ${String(name)}`,
  Big: 9223372036854775807n,
};

const cases: readonly (readonly [string, string])[] = [
  ['{{.Id}}', 'abc'],
  ['{{ .State.Pid }}', '42'],
  ['{{json .Names}}', '["one","two"]'],
  ['{{.Names}}', '[one two]'],
  ['{{.Labels}}', 'map[a:1 b:2]'],
  ['{{.State.Health}}', '<nil>'],
  ['{{.Big}}', '9223372036854775807'],
  ['{{len .Names}} {{len .Id}}', '2 3'],
  ['{{index .Names 1}}', 'two'],
  ['{{index .Labels "a"}}', '1'],
  ['{{(index (index .Ports "80/tcp") 0).HostPort}}', '8080'],
  ['{{range .Names}}<{{.}}>{{end}}', '<one><two>'],
  ['{{range $i, $n := .Names}}{{$i}}{{$n}} {{end}}', '0one 1two '],
  ['{{range $k, $v := .Labels}}{{$k}}={{$v}};{{end}}', 'a=1;b=2;'],
  ['{{range .Empty}}x{{else}}none{{end}}', 'none'],
  ['{{range .Names}}{{if eq . "two"}}{{break}}{{end}}{{.}}{{end}}', 'one'],
  ['{{if .State.Running}}up{{else}}down{{end}}', 'up'],
  ['{{if .State.Health}}h{{else if .State.Running}}r{{end}}', 'r'],
  ['{{with .State}}{{.Pid}}{{$.Id}}{{end}}', '42abc'],
  ['{{$x := .Id}}{{$x | upper}}', 'ABC'],
  ['{{.Label "x"}}', 'label x'],
  ['{{join .Names ","}} {{split "a-b" "-"}}', 'one,two [a b]'],
  ['{{title "some words"}} {{lower "ABC"}}', 'Some Words abc'],
  ['{{pad .Id 1 2}}|{{truncate .Id 2}}', ' abc  |ab'],
  ['{{printf "%s-%05d-%q" .Id 42 "x"}}', 'abc-00042-"x"'],
  ['{{println .Id 1}}', 'abc 1\n'],
  ['{{and .State.Running .Id}} {{or "" .Id}} {{not .Id}}', 'abc abc false'],
  ['{{eq 1 2 1}} {{ne 1 2}} {{lt 1 2}} {{ge "b" "a"}}', 'true true true true'],
  ['a {{- /* note */ -}} b', 'ab'],
  ['x {{- .Id -}} y', 'xabcy'],
  ['{{"quoted\\n"}}{{`raw\\n`}}', 'quoted\nraw\\n'],
];

for (const [source, want] of cases) test(`runs ${source}`, () => assert.equal(new Template(source).run(data), want));

const bad: readonly (readonly [string, string])[] = [
  ['{{.Id', 'template: :1: unclosed action'],
  ['{{nope .}}', 'template: :1: function "nope" not defined'],
  ['{{if .Id}}', 'template: :1: unexpected EOF'],
  ['{{end}}', 'template: :1: unexpected {{end}}'],
  ['{{$x}}', 'template: :1: undefined variable "$x"'],
  ['{{.Nope}}', 'template: :1:2: executing "" at <.Nope>: map has no entry for key "Nope"'],
  ['{{.State.Nope}}', 'template: :1:8: executing "" at <.State.Nope>: map has no entry for key "Nope"'],
  [
    '{{index .Names 5}}',
    'template: :1:2: executing "" at <index .Names 5>: error calling index: index out of range: 5',
  ],
];

for (const [source, want] of bad) {
  test(`refuses ${source}`, () => {
    assert.throws(
      () => new Template(source).run(data),
      (error) => error instanceof TemplateError && error.message === want,
    );
  });
}

test('a header has titles where rows have values', () => {
  assert.equal(
    new Template('{{.ID}}\t{{json .Names}}').header({ ID: 'CONTAINER ID', Names: 'NAMES' }),
    'CONTAINER ID\tNAMES',
  );
});

test('text without actions is itself', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      fc.pre(!text.includes('{{'));
      assert.equal(new Template(text).run(data), text);
    }),
  );
});

test('json of a value reads back as the value', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      assert.deepEqual(JSON.parse(new Template('{{json .}}').run(value)), JSON.parse(JSON.stringify(value)));
    }),
  );
});

test('no source makes the parser fail in its own way', () => {
  const pieces = fc.constantFrom(
    '{{',
    '}}',
    '.A',
    ' ',
    '|',
    '(',
    ')',
    '"x"',
    'if',
    'end',
    'range',
    '$x',
    ':=',
    'len',
    '1',
    '-',
    'else',
  );
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 12 }), (parts) => {
      try {
        new Template(parts.join('')).run({ A: [1] });
      } catch (error) {
        assert.ok(error instanceof TemplateError, String(error));
      }
    }),
  );
});

for (const [template, expected] of [
  ['{{define "t"}}[{{.}}]{{end}}{{template "t" .A}}{{template "t" "x"}}', '[1][x]'],
  ['{{block "b" .A}}<{{.}}>{{end}}{{template "b" 2}}', '<1><2>'],
  ['{{define "a"}}{{template "b" .}}!{{end}}{{define "b"}}{{.A}}{{end}}{{template "a" .}}', '1!'],
] as const)
  test(`users E18: ${template}`, () => assert.equal(new Template(template).run({ A: 1 }), expected));

test('safety H3: clauses and parentheses may be deep, but not without end', () => {
  const nested = (count: number): string => `${'{{if .A}}'.repeat(count)}x${'{{end}}'.repeat(count)}`;
  assert.equal(new Template(nested(400)).run({ A: true }), 'x');
  const chain = `{{if .B}}${'{{else if .B}}'.repeat(5000)}{{end}}`;
  for (const deep of [nested(8000), chain, `{{${'('.repeat(50_000)}.A${')'.repeat(50_000)}}}`])
    assert.throws(() => new Template(deep), { message: /deeper than 500/ });
});

test('limit: a template that is longer than an argument can be is refused', () => {
  assert.equal(new Template('x'.repeat(MAX_TEMPLATE_CHARACTERS)).run({}).length, MAX_TEMPLATE_CHARACTERS);
  assert.throws(() => new Template('x'.repeat(MAX_TEMPLATE_CHARACTERS + 1)), {
    message: 'template: :1: longer than 131072 characters',
  });
});

test('limit: what a short template can make of little ends', () => {
  const run = (text: string): string => new Template(text).run({});
  assert.equal(run('{{range 1000}}x{{end}}').length, 1000);
  for (const loops of [
    '{{range 100000000000}}x{{end}}',
    '{{range 100000}}{{range 100000}}x{{end}}{{end}}',
    `{{define "a0"}}x{{end}}${Array.from({ length: 60 }, (_, at) => `{{define "a${at + 1}"}}{{template "a${at}"}}{{template "a${at}"}}{{end}}`).join('')}{{template "a60"}}`,
  ])
    assert.throws(() => run(loops), { message: /more than 1000000 steps/ });
  assert.throws(() => run(`{{$a := "xxxxxxxx"}}${'{{$a = printf "%s%s" $a $a}}'.repeat(40)}`), {
    message: /a text of more than/,
  });
  assert.throws(() => run(`{{$a := printf "%1000000d" 1}}{{range 1000}}{{$a}}{{end}}`), {
    message: /a text of more than/,
  });
  // what is not printed is work too
  const doubled = `"\\\\"${'|js'.repeat(20)}`;
  for (const long of [
    `{{"\\\\"${'|js'.repeat(24)}|len}}`,
    `{{len (${doubled})}}`.repeat(20),
    `{{$a := ${doubled}}}{{range 100000}}{{len $a}}{{end}}`,
    `{{$a := split (${doubled}) ""}}{{range 100000}}{{join $a ""|len}}{{end}}`,
  ]) {
    const start = process.threadCpuUsage().user;
    assert.throws(() => run(long), { message: /a text of more than/ });
    assert.ok(process.threadCpuUsage().user - start < 3_000_000, long.slice(0, 50));
  }
  for (const empty of [
    '{{range 1000000}}{{end}}'.repeat(1000),
    `{{range 1000}}{{range 1000}}{{range 1000}}{{end}}{{end}}{{end}}`,
    `{{range 1000000}}{{if (or ${'false '.repeat(20_000)})}}{{end}}{{end}}`,
    `{{range 1000000}}{{or ${'(not 1) '.repeat(10_000)}}}{{end}}`,
  ]) {
    const start = process.threadCpuUsage().user;
    assert.throws(() => run(empty), { message: /more than 1000000 steps/ });
    assert.ok(process.threadCpuUsage().user - start < 3_000_000, empty.slice(0, 50));
  }
  assert.throws(() => run('{{pad "x" 1000001 0}}'), { message: /more than 1000000 blanks/ });
  assert.equal(run('{{printf "%1000001d|%.1000001f" 1 1.5}}'), '%!(BADWIDTH)|%!(BADPREC)');
});

test('safety H3: many variables cost no more than their number', () => {
  const many = Array.from({ length: 6000 }, (_, at) => `{{$v${at}:=1}}`).join('');
  const start = process.threadCpuUsage().user;
  const parsed = new Template(`${many}${'{{if 1}}{{end}}'.repeat(2000)}`);
  assert.ok(parsed instanceof Template);
  assert.ok(process.threadCpuUsage().user - start < 2_000_000);
  assert.throws(() => new Template('{{if 1}}{{$a := 1}}{{end}}{{$a}}'), { message: /undefined variable/ });
  assert.equal(new Template('{{$a := 1}}{{if 1}}{{$a := 2}}{{$a}}{{end}}{{$a}}').run({}), '21');
});
