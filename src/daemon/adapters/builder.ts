// The builder with its adapters: images to build on and networks for its steps.
import { readFileSync } from 'node:fs';
import { messageOf, BerthError, notFound, unavailable } from '../../base/errors.ts';
import { Builder, type BuilderOptions, type Usage } from '../../builder/index.ts';
import type { CacheItem, BuildKitCache, BuildKitOptions } from '../../builder/buildkit/index.ts';
import type { BuilderImages, BuilderNetworks } from '../../builder/model/ports.ts';
import { hostHostsText, ownResolvText, resolvText, stepHostsText } from '../../engine/index.ts';
import { type Images, parseReference, withTag } from '../../images/index.ts';
import type { Networks } from '../../network/index.ts';
import { decode, endpointSettings } from '../../spec/docker/schemas/index.ts';

export function makeBuilder(
  options: Omit<BuilderOptions, 'images' | 'networks' | 'store'> & {
    readonly images: Images;
    readonly networks: Networks;
    readonly join: BuilderNetworks['join'];
  },
): Builder {
  const { images, networks, join, ...rest } = options;
  const forSteps = { ...networksFor(networks), join };
  return new Builder({ ...rest, store: images.store, images: imagesFor(images), networks: forSteps });
}

function imagesFor(images: Images): BuilderImages {
  return {
    find: (reference, platform) => images.base(reference, platform),
    async load(archive, platform, signal) {
      const [id] = await images.load(archive, { say: () => Promise.resolve(), quiet: true, platform, signal });
      if (id === undefined) throw notFound(`no image for ${platform.os}/${platform.architecture} in the OCI layout`);
      return id;
    },
    async pull(text, { platform, credentials, report, signal }) {
      const parsed = parseReference(text);
      const reference = parsed.tag === undefined && parsed.digest === undefined ? withTag(parsed, 'latest') : parsed;
      const found = await credentials?.credentials(reference.domain);
      try {
        await images.pull(reference, {
          platform,
          credentials: { ...found },
          say: (message) => {
            const { current = 0, total } = message.progressDetail ?? {};
            if (message.id === undefined) return;
            report({
              id: message.id,
              name: `${message.status ?? ''} ${message.id}`,
              current,
              ...(total === undefined ? {} : { total }),
            });
          },
          signal,
        });
      } catch (error) {
        throw unreachable(error, text);
      }
      const image = images.base(text, platform);
      if (!image) throw unavailable(`${text}: pulled, but not for ${platform.os}/${platform.architecture}`);
      return image;
    },
    cache: (reference, credentials, signal) =>
      images.buildCache(reference, async (domain) => ({ ...(await credentials?.credentials(domain)) }), signal),
    create: (request) => images.createBuilt(request),
    twin: (file, parent) => images.twin(file, parent),
    createSingle: (request) => images.createBuiltSingle(request),
    createIndex: (request) => images.createBuiltIndex(request),
    checkTag: (tag) => images.checkTag(tag),
    save: (id, names, signal) => images.save([id], { signal, as: names }),
    collect: () => images.sweep(),
    chains: () => images.chains(),
  };
}

/** Offline, a base image can still be made. */
function unreachable(error: unknown, reference: string): unknown {
  if (error instanceof BerthError && ['cancelled', 'unauthorized', 'invalid'].includes(error.kind)) return error;
  const known = /^(?:docker\.io\/(?:library\/)?)?(busybox|debian)(?::([\w.-]+))?$/.exec(reference);
  const name = known ? `${known[1]}${known[2] && known[2] !== 'latest' ? `:${known[2]}` : ''}` : 'debian:bookworm';
  const hint = known
    ? `"berth image bootstrap ${name}" makes ${reference} from this host's packages.`
    : `"berth image bootstrap ${name}" makes a base image from this host's packages; "berth load" reads archives.`;
  const kind = error instanceof BerthError ? error.kind : 'unavailable';
  return new BerthError(kind, `${messageOf(error)} (${hint})`, { cause: error });
}

function networksFor(networks: Networks): Omit<BuilderNetworks, 'join'> {
  return {
    reserve(id, network) {
      const mode = network === 'default' ? 'bridge' : network;
      networks.reserve({
        id,
        name: `build-${id.slice(0, 12)}`,
        hostname: id.slice(0, 12),
        domainname: '',
        mode,
        endpoints: { [mode]: decode(endpointSettings, {}) },
        macs: {},
        exposed: [],
        bindings: {},
        publishAll: false,
        dns: [],
        dnsOptions: [],
      });
    },
    attach: (id, path) => networks.attach(id, path),
    release: (id) => networks.release(id, {}),
    files(id, network, extra) {
      const gateways = networks.hostGateways();
      const pairs = extra.flatMap((pair) =>
        /[:=]host-gateway$/.test(pair) ? gateways.map((one) => pair.replace(/host-gateway$/, one)) : [pair],
      );
      const resolv = text('/etc/resolv.conf');
      const request = { servers: [], search: [], options: [] };
      if (network === 'host')
        return { hosts: hostHostsText(text('/etc/hosts'), pairs), resolvConf: resolvText(resolv, request, false) };
      if (network === 'none') return { hosts: stepHostsText(pairs), resolvConf: resolvText(resolv, request, true) };
      const { ownResolver } = networks.files(id);
      return {
        hosts: stepHostsText(pairs),
        resolvConf: ownResolver ? ownResolvText(resolv, request) : resolvText(resolv, request, true),
      };
    },
  };
}

function text(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

/** The build cache as BuildKit's protocol shows it. */
export function buildkitCache(builder: Builder): BuildKitCache {
  const item = (one: Usage): CacheItem => ({
    id: one.id,
    parents: one.parents,
    type: one.type,
    description: one.description,
    inUse: one.inUse,
    shared: one.shared,
    size: one.size,
    createdAt: Number(one.created / 1_000_000n),
    lastUsedAt: Number(one.used / 1_000_000n),
    usageCount: one.uses,
  });
  return {
    list: async () => (await builder.usage()).map(item),
    prune: async ({ all, filters, keepDuration, keepBytes }) => {
      const pairs = filters.filter(Boolean).map((text): [string, string[]] => {
        const [head = '', key = ''] = /^([^=~!]+)(?:[=~]+|$)/.exec(text) ?? [];
        const value = head === key ? 'true' : text.slice(head.length);
        return [key, [value]];
      });
      const request = {
        all,
        filters: new Map(pairs),
        keepBytes,
        unusedFor: BigInt(Math.trunc(keepDuration)) * 1_000_000n,
      };
      return (await builder.prune(request)).removed.map(item);
    },
  };
}

/** Pushes as `docker push` does, with what the client of the build knows of the registry. */
export function buildkitPush(images: Images): NonNullable<BuildKitOptions['push']> {
  return async (name, credentials, signal) => {
    const parsed = parseReference(name);
    const reference = parsed.tag === undefined ? withTag(parsed, 'latest') : parsed;
    const found = await credentials.credentials(reference.domain);
    await images.push(reference, { credentials: { ...found }, say: () => undefined, signal });
  };
}
