// The filters of `ps`: which containers pass. Several values of one key are alternatives, several keys must all hold.
import { invalid, notFound } from '../../base/errors.ts';
import { goRegExp } from '../../base/go-regexp.ts';
import type { Digest } from '../../base/ids.ts';
import { type Filters, parsePort, type PortBinding } from '../../spec/docker/index.ts';
import type { Container } from '../container/container.ts';
import { shownState } from '../lifecycle/index.ts';
import type { Registry } from '../container/registry.ts';

/** What the list needs of images. */
export interface ImageNames {
  /** The name to show for a container's image: as written, or its id once that name leads elsewhere. */
  shownName(written: string, id: Digest): string;
  /** The image and every image made from it; empty when there is none of that name. */
  descendants(reference: string): ReadonlySet<string>;
}

const KNOWN = [
  'ancestor',
  'before',
  'exited',
  'expose',
  'health',
  'id',
  'is-task',
  'isolation',
  'label',
  'name',
  'network',
  'publish',
  'since',
  'status',
  'volume',
];
const STATUSES = ['created', 'running', 'paused', 'restarting', 'removing', 'exited', 'dead'];
const HEALTHS = ['none', 'starting', 'healthy', 'unhealthy'];

type Test = (container: Container) => boolean;

export function listFilter(filters: Filters, known: { registry: Registry; images: ImageNames }): Test {
  const tests: Test[] = [];
  for (const [key, values] of filters) {
    if (!KNOWN.includes(key)) throw invalid(`invalid filter '${key}'`);
    const test = testFor(key, values, known);
    if (test) tests.push(test);
  }
  return (container) => tests.every((test) => test(container));
}

function testFor(
  key: string,
  values: readonly string[],
  known: { registry: Registry; images: ImageNames },
): Test | undefined {
  const any =
    (match: (value: string, container: Container) => boolean): Test =>
    (container) =>
      values.some((value) => match(value, container));
  switch (key) {
    case 'id':
      return any((value, container) => container.id.startsWith(value));
    case 'name':
      return any((value, container) => matchesName(value, container.record.name));
    case 'label':
      return (container) => matchesLabels(values, container.record.config.Labels);
    case 'status':
      for (const value of values)
        if (!STATUSES.includes(value))
          throw invalid(
            `invalid filter 'status=${value}': invalid value for state (${value}): must be one of ${STATUSES.join(', ')}`,
          );
      return any((value, container) => shownState(container.state).Status === value);
    case 'health':
      for (const value of values)
        if (!HEALTHS.includes(value))
          throw invalid(
            `invalid filter 'health=${value}': invalid value for health (${value}): must be one of ${HEALTHS.join(', ')}`,
          );
      return any((value, container) => (container.state.health?.status ?? 'none') === value);
    case 'exited': {
      const codes = values.map((value) => {
        if (!/^[+-]?\d+$/.test(value))
          throw invalid(`invalid filter 'exited=${value}': strconv.Atoi: parsing "${value}": invalid syntax`);
        return Number(value);
      });
      return (container) =>
        ['exited', 'dead', 'restarting'].includes(container.state.phase) && codes.includes(container.state.exitCode);
    }
    case 'ancestor': {
      const images = values.map((value) => known.images.descendants(value));
      return (container) => images.some((set) => set.has(container.record.image));
    }
    case 'before':
      return byAge(values, known.registry, (created, bound) => created < bound);
    case 'since':
      return byAge(values, known.registry, (created, bound) => created > bound);
    case 'volume':
      return any((value, container) =>
        container.record.mounts.some(
          (mount) => mount.Name === value || mount.Destination === value || mount.Source === value,
        ),
      );
    case 'network':
      return any((value, container) =>
        Object.entries(container.record.endpoints).some(
          ([name, endpoint]) => name === value || (value !== '' && endpoint.NetworkID.startsWith(value)),
        ),
      );
    case 'expose':
    case 'publish':
      return portTest(key, values);
    case 'is-task': {
      const wants = values.map((value) => {
        if (['1', 'true', 'True'].includes(value)) return true;
        if (['0', 'false', 'False'].includes(value)) return false;
        throw invalid(`invalid filter 'is-task=[${values.join(' ')}]'`);
      });
      return () => wants.every((want) => !want);
    }
    default:
      return undefined;
  }
}

function byAge(
  values: readonly string[],
  registry: Registry,
  holds: (created: string, bound: string) => boolean,
): Test {
  const bounds = values.map((value) => {
    const other = registry.lookup(value);
    if (!other) throw notFound(`No such container: ${value}`);
    return other.record.created;
  });
  return (container) => bounds.every((bound) => holds(container.record.created, bound));
}

/** A regular expression over the name with and without its slash; an invalid one is compared as text. */
function matchesName(pattern: string, name: string): boolean {
  const matches = goRegExp(pattern);
  return matches ? matches(`/${name}`) || matches(name) : name === pattern;
}

/** `key` or `key=value`, all of them. */
export function matchesLabels(wanted: readonly string[], labels: Readonly<Record<string, string>>): boolean {
  return wanted.every((want) => {
    const at = want.indexOf('=');
    return at < 0 ? Object.hasOwn(labels, want) : labels[want.slice(0, at)] === want.slice(at + 1);
  });
}

/** `80`, `80/udp`, `8000-8010/tcp`. */
function portTest(key: 'expose' | 'publish', values: readonly string[]): Test {
  const wanted = values.map((value) => {
    const match = /^(\d{1,5})(?:-(\d{1,5}))?(?:\/(tcp|udp|sctp))?$/.exec(value);
    const from = Number(match?.[1]);
    const to = Number(match?.[2] ?? match?.[1]);
    if (!match || from > 65_535 || to > 65_535 || from > to) throw invalid(`invalid filter '${key}=[${value}]'`);
    return { from, to, protocol: match[3] ?? 'tcp' };
  });
  return ({ record }) => {
    const ports =
      key === 'expose'
        ? Object.keys(record.config.ExposedPorts ?? {})
        : hostPorts(record.ports ?? record.hostConfig.PortBindings ?? {});
    return ports.some((port) => {
      const one = parsePort(port);
      return wanted.some((want) => want.protocol === one?.protocol && one.port >= want.from && one.port <= want.to);
    });
  };
}

/** The host's ports, with their protocols. */
function hostPorts(bindings: Readonly<Record<string, readonly PortBinding[] | null>>): string[] {
  return Object.entries(bindings).flatMap(([port, list]) =>
    (list ?? []).map(({ HostPort }) => `${HostPort}/${parsePort(port)?.protocol ?? 'tcp'}`),
  );
}
