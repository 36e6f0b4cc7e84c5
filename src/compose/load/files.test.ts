// Several files as one project: overrides, extends, include, and where files are looked for.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Service } from '../model/project.ts';
import { load, refusal } from '../testing.ts';

function merged(base: string, override: string): Service {
  const files = {
    '/p/compose.yaml': `services: { a: { image: x, ${base} } }`,
    '/p/o.yaml': `services: { a: { ${override} } }`,
  };
  const service = load(files, { files: ['compose.yaml', 'o.yaml'] }).project.services['a'];
  assert.ok(service);
  return service;
}

test('each key is merged by its own rule', () => {
  for (const [key, base, override, expected] of [
    ['command', '[a, b]', '[c]', ['c']],
    ['command', '[a]', 'null', null],
    ['environment', '[A=1, B=2]', '{ B: 3, C: }', { A: '1', B: '3', C: null }],
    ['labels', '{ a: b }', '[a=c, d=e]', { a: 'c', d: 'e' }],
    ['dns', '1.1.1.1', '[1.1.1.1, 2.2.2.2]', ['1.1.1.1', '2.2.2.2']],
    ['cap_add', '[A]', '[A, B]', ['A', 'B']],
    ['extra_hosts', '["h:1.1.1.1"]', '{ h: 2.2.2.2 }', ['h=1.1.1.1', 'h=2.2.2.2']],
    ['logging', '{ driver: a, options: { x: y } }', '{ driver: b }', { driver: 'b' }],
    [
      'logging',
      '{ driver: a, options: { x: y } }',
      '{ options: { z: 1 } }',
      { driver: 'a', options: { x: 'y', z: '1' } },
    ],
    ['tmpfs', '/a', '[/b]', ['/a', '/b']],
    ['ulimits', '{ nofile: 1 }', '{ nofile: { soft: 2, hard: 3 } }', { nofile: { soft: 2, hard: 3 } }],
    ['healthcheck', '{ test: a, retries: 3 }', '{ test: [CMD, b] }', { test: ['CMD', 'b'], retries: 3 }],
  ] as const) {
    const service = merged(`${key}: ${base}`, `${key}: ${override}`);
    assert.deepEqual({ ...plain(service[key]) }, { ...plain(expected) }, `${key}: ${override}`);
  }
});

const plain = (value: unknown): object => ({ value: JSON.parse(JSON.stringify(value ?? null)) as unknown });

test('ports and mounts that are the same are there once, the later one in place of the earlier', () => {
  const service = merged(
    'ports: ["80:80"], volumes: ["./a:/d", "/e"]',
    'ports: ["80:80", "81:81"], volumes: ["./b:/d:ro"]',
  );
  assert.deepEqual(
    service.ports?.map(({ published }) => published),
    ['80', '81'],
  );
  assert.deepEqual(
    service.volumes?.map(({ source, target }) => `${source}:${target}`),
    ['/p/b:/d', 'undefined:/e'],
  );
});

test('!reset takes a key away, !override takes nothing over', () => {
  const service = merged(
    'ports: ["80:80"], environment: { A: 1, B: 2 }, restart: always',
    'ports: !override ["81:81"], environment: { A: !reset null }, restart: !reset null',
  );
  assert.deepEqual(
    service.ports?.map(({ published }) => published),
    ['81'],
  );
  assert.deepEqual({ ...service.environment }, { B: '2' });
  assert.equal(service.restart, undefined);
});

test('documents of one file override each other', () => {
  const { project } = load(
    'services: { a: { image: x, command: [a] } }\n---\nservices: { a: { command: [b], tty: true } }\n',
  );
  assert.deepEqual(project.services['a']?.command, ['b']);
  assert.equal(project.services['a']?.tty, true);
});

test('a service extends another, of the same file or of one elsewhere, whose paths stay its own', () => {
  const { project } = load({
    '/p/compose.yaml':
      'services: { a: { extends: { service: b, file: lib/base.yaml }, environment: { X: 2 } }, c: { extends: a, tty: true } }',
    '/p/lib/base.yaml':
      'services: { b: { extends: { service: d, file: more/deep.yaml }, environment: { X: 1, Y: 1 }, build: ./ctx } }',
    '/p/lib/more/deep.yaml': 'services: { d: { volumes: ["./data:/data"], env_file: d.env } }',
    '/p/lib/more/d.env': 'Z=1\n',
  });
  const { a, c } = project.services;
  assert.equal(a?.build?.context, '/p/lib/ctx');
  assert.equal(a?.volumes?.[0]?.source, '/p/lib/more/data');
  assert.deepEqual({ ...a?.environment }, { X: '2', Y: '1', Z: '1' });
  assert.equal(c?.tty, true);
  assert.equal(c?.build?.context, '/p/lib/ctx');
});

test('what can’t be extended is named with its line', () => {
  assert.equal(
    refusal('services:\n  a:\n    extends: none\n'),
    `cannot extend service "a" in /p/compose.yaml: service "none" not found
 --> /p/compose.yaml:3:5
3 |     extends: none
  |     ^`,
  );
  assert.match(
    refusal({
      '/p/compose.yaml': 'services: { a: { extends: { file: b.yaml, service: z } } }',
      '/p/b.yaml': 'services: { y: {} }',
    }),
    /^cannot extend service "a" in \/p\/compose\.yaml: service "z" not found in b\.yaml/,
  );
});

test('an included project has a directory and an environment of its own', () => {
  const files = {
    '/p/compose.yaml': 'include: [sub/compose.yaml]\nservices: { m: { image: "m:${V:-none}", depends_on: [a] } }',
    '/p/sub/compose.yaml': 'services: { a: { image: "a:${V:-none}", volumes: ["./d:/d"] } }',
    '/p/sub/.env': 'V=inner\n',
  };
  const { a, m } = load(files).project.services;
  assert.equal(a?.image, 'a:inner');
  assert.equal(m?.image, 'm:none');
  assert.equal(a?.volumes?.[0]?.source, '/p/sub/d');
  assert.equal(load(files, {}, { V: 'shell' }).project.services['a']?.image, 'a:shell');
});

test('the same name in an included file is a conflict unless both are the same', () => {
  const sub = 'services: { a: { image: y } }';
  assert.match(
    refusal({ '/p/compose.yaml': 'include: [s.yaml]\nservices: { a: { image: x } }', '/p/s.yaml': sub }),
    /^services\.a conflicts with imported resource\n/,
  );
  load({ '/p/compose.yaml': 'include: [s.yaml, t.yaml]', '/p/s.yaml': sub, '/p/t.yaml': sub });
});

test('files are found by name, here or above, an override beside them', () => {
  const files = {
    '/p/docker-compose.yml': 'services: { a: { image: x } }',
    '/p/compose.override.yaml': 'services: { a: { tty: true } }',
    '/p/sub/x': '',
  };
  const loaded = load(files, { projectDirectory: '/p/sub' });
  assert.deepEqual(loaded.files, ['/p/docker-compose.yml', '/p/compose.override.yaml']);
  assert.equal(loaded.project.services['a']?.tty, true);
  assert.equal(refusal({ '/p/x': '' }), 'no configuration file provided: not found');
  assert.equal(refusal({ '/p/x': '' }, { files: ['none.yaml'] }), 'open /p/none.yaml: no such file or directory');
});

test('COMPOSE_ variables stand in for flags', () => {
  const files = {
    '/p/a.yaml': 'services: { a: { image: x, profiles: [t] }, b: { image: y } }',
    '/p/.env': 'COMPOSE_PROFILES=t\n',
  };
  const loaded = load(files, {}, { COMPOSE_FILE: 'a.yaml', COMPOSE_PROJECT_NAME: 'named' });
  assert.equal(loaded.project.name, 'named');
  assert.deepEqual(Object.keys(loaded.project.services), ['a', 'b']);
});

test('a project’s name is the flag’s, the file’s or the directory’s', () => {
  const name = (text: string, options = {}): string =>
    load({ '/My.Dir_X/c.yaml': text }, { files: ['/My.Dir_X/c.yaml'], ...options }).project.name;
  const services = 'services: { a: { image: x } }';
  assert.equal(name(services), 'mydir_x');
  assert.equal(name(`name: "Shop \${N:-1}"\n${services}`), 'shop1');
  assert.equal(name(services, { projectName: 'flag' }), 'flag');
  assert.match(refusal(services, { projectName: 'Bad' }), /^invalid project name "Bad": must consist only of/);
});

test('profiles decide which services take part', () => {
  const text =
    'services: { a: { image: x }, b: { image: y, profiles: [p] }, c: { image: z, profiles: [q], depends_on: [a] } }';
  const names = (options: Parameters<typeof load>[1]): string[] => Object.keys(load(text, options).project.services);
  assert.deepEqual(names({}), ['a']);
  assert.deepEqual(names({ profiles: ['p'] }), ['a', 'b']);
  assert.deepEqual(names({ profiles: ['*'] }), ['a', 'b', 'c']);
  assert.deepEqual(names({ services: ['c'] }), ['a', 'c']);
  assert.match(refusal(text, { services: ['none'] }), /^no such service: none/);
});
