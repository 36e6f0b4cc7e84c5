// What differs between two specifications of a service, field by field, in the words of a Compose file. Pure.
import type { ServiceBody } from './body.ts';

/** Places in a specification and what a Compose file calls them; the first that fits counts. */
const WORDS: readonly (readonly [prefix: string, word: string])[] = [
  ['TaskTemplate.ContainerSpec.Image', 'image'],
  ['TaskTemplate.ContainerSpec.Command', 'entrypoint'],
  ['TaskTemplate.ContainerSpec.Args', 'command'],
  ['TaskTemplate.ContainerSpec.Env', 'environment'],
  ['TaskTemplate.ContainerSpec.Labels', 'labels'],
  ['TaskTemplate.ContainerSpec.Dir', 'working_dir'],
  ['TaskTemplate.ContainerSpec.TTY', 'tty'],
  ['TaskTemplate.ContainerSpec.OpenStdin', 'stdin_open'],
  ['TaskTemplate.ContainerSpec.Mounts', 'volumes'],
  ['TaskTemplate.ContainerSpec.Hosts', 'extra_hosts'],
  ['TaskTemplate.ContainerSpec', ''],
  ['TaskTemplate.Networks', 'networks'],
  ['TaskTemplate.LogDriver', 'logging'],
  ['TaskTemplate.Resources', 'deploy.resources'],
  ['TaskTemplate.RestartPolicy', 'deploy.restart_policy'],
  ['TaskTemplate.Placement', 'deploy.placement'],
  ['TaskTemplate', 'deploy'],
  ['Mode.Replicated.Replicas', 'deploy.replicas'],
  ['Mode', 'deploy.mode'],
  ['UpdateConfig', 'deploy.update_config'],
  ['RollbackConfig', 'deploy.rollback_config'],
  ['EndpointSpec.Ports', 'ports'],
  ['EndpointSpec.Mode', 'deploy.endpoint_mode'],
  ['Labels', 'deploy.labels'],
];

const COUNTS = /(?:Replicas|Parallelism|MaxConcurrent|TotalCompletions)$/;
const SECRET = /pass|secret|token|key|credential/i;

/** `environment.V: "1" -> "2"`; values of what sounds secret are not shown. */
export function changedSpec(before: ServiceBody, after: ServiceBody): string[] {
  const [a, b] = [flat(before), flat(after)];
  return [...new Set([...a.keys(), ...b.keys()])].flatMap((path) => {
    const [was, is] = [a.get(path), b.get(path)];
    if (was === is) return [];
    const field = wordOf(path);
    // a reference names a secret, and holds none
    const hides = SECRET.test(field.replace(/^(?:secrets|configs)\b/, ''));
    return [hides ? `${field}: changed` : `${field}: ${was ?? '(none)'} -> ${is ?? '(none)'}`];
  });
}

function wordOf(path: string): string {
  for (const [prefix, word] of WORDS) {
    if (path !== prefix && !path.startsWith(`${prefix}.`)) continue;
    const rest = path.slice(prefix.length).replace(/^\./, '');
    // labels and variables have names of their own; all else is Go's
    const below = word === 'environment' || word.endsWith('labels') ? rest : rest.split('.').map(snake).join('.');
    return [word, below].filter((part) => part !== '').join('.');
  }
  return path.split('.').map(snake).join('.');
}

function snake(name: string): string {
  return name.replace(/([a-z])([A-Z])/g, '$1_$2').toLowerCase();
}

/** Paths to JSON text; environment by name, other lists whole, nothing for what is empty. */
function flat(value: unknown, path = ''): Map<string, string> {
  const found = new Map<string, string>();
  if (value === null || value === undefined) return found;
  if (path === 'TaskTemplate.ContainerSpec.Env') {
    for (const line of value as readonly string[]) {
      const at = line.indexOf('=');
      found.set(
        `${path}.${at === -1 ? line : line.slice(0, at)}`,
        JSON.stringify(at === -1 ? null : line.slice(at + 1)),
      );
    }
    return found;
  }
  if (Array.isArray(value)) {
    if (value.length > 0) found.set(path, JSON.stringify(value.map((one) => sorted(one))));
    return found;
  }
  if (typeof value !== 'object') {
    // none of something is nothing, but for counts that have another default
    const isNothing = (value === 0 && !COUNTS.test(path)) || value === false || value === '';
    return isNothing ? found : found.set(path, JSON.stringify(value));
  }
  for (const [key, below] of Object.entries(value))
    for (const [where, text] of flat(below, path === '' ? key : `${path}.${key}`)) found.set(where, text);
  return found;
}

function sorted(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, below]) => below !== null && below !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, below]) => [key, sorted(below)]),
  );
}
