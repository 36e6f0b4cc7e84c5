// What is refused, in docker compose's words: forms that the specification does not have, and projects that don't hold together.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { load, refusal } from '../testing.ts';

const first = (text: string): string => refusal(text).split('\n -->')[0] ?? '';
const inService = (text: string): string => first(`services:\n  a:\n    image: x\n    ${text}\n`);

test('a form that is not the specification’s is named by its place', () => {
  for (const [text, message] of [
    ['imge: x', "services.a additional properties 'imge' not allowed"],
    ['image2: x\n    ab: y', "services.a additional properties 'ab', 'image2' not allowed"],
    ['user: 1000', 'services.a.user must be a string'],
    ['tty: []', 'services.a.tty must be a boolean or string'],
    ['command: {}', 'services.a.command must be a null'],
    ['build: []', 'services.a.build must be a string'],
    ['healthcheck: { interval: 5 }', 'services.a.healthcheck.interval must be a string'],
    ['cpu_percent: 101', 'services.a.cpu_percent must be a string'],
    ['cgroup: other', "services.a.cgroup value must be one of 'host', 'private'"],
    ['container_name: x', "services.a.container_name 'x' does not match pattern '[a-zA-Z0-9][a-zA-Z0-9_.-]+'"],
    ['security_opt: [a, b, a]', 'services.a.security_opt items at 0 and 2 are equal'],
    ['provider: {}', "services.a.provider missing property 'type'"],
    ['ports: [{ target: 80, publish: 80 }]', "services.a.ports.0 additional properties 'publish' not allowed"],
    ['environment: { A: 2020-01-01 }', 'services.a.environment.A invalid jsonType time.Time'],
    ['environment: { A: [] }', 'services.a.environment.A must be a boolean, null, number or string'],
  ] as const)
    assert.equal(inService(text), `validating /p/compose.yaml: ${message}`, text);
});

test('keys that begin with x- may stand anywhere, and are printed where they stood', () => {
  const { project } = load('x-a: 1\nservices: { a: { image: x, x-b: { c: d }, deploy: { x-e: f } } }');
  assert.deepEqual({ ...project.extensions }, { 'x-a': 1 });
  assert.deepEqual(Object.keys(project.services['a']?.extensions ?? {}), ['x-b']);
  assert.deepEqual({ ...project.services['a']?.deploy?.extensions }, { 'x-e': 'f' });
});

test('values are read, or refused all at once', () => {
  assert.equal(
    inService('mem_limit: junk\n    stop_grace_period: "5"'),
    `decoding failed due to the following error(s):

'services[a].mem_limit' invalid size: 'junk'
'services[a].stop_grace_period' time: missing unit in duration "5"`,
  );
});

test('a variable’s value becomes what its key holds', () => {
  const { a } = load('services: { a: { image: x, init: "${B:-yes}", scale: "${N:-2}", cpus: "${C:-0.1}" } }').project
    .services;
  assert.deepEqual([a?.init, a?.scale, a?.cpus], [true, 2, Math.fround(0.1)]);
  assert.equal(
    inService('init: "${B:-maybe}"'),
    'error while interpolating services.a.init: failed to cast to expected type: invalid boolean: maybe',
  );
  assert.deepEqual(load('services: { a: { image: x, init: "yes" } }').warnings, [
    '"yes" for boolean is not supported by YAML 1.2, please use `true`',
  ]);
});

test('numbers in an environment are written as Go writes them', () => {
  const { a } = load(
    'services: { a: { image: x, environment: { A: 0x10, B: 010, C: 1.50, D: 1e21, E: 1_000, F: .inf, G: true, H: yes, I: 1000000.0, J: 9007199254740993 } } }',
  ).project.services;
  assert.deepEqual(
    { ...a?.environment },
    {
      A: '16',
      B: '8',
      C: '1.5',
      D: '1e+21',
      E: '1000',
      F: '+Inf',
      G: 'true',
      H: 'yes',
      I: '1e+06',
      J: '9007199254740993',
    },
  );
});

test('a project has to hold together', () => {
  const INVALID = ': invalid compose project';
  for (const [text, message] of [
    ['services: { a: {} }', `service "a" has neither an image nor a build context specified${INVALID}`],
    ['services: { a: { image: x, depends_on: [b] } }', `service "a" depends on undefined service "b"${INVALID}`],
    ['services: { a: { image: x, networks: [n] } }', `service "a" refers to undefined network n${INVALID}`],
    ['services: { a: { image: x, volumes: ["vol:/v"] } }', `service "a" refers to undefined volume vol${INVALID}`],
    ['services: { a: { image: x, secrets: [s] } }', `service "a" refers to undefined secret s${INVALID}`],
    [
      'services: { a: { image: x, network_mode: host, networks: [n] } }\nnetworks: { n: }',
      `service a declares mutually exclusive \`network_mode\` and \`networks\`${INVALID}`,
    ],
    [
      'services: { a: { image: x, depends_on: [b] }, b: { image: x, links: [a] } }',
      'dependency cycle detected: a -> b -> a',
    ],
    [
      'services: { a: { image: x, scale: 2, deploy: { replicas: 3 } } }',
      `services.a: can't set distinct values on 'scale' and 'deploy.replicas'${INVALID}`,
    ],
    [
      'services: { a: { image: x, tmpfs: [/a], volumes: ["/a"] } }',
      'services.a.volumes[0]: target /a already mounted as services.a.tmpfs[0]',
    ],
    ['services: { a: { image: x } }\nsecrets: { s: {} }', 'secrets.s: one of file|environment must be set'],
    [
      'services: { a: { image: x } }\nvolumes: { v: { external: true, driver: d } }',
      'volumes.v: conflicting parameters "external" and "driver" specified',
    ],
    ['', 'empty compose file'],
    ['- a', 'top-level object must be a mapping'],
    ['services: { 1: { image: x } }', 'non-string key in services: 1'],
  ] as const)
    assert.equal(first(text), message, text);
});

test('keys that came after docker compose 2.40 are read', () => {
  const { a } = load(
    'services: { a: { build: { no_cache_filter: [s] }, pre_start: [{ command: [migrate], image: tool, per_replica: true }] } }',
  ).project.services;
  assert.deepEqual(a?.build?.no_cache_filter, ['s']);
  assert.deepEqual(a.pre_start, [{ command: ['migrate'], image: 'tool', per_replica: true }]);
});

test('a key that stands twice is refused with both lines', () => {
  assert.equal(
    refusal('services:\n  a:\n    image: x\n    image: y\n'),
    `failed to parse /p/compose.yaml: line 4: mapping key "image" already defined at line 3
 --> /p/compose.yaml:4:5
4 |     image: y
  |     ^`,
  );
});

test('files from elsewhere are refused by name', () => {
  assert.match(
    refusal('include: ["oci://example.com/a"]'),
    /^remote resource "oci:\/\/example\.com\/a" is not implemented/,
  );
});

test('aliases and merge keys are what they stand for', () => {
  const { project } = load(
    'x-base: &b { image: x, environment: &e { A: 1 } }\nservices: { a: { <<: *b, tty: true }, c: { <<: [*b], environment: { <<: *e, B: 2 } } }',
  );
  assert.equal(project.services['a']?.image, 'x');
  assert.deepEqual({ ...project.services['c']?.environment }, { A: '1', B: '2' });
});
