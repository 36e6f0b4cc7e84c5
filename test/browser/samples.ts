// Images with something to look at: two versions of one with packages, files and platforms, and a few small ones.
import { gzipSync } from 'node:zlib';
import { archive } from '../../src/hub/images/testing.ts';
import { digestOf, INDEX, MANIFEST, type TestHub } from '../../src/hub/testing.ts';

/** Numbers are bytes of a file that does not matter. */
export function layer(files: Readonly<Record<string, string | number>>): Buffer {
  const contents = Object.entries(files).map(
    ([path, content]) => [path, typeof content === 'number' ? Buffer.alloc(content, path) : content] as const,
  );
  return gzipSync(archive(Object.fromEntries(contents)));
}

export interface Sample {
  readonly layers: readonly Buffer[];
  readonly history: readonly string[];
  readonly architecture?: string;
  readonly description?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** Answers the descriptor of its manifest. */
export async function pushSample(hub: TestHub, name: string, tag: string | undefined, sample: Sample): Promise<object> {
  const { architecture = 'amd64', labels = {}, description } = sample;
  const at = '2026-11-01T00:00:00Z';
  const config = JSON.stringify({
    os: 'linux',
    architecture,
    created: at,
    config: { Env: ['PATH=/usr/bin'], Cmd: ['/app/server'], Labels: labels },
    rootfs: { type: 'layers', diff_ids: [] },
    history: [
      ...sample.history.map((created_by) => ({ created: at, created_by })),
      { created: at, created_by: 'CMD ["/app/server"]', empty_layer: true },
    ],
  });
  const part = async (mediaType: string, content: string | Buffer): Promise<object> => ({
    mediaType,
    digest: await hub.pushBlob(name, content),
    size: Buffer.byteLength(content),
  });
  const layers = [];
  for (const one of sample.layers) layers.push(await part('application/vnd.oci.image.layer.v1.tar+gzip', one));
  const manifest = JSON.stringify({
    schemaVersion: 2,
    mediaType: MANIFEST,
    config: await part('application/vnd.oci.image.config.v1+json', config),
    layers,
    annotations: {
      ...(description === undefined ? {} : { 'org.opencontainers.image.description': description }),
      ...sample.annotations,
    },
  });
  await put(hub, name, tag ?? digestOf(manifest), manifest, MANIFEST);
  return {
    mediaType: MANIFEST,
    digest: digestOf(manifest),
    size: manifest.length,
    platform: { os: 'linux', architecture },
  };
}

async function put(hub: TestHub, name: string, reference: string, body: string, type: string): Promise<void> {
  const answer = await hub.ask('PUT', `/v2/${name}/manifests/${reference}`, {
    body,
    headers: { 'Content-Type': type },
  });
  if (answer.status !== 201) throw new Error(`push of a manifest: ${answer.status} ${answer.body.toString()}`);
}

const packages = (versions: Readonly<Record<string, string>>): string =>
  Object.entries(versions)
    .map(
      ([name, version]) => `Package: ${name}\nStatus: install ok installed\nArchitecture: amd64\nVersion: ${version}\n`,
    )
    .join('\n');

export async function pushSamples(hub: TestHub): Promise<void> {
  const base = layer({
    'usr/lib/libc.so': 1_900_000,
    'usr/lib/libcrypto.so': 1_200_000,
    'usr/lib/libstdc++.so': 900_000,
    'usr/bin/bash': 1_200_000,
    'usr/bin/perl': 700_000,
    'usr/share/doc/copyright': 300_000,
    'usr/share/zoneinfo/all': 500_000,
    'etc/passwd': 'root:x:0:0::/root:/bin/bash\n',
    'var/lib/dpkg/status': packages({ libc6: '2.36-9', openssl: '3.0.1', bash: '5.2' }),
  });
  const first = layer({ 'app/server': 800_000, 'app/assets/catalogue.json': 500_000, 'app/notes': 'to go' });
  const update = layer({
    'var/lib/dpkg/status': packages({ libc6: '2.36-9', openssl: '3.0.2', bash: '5.2', 'ca-certificates': '2023' }),
  });
  const second = layer({ 'app/server': 860_000, 'app/assets/catalogue.json': 510_000, 'app/.wh.notes': '' });
  const origin = '# debian.sh --arch amd64';
  await pushSample(hub, 'base/debian', '12', {
    layers: [base],
    history: [origin],
    description: 'What our images stand on',
  });
  await pushSample(hub, 'team/shop', '1.0', {
    layers: [base, first],
    history: [origin, 'COPY dist /app # buildkit'],
    description: 'The shop: catalogue, basket, orders',
    annotations: { 'org.opencontainers.image.base.name': 'base/debian:12' },
  });
  const history = [origin, '/bin/sh -c apt-get install -y ca-certificates', 'COPY dist /app # buildkit'];
  const labels = { 'com.example.team': 'shop' };
  const children = [];
  for (const architecture of ['amd64', 'arm64'])
    children.push(
      await pushSample(hub, 'team/shop', undefined, { layers: [base, update, second], history, architecture, labels }),
    );
  const index = JSON.stringify({ schemaVersion: 2, mediaType: INDEX, manifests: children });
  for (const tag of ['1.1', 'latest']) await put(hub, 'team/shop', tag, index, INDEX);
  const small = {
    'team/mail': 'Letters to customers',
    'team/stock': 'What is on the shelves',
    'infra/proxy': 'TLS and routes',
  };
  for (const [name, description] of Object.entries(small))
    await pushSample(hub, name, '1', {
      layers: [layer({ 'app/server': name })],
      history: ['COPY . /app'],
      description,
    });
}
