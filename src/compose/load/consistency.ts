// What a whole project must hold and no schema can say: names that exist, settings that agree, no circles.
import type { Project, Service } from '../model/project.ts';
import { type Path, ComposeError } from '../value/error.ts';
import { sortedKeys } from '../value/value.ts';

type Services = Readonly<Record<string, Service>>;

const INVALID = 'invalid compose project';

/** Throws the first fault; `disabled` are services whose profile is off. */
export function checkConsistency(project: Project, disabled: Services): void {
  for (const name of sortedKeys(project.services)) {
    const service = project.services[name];
    if (service !== undefined) new ServiceCheck(name, service, project, disabled).all();
  }
  for (const [name, secret] of Object.entries(project.secrets ?? {}))
    if (secret.external !== true && secret.file === undefined && secret.environment === undefined)
      refuse(`secret ${quote(name)} must declare either \`file\` or \`environment\`: ${INVALID}`, ['secrets', name]);
  checkCycle(project.services);
}

const quote = (text: string): string => JSON.stringify(text);

function refuse(message: string, path: Path): never {
  throw new ComposeError(message, { path });
}

class ServiceCheck {
  readonly #name: string;
  readonly #service: Service;
  readonly #project: Project;
  readonly #disabled: Services;

  constructor(name: string, service: Service, project: Project, disabled: Services) {
    this.#name = name;
    this.#service = service;
    this.#project = project;
    this.#disabled = disabled;
  }

  all(): void {
    this.#source();
    this.#networks();
    this.#health();
    this.#dependencies();
    this.#resources();
    this.#scale();
    this.#limits();
    this.#watch();
    this.#mounts();
  }

  #refuse(message: string, ...path: Path): never {
    return refuse(message, ['services', this.#name, ...path]);
  }

  #source(): void {
    const { build, image, provider, platform } = this.#service;
    if (build === undefined && image === undefined && provider === undefined)
      this.#refuse(`service ${quote(this.#name)} has neither an image nor a build context specified: ${INVALID}`);
    if (build === undefined) return;
    if (build.dockerfile_inline !== undefined && build.dockerfile !== undefined)
      this.#refuse(
        `service ${quote(this.#name)} declares mutualy exclusive dockerfile and dockerfile_inline: ${INVALID}`,
        'build',
        'dockerfile_inline',
      );
    for (const [context, source] of Object.entries(build.additional_contexts ?? {})) {
      if (!source.startsWith('service:')) continue;
      const target = source.slice('service:'.length);
      const other = this.#project.services[target];
      const what = other === undefined ? 'unknown' : other.build === undefined ? 'non-buildable' : undefined;
      if (what !== undefined)
        this.#refuse(
          `service ${quote(this.#name)} declares ${what} service ${quote(target)} as additional contexts ${context}`,
          'build',
          'additional_contexts',
          context,
        );
    }
    if ((build.platforms?.length ?? 0) > 0 && platform !== undefined && build.platforms?.includes(platform) !== true)
      this.#refuse(
        `service.build.platforms MUST include service.platform ${quote(platform)}: ${INVALID}`,
        'build',
        'platforms',
      );
  }

  #networks(): void {
    const { network_mode: mode, networks = {} } = this.#service;
    if (mode !== undefined && Object.keys(networks).length > 0)
      this.#refuse(
        `service ${this.#name} declares mutually exclusive \`network_mode\` and \`networks\`: ${INVALID}`,
        'network_mode',
      );
    for (const network of sortedKeys(networks))
      if (this.#project.networks?.[network] === undefined)
        this.#refuse(
          `service ${quote(this.#name)} refers to undefined network ${network}: ${INVALID}`,
          'networks',
          network,
        );
  }

  #health(): void {
    const first = this.#service.healthcheck?.test?.[0];
    if (first !== undefined && !['CMD', 'CMD-SHELL', 'NONE'].includes(first))
      this.#refuse('healthcheck.test must start either by "CMD", "CMD-SHELL" or "NONE"', 'healthcheck', 'test');
  }

  #dependencies(): void {
    const { depends_on: dependsOn = {}, network_mode: mode = '' } = this.#service;
    for (const name of sortedKeys(dependsOn)) {
      if (this.#project.services[name] !== undefined) continue;
      if (this.#disabled[name] !== undefined && dependsOn[name]?.required === false) continue;
      this.#refuse(
        `service ${quote(this.#name)} depends on undefined service ${quote(name)}: ${INVALID}`,
        'depends_on',
        name,
      );
    }
    if (!mode.startsWith('service:')) return;
    const other = mode.slice('service:'.length);
    if (this.#project.services[other] === undefined)
      this.#refuse(`service ${quote(other)} not found for network_mode 'service:${other}'`, 'network_mode');
  }

  /** Volumes, secrets, configs and models are those of the project. */
  #resources(): void {
    const { volumes, build, configs, models, secrets } = this.#service;
    const volumeNames = (volumes ?? [])
      .filter((mount) => mount.type === 'volume' && mount.source !== undefined)
      .map((mount) => mount.source ?? '');
    this.#defined('volume', volumeNames, this.#project.volumes, 'volumes');
    this.#defined('build secret', sourcesOf(build?.secrets), this.#project.secrets, 'build');
    this.#defined('config', sourcesOf(configs), this.#project.configs, 'configs');
    this.#defined('model', Object.keys(models ?? {}), this.#project.models, 'models');
    this.#defined('secret', sourcesOf(secrets), this.#project.secrets, 'secrets');
  }

  #defined(
    what: string,
    names: readonly string[],
    all: Readonly<Record<string, unknown>> | undefined,
    key: string,
  ): void {
    names.forEach((name, index) => {
      if (all?.[name] === undefined)
        this.#refuse(`service ${quote(this.#name)} refers to undefined ${what} ${name}: ${INVALID}`, key, index);
    });
  }

  #scale(): void {
    const { scale, deploy, container_name: container } = this.#service;
    const replicas = deploy?.replicas;
    if (scale !== undefined && replicas !== undefined && scale !== replicas)
      this.#refuse(
        `services.${this.#name}: can't set distinct values on 'scale' and 'deploy.replicas': ${INVALID}`,
        'scale',
      );
    if (scale !== undefined && scale < 0)
      this.#refuse(`services.${this.#name}.scale: must be greater than or equal to 0`, 'scale');
    if (replicas !== undefined && replicas < 0)
      this.#refuse(`services.${this.#name}.deploy.replicas: must be greater than or equal to 0`, 'deploy', 'replicas');
    if ((scale ?? replicas ?? 1) <= 1 || container === undefined) return;
    // The name and the key have changed places in docker compose's text.
    const key = scale === undefined ? 'deploy.replicas' : 'scale';
    this.#refuse(
      `services.${key}: can't set container_name and ${this.#name} as container name must be unique: ${INVALID}`,
      'container_name',
    );
  }

  /** Limits stand in two places for history's sake, and must agree. */
  #limits(): void {
    const { cpus, mem_limit: memory, mem_reservation: reservation, pids_limit: pids, deploy } = this.#service;
    const limits = deploy?.resources.limits;
    const reservations = deploy?.resources.reservations;
    const differ = (key: string, own: unknown, holder: object | undefined, other: unknown, path: string): void => {
      if (own !== undefined && holder !== undefined && own !== other)
        this.#refuse(
          `services.${this.#name}: can't set distinct values on '${key}' and 'deploy.resources.${path}': ${INVALID}`,
          key,
        );
    };
    differ('cpus', cpus, limits, limits?.cpus, 'limits.cpus');
    differ('mem_limit', memory, limits, limits?.memory, 'limits.memory');
    differ('mem_reservation', reservation, reservations, reservations?.memory, 'reservations.memory');
    differ('pids_limit', pids, limits, limits?.pids, 'limits.pids');
  }

  #watch(): void {
    for (const { action, target } of this.#service.develop?.watch ?? [])
      if (target === undefined && action !== 'rebuild' && action !== 'restart')
        this.#refuse(
          `services.${this.#name}.develop.watch: target is required for non-rebuild actions: ${INVALID}`,
          'develop',
          'watch',
        );
  }

  #mounts(): void {
    const mounts = new Map<string, string>();
    const take = (target: string, key: string, index: number): void => {
      const where = `services.${this.#name}.${key}[${index}]`;
      const before = mounts.get(target);
      if (before !== undefined) this.#refuse(`${where}: target ${target} already mounted as ${before}`, key, index);
      mounts.set(target, where);
    };
    this.#service.tmpfs?.forEach((line, index) => take(line.split(':', 1)[0] ?? '', 'tmpfs', index));
    this.#service.volumes?.forEach((volume, index) => take(volume.target ?? '', 'volumes', index));
  }
}

function sourcesOf(references: readonly { readonly source?: string }[] | undefined): string[] {
  return (references ?? []).map(({ source }) => source ?? '');
}

/** Follows depends_on from each service, without recursion; names the circle it finds. */
function checkCycle(services: Services): void {
  const done = new Set<string>();
  for (const start of sortedKeys(services)) {
    const path: string[] = [];
    const stack: { name: string; rest: string[] }[] = [];
    const enter = (name: string): void => {
      path.push(name);
      stack.push({
        name,
        rest: sortedKeys(services[name]?.depends_on ?? {}).filter((other) => services[other] !== undefined),
      });
    };
    if (!done.has(start)) enter(start);
    for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
      const next = top.rest.shift();
      if (next === undefined) {
        stack.pop();
        path.pop();
        done.add(top.name);
        continue;
      }
      const index = path.indexOf(next);
      if (index >= 0)
        refuse(`dependency cycle detected: ${[...path.slice(index), next].join(' -> ')}`, [
          'services',
          top.name,
          'depends_on',
        ]);
      if (!done.has(next)) enter(next);
    }
  }
}
