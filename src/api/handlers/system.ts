// Handlers of the daemon itself: ping, version, info, events, disk usage.
import { readdirSync } from 'node:fs';
import { BerthError, invalid, notFound } from '../../base/errors.ts';
import type { Builder } from '../../builder/index.ts';
import type { ClusterAccess } from '../../cluster/index.ts';
import type { Engine } from '../../engine/index.ts';
import type { EventLog } from '../../events/index.ts';
import type { Images } from '../../images/index.ts';
import type { ContainerSummary, EventMessage, Filters } from '../../spec/docker/index.ts';
import { infoOf, type SystemFacts, versionOf } from '../../system/index.ts';
import type { Volumes } from '../../volumes/index.ts';
import type { Handlers } from '../handler.ts';
import { eventMessage } from '../shape/event.ts';
import { withVirtualSize } from '../shape/image.ts';
import { infoForVersion } from '../shape/info.ts';
import { cacheRow } from './builder.ts';

export interface SystemParts {
  readonly engine: Engine;
  readonly images: Images;
  readonly volumes: Volumes;
  readonly builder: Builder;
  readonly events: EventLog;
  readonly facts: SystemFacts;
  readonly cluster: ClusterAccess;
}

export function systemHandlers({ engine, images, volumes, builder, events, facts, cluster }: SystemParts): Handlers {
  const ping: NonNullable<Handlers['SystemPing']> = (_, response) => {
    response.header('Builder-Version', '2');
    response.header('Swarm', cluster.role);
    response.header('Cache-Control', 'no-cache, no-store, must-revalidate');
    response.header('Pragma', 'no-cache');
    response.text('OK');
  };
  return {
    SystemPing: ping,
    SystemPingHead: ping as unknown as NonNullable<Handlers['SystemPingHead']>,
    SystemVersion: (_, response) => response.json(versionOf(facts)),
    SystemInfo: async (request, response) => {
      const info = infoOf(facts, {
        containers: engine.counts(),
        images: images.count(),
        volumeDrivers: await volumes.drivers(),
        listeners: events.watchers,
        openFiles: readdirSync('/proc/self/fd').length,
      });
      response.json(infoForVersion({ ...info, Swarm: cluster.info() ?? info.Swarm }, request.minor));
    },
    // there are no plugins: clients that look for one among other things get an honest answer
    PluginList: (_, response) => response.json([]),
    PluginInspect: (request) => {
      throw notFound(`plugin "${request.params['name'] ?? ''}" not found`);
    },
    SystemEvents: async (request, response) => {
      const filters = request.query.filters ?? new Map<string, string[]>();
      const wanted = eventFilter(filters);
      const keep = (event: EventMessage): boolean => wanted(event) && isKnownTo(event, request.minor);
      const since = timeBound(request.query.since, 'since');
      const until = timeBound(request.query.until, 'until');
      if (since !== undefined && until !== undefined && since > until)
        throw invalid(
          `\`since\` time (${request.query.since}) cannot be after \`until\` time (${request.query.until})`,
        );
      const stream = response.stream('application/json');
      const watch = events.watch({
        // a client that names only an end asks for what has been
        ...(since === undefined && until !== undefined ? { after: 0 } : {}),
        ...(since === undefined ? {} : { since }),
        ...(until === undefined ? {} : { until }),
        signal: request.signal,
      });
      try {
        for await (const event of watch) {
          // Docker's stream has no word for a gap
          if (event.kind === 'gap') continue;
          const message = eventMessage(event);
          if (keep(message)) await stream.write(line(message));
        }
      } finally {
        stream.end();
      }
    },
    SystemDataUsage: async (request, response) => {
      const types = request.query.type ?? [];
      for (const type of types)
        if (!['container', 'image', 'volume', 'build-cache'].includes(type))
          throw invalid(`unknown object type: ${type}`);
      const wants = (type: string): boolean => types.length === 0 || types.includes(type);
      const usage = wants('image') ? await images.usage() : undefined;
      const containers: ContainerSummary[] | null = wants('container')
        ? await engine.list({ all: true, limit: 0, sizes: 'disk', filters: new Map() })
        : null;
      const found = wants('volume') ? await volumes.usage() : null;
      response.json({
        ...(usage ? { LayersSize: usage.layersSize } : {}),
        Images: usage ? usage.images.map((row) => withVirtualSize(row, request.minor)) : null,
        Containers: containers,
        Volumes: found,
        BuildCache: wants('build-cache') ? (await builder.usage()).map((one) => cacheRow(one, request.minor)) : null,
        ...(request.minor < 52 ? { BuilderSize: 0 } : {}),
      });
    },
  };
}

/** Numbers beyond 2^53 are written digit by digit; the type library does not know the function yet. */
const rawJson = (JSON as unknown as { rawJSON: (this: void, text: string) => unknown }).rawJSON;

/** Older clients are not told of images that builds made. */
function isKnownTo({ Type, Action }: EventMessage, minor: number): boolean {
  return minor >= 46 || Type !== 'image' || Action !== 'create';
}

function line(event: EventMessage): string {
  return `${JSON.stringify({ ...event, timeNano: rawJson(event.timeNano.toString()) })}\n`;
}

/** Seconds since 1970 with an optional fraction, or RFC 3339. */
function timeBound(text: string | undefined, name: string): bigint | undefined {
  if (text === undefined || text === '') return undefined;
  const match = /^(-?\d+)(?:\.(\d{1,9})\d*)?$/.exec(text);
  if (match) return BigInt(match[1] ?? '0') * 1_000_000_000n + BigInt((match[2] ?? '').padEnd(9, '0') || '0');
  throw new BerthError('invalid', `invalid ${name}: strconv.ParseInt: parsing "${text}": invalid syntax`);
}

const FILTER_KEYS = [
  'config',
  'container',
  'daemon',
  'event',
  'id',
  'image',
  'label',
  'network',
  'node',
  'plugin',
  'scope',
  'secret',
  'service',
  'type',
  'volume',
];

/** Pure: which events pass. An object filter takes ids, prefixes of ids, and names. */
export function eventFilter(filters: Filters): (event: EventMessage) => boolean {
  // dockerd does not look at filters that it does not know
  const known = [...filters].filter(([key]) => FILTER_KEYS.includes(key));
  const tests = known.map(
    ([key, values]) =>
      (event: EventMessage) =>
        values.some((value) => matches(key, value, event)),
  );
  const labels = filters.get('label') ?? [];
  return (event) => tests.every((test) => test(event)) && labels.every((label) => matches('label', label, event));
}

function matches(key: string, value: string, event: EventMessage): boolean {
  const { ID, Attributes } = event.Actor;
  switch (key) {
    case 'event':
      return event.Action === value || event.Action.split(':')[0] === value;
    case 'type':
      return event.Type === value;
    case 'scope':
      return event.scope === value;
    case 'id':
      return ID === value || (event.Type === 'container' && ID.startsWith(value));
    case 'label': {
      const at = value.indexOf('=');
      return at < 0 ? Object.hasOwn(Attributes, value) : Attributes[value.slice(0, at)] === value.slice(at + 1);
    }
    case 'image': {
      if (event.Type !== 'image' && event.Type !== 'container') return false;
      const name = event.Type === 'image' ? (Attributes['name'] ?? ID) : (Attributes['image'] ?? '');
      return ID === value || name === value || name.replace(/:[^:/]+$/, '') === value;
    }
    default:
      if (event.Type === key)
        // as dockerd: names and ids by how they begin
        return ID === value || (value !== '' && (ID.startsWith(value) || (Attributes['name'] ?? '').startsWith(value)));
      return Attributes[key] === value;
  }
}
