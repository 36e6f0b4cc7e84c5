// Which services of a project take part: by profile, by name with what they depend on; and which resources those use.
import { Glob, type GlobToken } from '../../base/glob.ts';
import type { Project, Service } from '../model/project.ts';
import { sortedKeys } from '../value/value.ts';

export type Services = Readonly<Record<string, Service>>;

export interface Selection {
  readonly project: Project;
  /** services that do not take part */
  readonly disabled: Services;
}

function isOn(service: Service, profiles: readonly string[]): boolean {
  const own = service.profiles ?? [];
  return own.length === 0 || profiles.includes('*') || own.some((profile) => profiles.includes(profile));
}

/** Divides the services by the profiles that are on. */
export function withProfiles({ project, disabled }: Selection, profiles: readonly string[]): Selection {
  const all = { ...project.services, ...disabled };
  const on: Record<string, Service> = {};
  const off: Record<string, Service> = {};
  for (const name of sortedKeys(all)) {
    const service = all[name];
    if (service !== undefined) (isOn(service, profiles) ? on : off)[name] = service;
  }
  return { project: { ...project, services: on }, disabled: off };
}

/** Naming a service turns its profiles on. */
export function withNamed(selection: Selection, names: readonly string[], profiles: readonly string[]): Selection {
  if (names.length === 0) return selection;
  const more = names
    .filter((name) => selection.project.services[name] === undefined)
    .flatMap((name) => selection.disabled[name]?.profiles ?? []);
  return withProfiles(selection, [...profiles, ...more]);
}

/** Only the named services and what they depend on; all when none is named. Throws `no such service: x`. */
export function withSelected({ project, disabled }: Selection, names: readonly string[]): Selection {
  if (names.length === 0) return { project, disabled };
  const chosen = closure(project.services, names);
  const on: Record<string, Service> = {};
  const off: Record<string, Service> = { ...disabled };
  for (const [name, service] of Object.entries(project.services)) {
    if (chosen.has(name)) on[name] = withoutDependencies(service, (other) => chosen.has(other));
    else off[name] = service;
  }
  return { project: { ...project, services: on }, disabled: off };
}

function withoutDependencies(service: Service, keeps: (name: string) => boolean): Service {
  if (service.depends_on === undefined) return service;
  const kept = Object.entries(service.depends_on).filter(([name]) => keeps(name));
  const { depends_on: _, ...rest } = service;
  // Where a key stands does not matter: it is printed by the table.
  return kept.length === 0 ? rest : { ...rest, depends_on: Object.fromEntries(kept) };
}

/** Services by name or pattern, dependencies included, in the order in which they would start. */
export function closure(services: Services, names: readonly string[]): ReadonlySet<string> {
  const seen = new Set<string>();
  const ordered = new Set<string>();
  const visit = (name: string): void => {
    if (seen.has(name)) return;
    seen.add(name);
    const dependsOn = services[name]?.depends_on ?? {};
    for (const other of sortedKeys(dependsOn)) {
      if (services[other] !== undefined) visit(other);
      else if (dependsOn[other]?.required !== false) throw new Error(`no such service: ${other}`);
    }
    ordered.add(name);
  };
  for (const name of names) {
    const matching = services[name] === undefined ? sortedKeys(services).filter((one) => isMatch(name, one)) : [name];
    if (matching.length === 0) throw new Error(`no such service: ${name}`);
    for (const one of matching) visit(one);
  }
  return ordered;
}

/** A shell pattern with `*` and `?`. */
function isMatch(pattern: string, name: string): boolean {
  if (!/[*?]/.test(pattern)) return pattern === name;
  const parts = Array.from(pattern, (char): GlobToken => {
    if (char === '*') return { kind: 'star' };
    return char === '?' ? { kind: 'one' } : { kind: 'text', text: char };
  });
  return new Glob(parts, '/').matches(name);
}

/** Networks, volumes, secrets, configs and models that no service uses are left out. */
export function withoutUnused(project: Project): Project {
  const services = Object.values(project.services);
  const used = (names: readonly (string | undefined)[]): ReadonlySet<string | undefined> => new Set(names);
  const { networks, volumes, secrets, configs, models, ...rest } = project;
  const filtered = <T>(all: Readonly<Record<string, T>> | undefined, names: ReadonlySet<string | undefined>) =>
    Object.fromEntries(Object.entries(all ?? {}).filter(([name]) => names.has(name)));
  return {
    ...rest,
    networks: filtered(networks, used(services.flatMap((service) => Object.keys(service.networks ?? {})))),
    volumes: filtered(
      volumes,
      used(
        services.flatMap((service) =>
          (service.volumes ?? []).filter((mount) => mount.type === 'volume').map((mount) => mount.source),
        ),
      ),
    ),
    secrets: filtered(
      secrets,
      used(
        services.flatMap((one) => [...(one.secrets ?? []), ...(one.build?.secrets ?? [])].map(({ source }) => source)),
      ),
    ),
    configs: filtered(
      configs,
      used(services.flatMap((service) => (service.configs ?? []).map(({ source }) => source))),
    ),
    models: filtered(models, used(services.flatMap((service) => Object.keys(service.models ?? {})))),
  };
}
