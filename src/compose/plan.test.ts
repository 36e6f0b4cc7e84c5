// Plans, as text: what is done to a project that is not there, changed, scaled, or cut short.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import type { ObservedContainer } from './observe.ts';
import { planUp, type UpOptions } from './plan.ts';
import { planText } from './plan-text.ts';
import { load } from './testing.ts';
import { hashesOf } from './up.ts';

const sum = (text: string): string => createHash('sha256').update(text).digest('hex');
const ALL: UpOptions = {
  services: [],
  recreate: 'diverged',
  recreateDependencies: 'diverged',
  start: true,
  removeOrphans: false,
  renewVolumes: false,
};

/** What the daemon has when the project was brought up from `file`. */
interface World {
  readonly file?: string;
  readonly containers?: readonly (Partial<ObservedContainer> & { readonly service: string })[];
  readonly options?: Partial<UpOptions>;
  readonly image?: string;
}

function planned(
  file: string,
  { file: before = file, containers = [], options = {}, image = 'sha256:aa' }: World = {},
): string {
  const { project } = load(file);
  const old = load(before).project;
  const sums = hashesOf(old, sum);
  const isThere = containers.length > 0;
  const seen = containers.map((given, index): ObservedContainer => {
    const number = given.number ?? 1;
    return {
      id: `id${index}`.padEnd(64, '0'),
      name: `p-${given.service}-${number}`,
      number,
      isOneOff: false,
      isHidden: false,
      state: 'running',
      hash:
        old.services[given.service] === undefined ? '' : sums.service(given.service, (service) => `id of ${service}`),
      image: 'sha256:aa',
      networks: ['net'],
      mounts: [],
      created: 0,
      summary: {} as ObservedContainer['summary'],
      ...given,
    };
  });
  const network = {
    id: 'net',
    name: 'p_default',
    labels: {
      'com.docker.compose.network': 'default',
      'com.docker.compose.config-hash': sums.networks['default'] ?? '',
    },
  };
  const images = Object.fromEntries(Object.keys(project.services).map((name) => [name, image]));
  const plan = planUp(
    project,
    hashesOf(project, sum),
    { containers: seen, networks: isThere ? { p_default: network } : {}, volumes: {}, images },
    { ...ALL, ...options },
  );
  return planText(plan);
}

const TWO = 'services: {web: {image: i, depends_on: {db: {condition: service_healthy}}}, db: {image: i}}';
const BOTH = [{ service: 'db' }, { service: 'web' }];

test('a project that is not there is made in the order of its dependencies, and started when all is made', () => {
  assert.equal(
    planned(TWO),
    `1. create network p_default: it does not exist
2. create p-db-1: it does not exist (after 1)
3. create p-web-1: it does not exist (after 1)
4. start p-db-1: it is not running (after 1-3)
5. wait until p-db-1 is healthy: web depends on it (after 1-4)
6. start p-web-1: it is not running (after 1-3, 5)
`,
  );
});

test('nothing is done to a project that is as its file says', () => {
  assert.equal(
    planned(TWO, { containers: BOTH }),
    `1. keep p-db-1: it is as the files say
2. keep p-web-1: it is as the files say
3. wait until p-db-1 is healthy: web depends on it
`,
  );
});

test('a container whose service or image changed is made anew, and the cause says which', () => {
  const changed = TWO.replace('{web: {image: i', '{web: {image: i, user: "1"');
  assert.match(planned(changed, { file: TWO, containers: BOTH }), /^2\. recreate p-web-1: its configuration changed$/m);
  const other = planned(TWO, { containers: BOTH, image: 'sha256:bb' });
  assert.match(other, /recreate p-db-1: image sha256:aa -> sha256:bb$/m);
  const kept = planned(changed, {
    file: TWO,
    containers: BOTH,
    options: { recreate: 'never', recreateDependencies: 'never' },
  });
  assert.doesNotMatch(kept, /recreate/);
});

test('what is out of date goes first when a service is scaled down, then the highest number', () => {
  const three = [1, 2, 3].map((number) => ({ service: 'a', number }));
  const text = planned('services: {a: {image: i, scale: 1}}', {
    containers: three.map((one) => (one.number === 1 ? { ...one, hash: 'old' } : one)),
  });
  assert.match(text, /keep p-a-2/);
  assert.match(text, /remove p-a-1: the service is scaled to 1/);
  assert.match(text, /remove p-a-3: the service is scaled to 1/);
});

test('new numbers are above the highest that is there', () => {
  const text = planned('services: {a: {image: i, scale: 2}}', { containers: [{ service: 'a', number: 3 }] });
  assert.match(text, /keep p-a-3/);
  assert.match(text, /create p-a-4/);
});

test('who asked to be restarted with a dependency stops before that is made anew, and starts again', () => {
  const file =
    'services: {web: {image: i, depends_on: {db: {condition: service_started, restart: true}}}, db: {image: i}}';
  assert.equal(
    planned(file.replace('db: {image: i}', 'db: {image: i, user: "1"}'), { file, containers: BOTH }),
    `1. stop p-web-1: db is made anew
2. recreate p-db-1: its configuration changed (after 1)
3. start p-db-1: it is not running (after 1-2)
4. start p-web-1: it is not running (after 1-3)
`,
  );
});

test('who shares the namespaces of a container that is made anew is made anew with it', () => {
  const file = 'services: {side: {image: i, network_mode: "service:db"}, db: {image: i}}';
  const containers = [
    { service: 'db', id: 'id of db' },
    { service: 'side', networks: [] },
  ];
  assert.match(planned(file, { containers }), /keep p-side-1/);
  assert.match(
    planned(file.replace('db: {image: i}', 'db: {image: i, user: "1"}'), { file, containers }),
    /recreate p-side-1: it shares what db has, which is made anew/,
  );
});

test('orphans stay unless they are to go', () => {
  const containers = [...BOTH, { service: 'old' }];
  assert.doesNotMatch(planned(TWO, { containers }), /old/);
  assert.match(
    planned(TWO, { containers, options: { removeOrphans: true } }),
    /remove p-old-1: its service is not in the files/,
  );
});

test('fault C63: an update that was cut short between two containers is finished', () => {
  const containers = [
    { service: 'a', hash: 'old' },
    { service: 'a', name: '0123456789ab_p-a-1', state: 'created' as const },
  ];
  assert.equal(
    planned('services: {a: {image: i}}', { containers }),
    `1. stop p-a-1: the service is scaled to 1
2. remove p-a-1: the service is scaled to 1 (after 1)
3. rename 0123456789ab_p-a-1 to p-a-1: an earlier update was cut short (after 2)
4. start p-a-1: it is not running (after 1-3)
`,
  );
});

test('fault C62: a container that has not taken over yet goes, and the update begins again', () => {
  const containers = [
    { service: 'a', hash: 'old' },
    { service: 'a', name: '0123456789ab_p-a-1', isHidden: true },
  ];
  assert.equal(
    planned('services: {a: {image: i}}', { containers }),
    `1. stop 0123456789ab_p-a-1: an update was cut short
2. remove 0123456789ab_p-a-1: an update was cut short (after 1)
3. recreate p-a-1: its configuration changed (after 2)
4. start p-a-1: it is not running (after 1-3)
`,
  );
});
