// From a service of a Compose file to the specification that a cluster runs it by. Pure.
import { invalid } from '../../base/errors.ts';
import { hostLine, parseReference, withDefaultTag } from '../../spec/docker/shorthand/index.ts';
import { parseDuration } from '../load/durations.ts';
import type { FileReference, Project, Resource, Service, UpdateConfig } from '../model/project.ts';
import { IMAGE_LABEL, type ServiceBody, stackLabels } from './body.ts';
import { mountsOf } from './mounts.ts';

const nanos = (text: string | undefined): number | undefined =>
  text === undefined ? undefined : Number(parseDuration(text));

/** Without what is undefined or an empty list, so that equal settings are equal text. */
export function present<T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(
    Object.entries(fields).filter(([, value]) => value !== undefined && !(Array.isArray(value) && value.length === 0)),
  ) as { [K in keyof T]?: Exclude<T[K], undefined> };
}

/** Throws for what can't be said to a cluster. */
export function serviceBody(project: Project, key: string, service: Service): ServiceBody {
  const { name: stack } = project;
  const { deploy } = service;
  const image = service.image ?? '';
  if (image === '') throw invalid(`service ${key}: an image is needed: a cluster pulls, and does not build`);
  return {
    Name: `${stack}_${key}`,
    Labels: { ...stackLabels(stack, deploy?.labels), [IMAGE_LABEL]: image },
    TaskTemplate: present({
      ContainerSpec: { Image: withDefaultTag(parseReference(image)), ...containerSpec(project, service) },
      Resources: resources(service),
      RestartPolicy: restartPolicy(service),
      Placement: present({
        Constraints: deploy?.placement.constraints ? [...deploy.placement.constraints].sort() : undefined,
        Preferences: deploy?.placement.preferences?.map(({ spread = '' }) => ({
          Spread: { SpreadDescriptor: spread },
        })),
        MaxReplicas: deploy?.placement.max_replicas_per_node,
      }),
      Networks: networksOf(project, key, service),
      LogDriver: service.logging
        ? present({ Name: service.logging.driver, Options: service.logging.options })
        : undefined,
      ForceUpdate: 0,
    }) as ServiceBody['TaskTemplate'],
    Mode: modeOf(key, service),
    ...(present({
      UpdateConfig: updateConfig(deploy?.update_config),
      RollbackConfig: updateConfig(deploy?.rollback_config),
    }) as object),
    EndpointSpec: present({ Mode: deploy?.endpoint_mode, Ports: portsOf(key, service) }),
  };
}

function containerSpec(project: Project, service: Service): object {
  const files = (kind: 'secrets' | 'configs'): object[] =>
    (service[kind] ?? []).map((reference) => fileReference(project, kind, reference));
  return present({
    Command: service.entrypoint ?? undefined,
    Args: service.command ?? undefined,
    Hostname: service.hostname,
    Hosts: service.extra_hosts?.map(hostLine),
    DNSConfig:
      service.dns || service.dns_search || service.dns_opt
        ? present({ Nameservers: service.dns, Search: service.dns_search, Options: service.dns_opt })
        : undefined,
    Healthcheck: healthcheck(service),
    Env: Object.entries(service.environment ?? {})
      .map(([name, value]) => (value === null ? name : `${name}=${value}`))
      .sort(),
    Labels: stackLabels(project.name, service.labels),
    Dir: service.working_dir,
    User: service.user,
    Groups: service.group_add,
    Mounts: mountsOf(project, service),
    StopGracePeriod: nanos(service.stop_grace_period),
    StopSignal: service.stop_signal,
    TTY: service.tty,
    OpenStdin: service.stdin_open,
    ReadOnly: service.read_only,
    Init: service.init,
    Isolation: service.isolation,
    Sysctls: service.sysctls,
    CapabilityAdd: service.cap_add,
    CapabilityDrop: service.cap_drop,
    Ulimits: Object.entries(service.ulimits ?? {}).map(([Name, limit]) =>
      typeof limit === 'number'
        ? { Name, Hard: limit, Soft: limit }
        : { Name, Hard: limit.hard ?? limit.single ?? 0, Soft: limit.soft ?? limit.single ?? 0 },
    ),
    OomScoreAdj: service.oom_score_adj,
    Secrets: files('secrets'),
    Configs: files('configs'),
  });
}

function healthcheck({ healthcheck: check }: Service): object | undefined {
  if (check === undefined) return undefined;
  if (check.disable === true) return { Test: ['NONE'] };
  return present({
    Test: check.test,
    Interval: nanos(check.interval),
    Timeout: nanos(check.timeout),
    StartPeriod: nanos(check.start_period),
    StartInterval: nanos(check.start_interval),
    Retries: check.retries,
  });
}

function fileReference(project: Project, kind: 'secrets' | 'configs', reference: FileReference): object {
  const { source = '', target, uid = '0', gid = '0', mode } = reference;
  const object = project[kind]?.[source];
  const noun = kind === 'secrets' ? 'secret' : 'config';
  if (object === undefined) throw invalid(`undefined ${noun} ${JSON.stringify(source)}`);
  // the loader has filled in where it goes; Docker writes that down as the name alone
  const usual = kind === 'secrets' ? `/run/secrets/${source}` : `/${source}`;
  const File = {
    Name: target === undefined || target === usual ? source : target,
    UID: uid,
    GID: gid,
    Mode: Number.parseInt(mode ?? '0444', 8),
  };
  const name = object.name ?? `${project.name}_${source}`;
  return kind === 'secrets' ? { File, SecretName: name } : { File, ConfigName: name };
}

function resources(service: Service): object | undefined {
  const { limits, reservations } = service.deploy?.resources ?? {};
  const of = (
    resource: Resource | undefined,
    cpus: number | undefined,
    memory: string | undefined,
  ): object | undefined => {
    const found = present({
      NanoCPUs: cpus === undefined ? undefined : Math.round(cpus * 1e9),
      MemoryBytes: memory === undefined ? undefined : Number(memory),
      GenericResources: resource?.generic_resources?.map(({ discrete_resource_spec: spec }) => ({
        DiscreteResourceSpec: { Kind: spec?.kind ?? '', Value: spec?.value ?? 0 },
      })),
    });
    return Object.keys(found).length === 0 ? undefined : found;
  };
  const pids = limits?.pids ?? service.pids_limit;
  const limited = of(limits, limits?.cpus ?? service.cpus, limits?.memory ?? service.mem_limit);
  const found = present({
    Limits: pids === undefined ? limited : { ...limited, Pids: pids },
    Reservations: of(reservations, reservations?.cpus, reservations?.memory ?? service.mem_reservation),
  });
  return Object.keys(found).length === 0 ? undefined : found;
}

/** `restart` counts where `deploy` says nothing. */
function restartPolicy({ restart = '', deploy }: Service): object | undefined {
  const policy = deploy?.restart_policy;
  if (policy)
    return present({
      Condition: policy.condition,
      Delay: nanos(policy.delay),
      MaxAttempts: policy.max_attempts,
      Window: nanos(policy.window),
    });
  const [word, count] = restart.split(':');
  if (word === 'always' || word === 'unless-stopped') return { Condition: 'any' };
  if (word === 'on-failure') return { Condition: 'on-failure', MaxAttempts: Number(count ?? 0) };
  return undefined;
}

function updateConfig(config: UpdateConfig | undefined): object | undefined {
  if (config === undefined) return undefined;
  return present({
    Parallelism: config.parallelism ?? 1,
    Delay: nanos(config.delay),
    FailureAction: config.failure_action,
    Monitor: nanos(config.monitor),
    MaxFailureRatio: config.max_failure_ratio,
    Order: config.order,
  });
}

function modeOf(key: string, { deploy, scale }: Service): object {
  const replicas = deploy?.replicas ?? scale;
  switch (deploy?.mode ?? 'replicated') {
    case 'replicated':
      return { Replicated: { Replicas: replicas ?? 1 } };
    case 'global':
      if (replicas !== undefined) throw invalid(`service ${key}: replicas can only be used with replicated mode`);
      return { Global: {} };
    case 'replicated-job':
      return { ReplicatedJob: { MaxConcurrent: replicas ?? 1, TotalCompletions: replicas ?? 1 } };
    case 'global-job':
      return { GlobalJob: {} };
    default:
      throw invalid(`service ${key}: unknown mode: ${deploy?.mode}`);
  }
}

function portsOf(key: string, { ports = [] }: Service): object[] {
  return ports.map(({ name, target = 0, published, protocol, mode }) => {
    if (published?.includes('-')) throw invalid(`service ${key}: a range of ports (${published}) can't be published`);
    return present({
      Name: name,
      Protocol: protocol ?? 'tcp',
      TargetPort: target,
      PublishedPort: published === undefined ? undefined : Number(published),
      PublishMode: mode ?? 'ingress',
    });
  });
}

/** Networks of the engine itself keep their names; the service's own name is an alias on each of the others. */
function networksOf(project: Project, key: string, { networks, network_mode: mode }: Service) {
  if (mode === 'host' || mode === 'none' || mode === 'bridge') return [{ Target: mode, Aliases: [] }];
  return Object.entries(networks ?? { default: null })
    .map(([name, attachment]) => {
      const target = project.networks?.[name]?.name ?? `${project.name}_${name}`;
      return { Target: target, Aliases: isPredefined(target) ? [] : [...(attachment?.aliases ?? []), key] };
    })
    .sort((a, b) => (a.Target < b.Target ? -1 : 1));
}

export const isPredefined = (name: string): boolean => name === 'host' || name === 'bridge' || name === 'none';
