// The flags of `service create` -> a service's specification, field by field as Docker's client sends it. Pure.
import { hostLine, parseReference, toMap, withDefaultTag } from '../../../../spec/docker/shorthand/index.ts';
import type { CreateFlags, Given } from './flags.ts';
import { filled, some } from './lists.ts';
import type { ContainerSpec, References, ServiceMode, ServiceSpec } from './model.ts';
import { healthOf, ownLabels, resourcesOf, restartOf, updateOf } from './policies.ts';
import { capabilities, checkTargets, readGeneric, uniqueEnv } from './readers.ts';

export interface CreateInput extends Given<CreateFlags> {
  readonly image: string;
  readonly args: readonly string[];
  /** Lines of --env-file. */
  readonly environment: readonly string[];
}

const text = (value: string): string | undefined => (value === '' ? undefined : value);

/** Throws Error in Docker's words. */
export function createSpec(input: CreateInput, references: References): ServiceSpec {
  const { flags, changed } = input;
  const mode = modeOf(input);
  const isJob = mode.ReplicatedJob !== undefined || mode.GlobalJob !== undefined;
  const UpdateConfig = updateOf('update', input);
  const RollbackConfig = updateOf('rollback', input);
  if (isJob && (UpdateConfig || RollbackConfig))
    throw new Error('update and rollback configuration is not supported for jobs');
  const generic = flags['generic-resource'].length === 0 ? undefined : readGeneric(flags['generic-resource']);
  const networks = flags.network
    .map((one) => ({ ...one, Target: references.networks.get(one.Target) ?? one.Target }))
    .sort((a, b) => (a.Target < b.Target ? -1 : 1));
  return {
    Name: text(flags.name),
    Labels: { ...toMap(flags.label), ...ownLabels(input) },
    TaskTemplate: {
      ContainerSpec: containerSpec(input, references),
      Resources: resourcesOf(input, { Limits: {}, Reservations: {} }, generic),
      RestartPolicy: restartOf(input),
      Placement: {
        Constraints: some(flags.constraint),
        Preferences: some(flags['placement-pref']),
        MaxReplicas: flags['replicas-max-per-node'] || undefined,
      },
      Networks: some(networks),
      LogDriver: logDriver(input),
      ForceUpdate: 0,
    },
    Mode: mode,
    UpdateConfig,
    RollbackConfig,
    EndpointSpec: {
      Mode: changed('endpoint-mode') ? flags['endpoint-mode'].toLowerCase() : 'vip',
      Ports: some(flags.publish),
    },
  };
}

export function logDriver({ flags }: Given<Pick<CreateFlags, 'log-driver' | 'log-opt'>>) {
  if (flags['log-driver'] === '') return undefined;
  return { Name: flags['log-driver'], Options: filled(toMap(flags['log-opt'])) };
}

/** With a default tag; what is no name of an image is the daemon's to judge. */
export function tagged(image: string): string {
  try {
    return withDefaultTag(parseReference(image));
  } catch {
    return image;
  }
}

function containerSpec(input: CreateInput, references: References): ContainerSpec {
  const { flags, changed } = input;
  checkTargets(
    flags.secret.map(({ File, SecretName }) => ({ File, source: SecretName })),
    'secret',
  );
  checkTargets(
    flags.config.map(({ File, ConfigName }) => ({ File, source: ConfigName })),
    'config',
  );
  return {
    Image: tagged(input.image),
    Labels: filled(toMap(flags['container-label'])),
    Command: some(flags.entrypoint),
    Args: some(input.args),
    Hostname: text(flags.hostname),
    Env: some(uniqueEnv([...input.environment, ...flags.env])),
    Dir: text(flags.workdir),
    User: text(flags.user),
    Groups: some(flags.group),
    Init: flags.init,
    StopSignal: text(flags['stop-signal']),
    TTY: flags.tty || undefined,
    ReadOnly: flags['read-only'] || undefined,
    Mounts: some(flags.mount),
    StopGracePeriod: changed('stop-grace-period') ? Number(flags['stop-grace-period']) : undefined,
    Healthcheck: healthOf(input),
    Hosts: some(flags.host.map(hostLine)),
    DNSConfig: {
      Nameservers: some(flags.dns),
      Search: some(flags['dns-search']),
      Options: some(flags['dns-option']),
    },
    Secrets: some(flags.secret.map((one) => ({ ...one, SecretID: references.secrets.get(one.SecretName) ?? '' }))),
    Configs: some(flags.config.map((one) => ({ ...one, ConfigID: references.configs.get(one.ConfigName) ?? '' }))),
    Isolation: text(flags.isolation),
    Sysctls: filled(toMap(flags.sysctl)),
    ...capabilitiesOf(flags['cap-add'], flags['cap-drop']),
    Ulimits: some([...new Map(flags.ulimit.map((one) => [one.Name, one])).values()].sort(byName)),
    OomScoreAdj: flags['oom-score-adj'] || undefined,
  };
}

export const byName = (a: { Name: string }, b: { Name: string }): number => (a.Name < b.Name ? -1 : 1);

/** What is added is not dropped; ALL stands for every other. */
function capabilitiesOf(added: readonly string[], dropped: readonly string[]) {
  const kept = (names: readonly string[]): string[] => {
    const set = capabilities(names);
    // there is nothing yet to be forgotten
    set.delete('RESET');
    return set.has('ALL') ? ['ALL'] : [...set].sort();
  };
  const add = kept(added);
  return { CapabilityAdd: some(add), CapabilityDrop: some(kept(dropped).filter((one) => !add.includes(one))) };
}

function modeOf({ flags, changed }: CreateInput): ServiceMode {
  const mode = flags.schedule !== '' && !changed('mode') ? 'replicated-job' : flags.mode;
  if (mode.startsWith('global')) {
    if (changed('replicas')) throw new Error('replicas can only be used with replicated or replicated-job mode');
    if (flags['replicas-max-per-node'] > 0)
      throw new Error('replicas-max-per-node can only be used with replicated or replicated-job mode');
  }
  if (mode !== 'replicated-job' && changed('max-concurrent'))
    throw new Error('max-concurrent can only be used with replicated-job mode');
  const replicas = changed('replicas') ? flags.replicas : undefined;
  switch (mode) {
    case 'global':
      return { Global: {} };
    case 'global-job':
      return { GlobalJob: {} };
    case 'replicated':
      return { Replicated: { Replicas: replicas } };
    case 'replicated-job':
      return {
        ReplicatedJob: {
          MaxConcurrent: changed('max-concurrent') ? flags['max-concurrent'] : replicas,
          TotalCompletions: replicas,
        },
      };
    default:
      throw new Error(`Unknown mode: ${mode}, only replicated and global supported`);
  }
}
