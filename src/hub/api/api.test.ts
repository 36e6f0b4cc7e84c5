import assert from 'node:assert/strict';
import { gzipSync } from 'node:zlib';
import { after, before, test } from 'node:test';
import { hashPassword } from '../access/secrets.ts';
import { archive } from '../images/testing.ts';
import { digestOf, INDEX, MANIFEST, TestHub } from '../testing.ts';

let hub: TestHub;
const base = gzipSync(
  archive({
    'bin/sh': 'x'.repeat(100),
    'var/lib/dpkg/status': 'Package: bash\nStatus: install ok installed\nVersion: 5.1\n',
  }),
);
const update = gzipSync(
  archive({ 'var/lib/dpkg/status': 'Package: bash\nStatus: install ok installed\nVersion: 5.2\n', 'app/main': 'new' }),
);
const auth = (name: string): Record<string, string> => ({
  Authorization: `Basic ${Buffer.from(`${name}:a long password`).toString('base64')}`,
});

async function push(
  name: string,
  tag: string | undefined,
  layers: readonly Buffer[],
  architecture = 'amd64',
): Promise<object> {
  const config = JSON.stringify({
    os: 'linux',
    architecture,
    created: '2026-01-01T00:00:00Z',
    config: { Labels: { team: name.split('/', 1)[0] ?? '' } },
    history: layers.map((_, index) => ({ created_by: `RUN step ${index}` })),
  });
  const part = async (mediaType: string, content: string | Buffer): Promise<object> => ({
    mediaType,
    digest: await hub.pushBlob(name, content),
    size: Buffer.byteLength(content),
  });
  const manifest = JSON.stringify({
    schemaVersion: 2,
    mediaType: MANIFEST,
    config: await part('application/vnd.oci.image.config.v1+json', config),
    layers: await Promise.all(layers.map((layer) => part('application/vnd.oci.image.layer.v1.tar+gzip', layer))),
    annotations: { 'org.opencontainers.image.base.name': layers.length > 1 ? 'base/os:1' : '' },
  });
  await put(name, tag ?? digestOf(manifest), manifest, MANIFEST);
  return {
    mediaType: MANIFEST,
    digest: digestOf(manifest),
    size: manifest.length,
    platform: { os: 'linux', architecture },
  };
}

async function put(name: string, tag: string, body: string, type: string): Promise<void> {
  const answer = await hub.ask('PUT', `/v2/${name}/manifests/${tag}`, { body, headers: { 'Content-Type': type } });
  assert.equal(answer.status, 201, answer.body.toString());
}

before(async () => {
  hub = await TestHub.start();
  await push('base/os', '1', [base]);
  await push('team/app', '1', [base]);
  const children = [
    await push('team/app', undefined, [base, update]),
    await push('team/app', undefined, [base, update], 'arm64'),
  ];
  await put('team/app', '2', JSON.stringify({ schemaVersion: 2, mediaType: INDEX, manifests: children }), INDEX);
  await push('team/hidden', '1', [update]);
  const secret = await hashPassword('a long password');
  const { accounts } = hub.hub.access;
  for (const name of ['ada', 'bob'])
    accounts.add({ name, kind: 'user', secret, isAdmin: name === 'ada', expiresAt: undefined }, 0);
  for (const name of ['base/*', 'team/app']) accounts.grant('anyone', name, 'read');
  accounts.grant('bob', 'team/app', 'write');
});
after(() => hub[Symbol.asyncDispose]());

async function get<T>(path: string, headers: Record<string, string> = {}): Promise<T> {
  const answer = await hub.ask('GET', `/api/v1/${path}`, { headers });
  assert.equal(answer.status, 200, answer.body.toString());
  return JSON.parse(answer.body.toString()) as T;
}

interface Found {
  readonly count: number;
  readonly results: readonly { readonly name: string; readonly stars: number }[];
  readonly facets: Record<string, readonly { readonly value: string; readonly count: number }[]>;
}
const search = (query: string): Promise<Found> => get<Found>(`search?${query}`);
const found = async (query: string): Promise<string> =>
  (await search(query)).results
    .map(({ name }) => name)
    .sort()
    .join();

test('a search is narrowed by what images are, and counts what it found', async () => {
  assert.equal(await found(''), 'base/os,team/app');
  assert.equal(await found('platform=linux/arm64'), 'team/app');
  assert.equal(await found('label=team'), 'base/os,team/app');
  assert.equal(await found('label=team%3Dbase'), 'base/os');
  assert.equal(await found('base=base/os:1'), 'team/app');
  assert.equal(await found('q=app&pushed-within=1d&max-size=1g'), 'team/app');
  assert.equal(await found('min-size=1g'), '');
  assert.equal(await found('q=os&platform=linux/arm64'), '');
  const { facets } = await search('');
  assert.deepEqual(facets['platforms'], [
    { value: 'linux/amd64', count: 2 },
    { value: 'linux/arm64', count: 1 },
  ]);
  assert.deepEqual(facets['labels'], [{ value: 'team', count: 2 }]);
  assert.deepEqual(facets['bases'], [{ value: 'base/os:1', count: 1 }]);
  for (const query of ['sort=x', 'max-size=x', 'pushed-within=x', 'stars=x', 'page=0', 'size=x'])
    assert.equal((await hub.ask('GET', `/api/v1/search?${query}`)).status, 400, query);
});

test('an image says its platforms, the line of each layer, what it stands on and what stands on it', async () => {
  interface Image {
    readonly platforms: readonly {
      readonly platform: string;
      readonly layers: readonly { readonly history: { readonly createdBy: string } }[];
      readonly bases: readonly { readonly repository: string; readonly tag: string }[];
      readonly builtOn: readonly { readonly repository: string }[];
    }[];
  }
  const { platforms } = await get<Image>('repositories/team/app/-/images/2');
  assert.deepEqual(
    platforms.map(({ platform }) => platform),
    ['linux/amd64', 'linux/arm64'],
  );
  assert.deepEqual(
    platforms[0]?.layers.map(({ history }) => history.createdBy),
    ['RUN step 0', 'RUN step 1'],
  );
  assert.deepEqual(platforms[0]?.bases.map(({ repository, tag }) => `${repository}:${tag}`).sort(), [
    'base/os:1',
    'team/app:1',
  ]);
  const below = await get<Image>('repositories/base/os/-/images/1');
  assert.deepEqual([...new Set(below.platforms[0]?.builtOn.map(({ repository }) => repository))], ['team/app']);
});

test('files, packages and what changed between two tags', async () => {
  const files = await get<{ children: readonly { name: string; size: number }[] }>(
    'repositories/team/app/-/files/2?path=bin',
  );
  assert.deepEqual(
    files.children.map(({ name, size }) => [name, size]),
    [['sh', 100]],
  );
  const packages = await get<{ packages: readonly unknown[] }>('repositories/team/app/-/packages/2');
  assert.deepEqual(packages.packages, [{ name: 'bash', version: '5.2' }]);
  const diff = await get<{ packages: readonly unknown[]; files: readonly { path: string }[] }>(
    'repositories/team/app/-/diff?from=1&to=2',
  );
  assert.deepEqual(diff.packages, [{ name: 'bash', before: '5.1', after: '5.2' }]);
  assert.deepEqual(
    diff.files.map(({ path }) => path),
    ['app/main', 'var/lib/dpkg/status'],
  );
});

test('stars, descriptions and collections are changed by those who may, and by nobody else', async () => {
  const change = async (method: string, path: string, who: string | undefined, body?: object): Promise<number> => {
    const answer = await hub.ask(method, `/api/v1/${path}`, {
      headers: who === undefined ? {} : auth(who),
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
    return answer.status;
  };
  const app = 'repositories/team/app';
  assert.equal(await change('PUT', `${app}/-/star`, undefined), 401);
  assert.equal(await change('PUT', `${app}/-/star`, 'bob'), 204);
  assert.equal(await change('PUT', `${app}/-/star`, 'bob'), 204);
  assert.equal((await get<{ stars: number }>(app)).stars, 1);
  assert.equal(await found('stars=1'), 'team/app');
  assert.equal(await change('DELETE', `${app}/-/star`, 'bob'), 204);
  assert.equal((await get<{ stars: number }>(app)).stars, 0);
  assert.equal(await change('PATCH', app, undefined, { description: 'x' }), 401);
  assert.equal(await change('PATCH', 'repositories/base/os', 'bob', { description: 'x' }), 403);
  assert.equal(await change('PATCH', app, 'bob', { description: 'Counts sheep' }), 200);
  assert.equal(await change('PATCH', app, 'bob', { description: 'x'.repeat(2000) }), 400);
  assert.equal(await found('q=sheep'), 'team/app');
  const collection = { title: 'To begin with', repositories: ['base/os', 'team/app'] };
  assert.equal(await change('PUT', 'collections/first', 'bob', collection), 204);
  assert.equal(await change('PUT', 'collections/first', 'bob', { repositories: ['team/hidden'] }), 404);
  const { collections } = await get<{ collections: readonly { owner: string; repositories: readonly string[] }[] }>(
    'collections',
  );
  assert.deepEqual(
    collections.map(({ owner, repositories }) => [owner, repositories.join()]),
    [['bob', 'base/os,team/app']],
  );
  assert.equal(await change('DELETE', 'collections/first', 'ada'), 204);
});

test('what a caller may not pull is not there: by search, by name, by what stands on it', async () => {
  assert.equal(await found('q=hidden'), '');
  assert.equal((await hub.ask('GET', '/api/v1/repositories/team/hidden')).status, 401);
  assert.equal((await hub.ask('GET', '/api/v1/repositories/team/hidden', { headers: auth('bob') })).status, 403);
  assert.equal((await hub.ask('GET', '/api/v1/repositories/team/hidden', { headers: auth('ada') })).status, 200);
});
