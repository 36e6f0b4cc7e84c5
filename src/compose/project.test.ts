// The whole way from a file to the project that is printed, summed and acted on.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import {
  formatDuration,
  networkHash,
  parseDuration,
  projectJson,
  resolveEnvironment,
  serviceHash,
  volumeHash,
  withoutUnused,
} from './index.ts';
import { load, loadedYaml, memoryHost, refusal } from './testing.ts';

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

const SHOP = `
name: shop
services:
  web:
    image: "nginx:\${TAG:-1.27}"
    ports: ["8080:80"]
    depends_on: [db]
    environment: [MODE=live, DEBUG]
    volumes: ["./site:/srv:ro", "cache:/cache"]
  db:
    image: postgres
    healthcheck: { test: pg_isready, interval: 90s }
    mem_limit: 1.5g
volumes: { cache: }
`;

test('a project is printed in its canonical form', () => {
  assert.equal(
    loadedYaml(SHOP, {}, { DEBUG: '1' }),
    `name: shop
services:
  db:
    healthcheck:
      test:
        - CMD-SHELL
        - pg_isready
      interval: 1m30s
    image: postgres
    mem_limit: "1610612736"
    networks:
      default: null
  web:
    depends_on:
      db:
        condition: service_started
        required: true
    environment:
      DEBUG: "1"
      MODE: live
    image: nginx:1.27
    networks:
      default: null
    ports:
      - mode: ingress
        target: 80
        published: "8080"
        protocol: tcp
    volumes:
      - type: bind
        source: /p/site
        target: /srv
        read_only: true
        bind:
          create_host_path: true
      - type: volume
        source: cache
        target: /cache
        volume: {}
networks:
  default:
    name: shop_default
volumes:
  cache:
    name: shop_cache
`,
  );
});

test('JSON has what YAML leaves out: commands that are the image’s own, empty address pools', () => {
  assert.equal(
    projectJson(load('services: { a: { image: x } }').project),
    `{
  "name": "p",
  "networks": {
    "default": {
      "name": "p_default",
      "ipam": {}
    }
  },
  "services": {
    "a": {
      "command": null,
      "entrypoint": null,
      "image": "x",
      "networks": {
        "default": null
      }
    }
  }
}`,
  );
});

test('the sum of a service leaves out what makes no other container', () => {
  const sum = (text: string): string => {
    const service = load(`services: { a: { image: x, ${text} } }`).project.services['a'];
    assert.ok(service);
    return serviceHash(service, sha256);
  };
  const plain = sum('command: [run]');
  for (const same of [
    'command: run',
    'command: [run], pull_policy: always',
    'command: run, scale: 3',
    'command: run, build: .',
  ])
    assert.equal(sum(same), plain, same);
  assert.notEqual(sum('command: [run], deploy: { replicas: 2 }'), plain);
  assert.notEqual(sum('command: [run], restart: "no"'), plain);
});

test('networks and volumes have sums of their own', () => {
  const { project } = load('services: { a: { image: x, volumes: ["data:/v"] } }\nvolumes: { data: }');
  assert.equal(networkHash({ name: 'p_default', ipam: {} }, sha256), sha256('{"name":"p_default","ipam":{}}'));
  assert.equal(volumeHash(project.volumes?.['data'] ?? {}, sha256), sha256('{"name":"p_data","driver":"local"}'));
});

test('env files of services that take no part are not read', () => {
  const files = {
    '/p/compose.yaml': 'services: { a: { image: x, env_file: a.env }, b: { image: y, env_file: none.env } }',
    '/p/a.env': 'A=1\n',
  };
  assert.match(
    refusal(files, { services: ['a'] }),
    /^env file \/p\/none\.env not found: stat \/p\/none\.env: no such file or directory/,
  );
  const loaded = load(files, { services: ['a'], resolvesEnvironment: false });
  assert.deepEqual({ ...resolveEnvironment(loaded, memoryHost(files)).project.services['a']?.environment }, { A: '1' });
});

test('resources that no service uses are left out, unless all are asked for', () => {
  const text = 'services: { a: { image: x } }\nvolumes: { v: }\nnetworks: { n: }';
  assert.deepEqual(load(text).project.volumes, {});
  const all = load(text, { allResources: true }).project;
  assert.deepEqual(Object.keys(all.networks ?? {}), ['default', 'n']);
  assert.deepEqual(Object.keys(withoutUnused(all).networks ?? {}), ['default']);
});

test('durations are read with days and weeks, and written as Go does', () => {
  for (const [text, written] of [
    ['90s', '1m30s'],
    ['1w', '168h0m0s'],
    ['1.5d', '36h0m0s'],
    ['100ms', '100ms'],
    ['1us', '1µs'],
    ['-5s', '-5s'],
    ['0', '0s'],
  ] as const)
    assert.equal(formatDuration(parseDuration(text)), written, text);
});

test('an error is docker compose’s, with the line below it', () => {
  assert.equal(
    refusal('services:\n  a:\n    imge: x\n'),
    `validating /p/compose.yaml: services.a additional properties 'imge' not allowed
 --> /p/compose.yaml:3:5
3 |     imge: x
  |     ^`,
  );
});
