// The flags of `service create` and `service update`: what both have, and what each has of its own.
import type { Mount, Ulimit } from '../../../../spec/docker/container.ts';
import {
  checkDnsSearch,
  checkEnv,
  checkExtraHost,
  checkIp,
  checkLabel,
  checkSysctl,
  parseCpus,
  parseMount,
  parseUlimit,
  splitWords,
} from '../../../../spec/docker/shorthand/index.ts';
import { flag, type Values } from '../../../grammar/index.ts';
import type { ConfigReference, Network, Port, Preference, SecretReference } from './model.ts';
import { readConfig, readNetwork, readPorts, readPreference, readSecret } from './readers.ts';

const many = <T>(word: string, usage: string, read: (text: string) => T, short = '') =>
  flag.custom<readonly T[]>(word, short, usage, [], (before, text) => [...before, read(text)]);

const cpus = (usage: string) => flag.custom<number>('decimal', '', usage, 0, (_, text) => parseCpus(text));
const words = (usage: string) =>
  flag.custom<readonly string[]>('command', '', usage, [], (_, text) => splitWords(text));
const ports = (usage: string, short = '') =>
  flag.custom<readonly Port[]>('port', short, usage, [], (before, text) => [...before, ...readPorts(text)]);
const secrets = (usage: string) => many<SecretReference>('secret', usage, readSecret);
const configs = (usage: string) => many<ConfigReference>('config', usage, readConfig);
const networks = (usage: string) => many<Network>('network', usage, readNetwork);
const preferences = (usage: string) => many<Preference>('pref', usage, readPreference);
const mounts = (usage: string) => many<Mount>('mount', usage, (text) => parseMount(text, process.cwd()));
const ulimits = (usage: string) =>
  flag.custom<readonly Ulimit[]>('ulimit', '', usage, [], (before, text) => [...before, parseUlimit(text)], {
    shown: '[]',
  });
const environment = (short: string, usage: string) => flag.list(short, usage, (text) => checkEnv(text, process.env));

function ratio(usage: string) {
  return flag.custom<number>('float', '', usage, 0, (_, text) => {
    if (text.trim() === '' || Number.isNaN(Number(text)))
      throw new Error(`strconv.ParseFloat: parsing ${JSON.stringify(text)}: invalid syntax`);
    return Number(text);
  });
}

/** What is not a setting of the service, but how the command goes about it. */
export const waitFlags = {
  detach: flag.bool('d', 'Exit immediately instead of waiting for the service to converge'),
  quiet: flag.bool('q', 'Suppress progress output'),
} as const;

/** Berth's own; they are labels of the service. */
const ownFlags = {
  autoscale: flag.string('', 'Grow and shrink with the load (min=1,max=10,cpu=60,memory=200m)'),
  fence: flag.bool('', 'A node that is cut off stops its tasks before others take their place'),
  'max-unavailable': flag.uint('', 'Tasks that may be missing by a drain', 64),
  priority: flag.int('', 'More comes first where nodes are scarce'),
  schedule: flag.string('', 'Run the job by a schedule (cron: "*/5 * * * *", @daily)'),
  strategy: flag.string('', 'Where tasks go ("spread", "least-busy", "binpack", "in-turn", "random")'),
} as const;

/** `by` gives the words after a usage that say what holds where the flag is not there. */
function common(by: (usage: string, value: string) => string) {
  const units = '(ns|us|ms|s|m|h)';
  return {
    ...waitFlags,
    ...ownFlags,
    'cap-add': flag.list('', 'Add Linux capabilities'),
    'cap-drop': flag.list('', 'Drop Linux capabilities'),
    'credential-spec': flag.custom<string>(
      'credential-spec',
      '',
      'Credential spec for managed service account (Windows only)',
      '',
      () => {
        throw new Error('services here run on Linux, which has no managed service accounts');
      },
    ),
    'health-cmd': flag.string('', 'Command to run to check health'),
    'health-interval': flag.duration('', 'Time between running the check (ms|s|m|h)'),
    'health-retries': flag.int('', 'Consecutive failures needed to report unhealthy'),
    'health-start-interval': flag.duration('', 'Time between running the check during the start period (ms|s|m|h)'),
    'health-start-period': flag.duration(
      '',
      'Start period for the container to initialize before counting retries towards unstable (ms|s|m|h)',
    ),
    'health-timeout': flag.duration('', 'Maximum time to allow one check to run (ms|s|m|h)'),
    entrypoint: words('Overwrite the default ENTRYPOINT of the image'),
    hostname: flag.string('', 'Container hostname'),
    init: flag.bool('', 'Use an init inside each service container to forward signals and reap processes'),
    isolation: flag.string('', 'Service container isolation mode'),
    'limit-cpu': cpus('Limit CPUs'),
    'limit-memory': flag.bytes('', 'Limit Memory'),
    'limit-pids': flag.int('', 'Limit maximum number of processes (default 0 = unlimited)'),
    'log-driver': flag.string('', 'Logging driver for service'),
    'log-opt': flag.list('', 'Logging driver options'),
    'max-concurrent': flag.uint('', 'Number of job tasks to run concurrently (default equal to --replicas)', 64),
    'no-healthcheck': flag.bool('', 'Disable any container-specified HEALTHCHECK'),
    'no-resolve-image': flag.bool('', 'Do not query the registry to resolve image digest and supported platforms'),
    'oom-score-adj': flag.int('', "Tune host's OOM preferences (-1000 to 1000)"),
    'read-only': flag.bool('', "Mount the container's root filesystem as read only"),
    replicas: flag.uint('', 'Number of tasks', 64),
    'replicas-max-per-node': flag.uint('', 'Maximum number of tasks per node (default 0 = unlimited)', 64),
    'reserve-cpu': cpus('Reserve CPUs'),
    'reserve-memory': flag.bytes('', 'Reserve Memory'),
    'restart-condition': flag.string('', by('Restart when condition is met ("none", "on-failure", "any")', '"any"')),
    'restart-delay': flag.duration('', by(`Delay between restart attempts ${units}`, '5s')),
    'restart-max-attempts': flag.uint('', 'Maximum number of restarts before giving up', 64),
    'restart-window': flag.duration('', `Window used to evaluate the restart policy ${units}`),
    'rollback-delay': flag.duration('', by(`Delay between task rollbacks ${units}`, '0s')),
    'rollback-failure-action': flag.string('', by('Action on rollback failure ("pause", "continue")', '"pause"')),
    'rollback-max-failure-ratio': ratio(by('Failure rate to tolerate during a rollback', '0')),
    'rollback-monitor': flag.duration(
      '',
      by(`Duration after each task rollback to monitor for failure ${units}`, '5s'),
    ),
    'rollback-order': flag.string('', by('Rollback order ("start-first", "stop-first")', '"stop-first"')),
    'rollback-parallelism': flag.uint(
      '',
      by('Maximum number of tasks rolled back simultaneously (0 to roll back all at once)', '1'),
      64,
    ),
    'stop-grace-period': flag.duration('', by(`Time to wait before force killing a container ${units}`, '10s')),
    'stop-signal': flag.string('', 'Signal to stop the container'),
    tty: flag.bool('t', 'Allocate a pseudo-TTY'),
    'update-delay': flag.duration('', by(`Delay between updates ${units}`, '0s')),
    'update-failure-action': flag.string(
      '',
      by('Action on update failure ("pause", "continue", "rollback")', '"pause"'),
    ),
    'update-max-failure-ratio': ratio(by('Failure rate to tolerate during an update', '0')),
    'update-monitor': flag.duration('', by(`Duration after each task update to monitor for failure ${units}`, '5s')),
    'update-order': flag.string('', by('Update order ("start-first", "stop-first")', '"stop-first"')),
    'update-parallelism': flag.uint(
      '',
      by('Maximum number of tasks updated simultaneously (0 to update all at once)', '1'),
      64,
    ),
    user: flag.string('u', 'Username or UID (format: <name|uid>[:<group|gid>])'),
    'with-registry-auth': flag.bool('', 'Send registry authentication details to swarm agents'),
    workdir: flag.string('w', 'Working directory inside the container'),
  };
}

export const createFlags = {
  ...common((usage, value) => `${usage} (default ${value})`),
  config: configs('Specify configurations to expose to the service'),
  constraint: flag.list('', 'Placement constraints'),
  'container-label': flag.list('', 'Container labels', checkLabel),
  dns: flag.list('', 'Set custom DNS servers', checkIp),
  'dns-option': flag.list('', 'Set DNS options'),
  'dns-search': flag.list('', 'Set custom DNS search domains', checkDnsSearch),
  'endpoint-mode': flag.string('', 'Endpoint mode (vip or dnsrr)', 'vip'),
  env: environment('e', 'Set environment variables'),
  'env-file': flag.list('', 'Read in a file of environment variables'),
  'generic-resource': flag.list('', 'User defined resources'),
  group: flag.list('', 'Set one or more supplementary user groups for the container'),
  host: flag.list('', 'Set one or more custom host-to-IP mappings (host:ip)', checkExtraHost),
  label: flag.list('l', 'Service labels', checkLabel),
  mode: flag.string('', 'Service mode ("replicated", "global", "replicated-job", "global-job")', 'replicated'),
  mount: mounts('Attach a filesystem mount to the service'),
  name: flag.string('', 'Service name'),
  network: networks('Network attachments'),
  'placement-pref': preferences('Add a placement preference'),
  publish: ports('Publish a port as a node port', 'p'),
  secret: secrets('Specify secrets to expose to the service'),
  sysctl: flag.list('', 'Sysctl options', checkSysctl),
  ulimit: ulimits('Ulimit options'),
} as const;

export const updateFlags = {
  ...common((usage) => usage),
  args: words('Service command args'),
  'config-add': configs('Add or update a config file on a service'),
  'config-rm': flag.list('', 'Remove a configuration file'),
  'constraint-add': flag.list('', 'Add or update a placement constraint'),
  'constraint-rm': flag.list('', 'Remove a constraint'),
  'container-label-add': flag.list('', 'Add or update a container label', checkLabel),
  'container-label-rm': flag.list('', 'Remove a container label by its key'),
  'dns-add': flag.list('', 'Add or update a custom DNS server', checkIp),
  'dns-option-add': flag.list('', 'Add or update a DNS option'),
  'dns-option-rm': flag.list('', 'Remove a DNS option'),
  'dns-rm': flag.list('', 'Remove a custom DNS server'),
  'dns-search-add': flag.list('', 'Add or update a custom DNS search domain', checkDnsSearch),
  'dns-search-rm': flag.list('', 'Remove a DNS search domain'),
  'endpoint-mode': flag.string('', 'Endpoint mode (vip or dnsrr)'),
  'env-add': environment('', 'Add or update an environment variable'),
  'env-rm': flag.list('', 'Remove an environment variable'),
  force: flag.bool('', 'Force update even if no changes require it'),
  'generic-resource-add': flag.list('', 'Add a Generic resource'),
  'generic-resource-rm': flag.list('', 'Remove a Generic resource'),
  'group-add': flag.list('', 'Add an additional supplementary user group to the container'),
  'group-rm': flag.list('', 'Remove a previously added supplementary user group from the container'),
  'host-add': flag.list('', 'Add a custom host-to-IP mapping ("host:ip")', checkExtraHost),
  'host-rm': flag.list('', 'Remove a custom host-to-IP mapping ("host:ip")'),
  image: flag.string('', 'Service image tag'),
  'label-add': flag.list('', 'Add or update a service label', checkLabel),
  'label-rm': flag.list('', 'Remove a label by its key'),
  'mount-add': mounts('Add or update a mount on a service'),
  'mount-rm': flag.list('', 'Remove a mount by its target path'),
  'network-add': networks('Add a network'),
  'network-rm': flag.list('', 'Remove a network'),
  'placement-pref-add': preferences('Add a placement preference'),
  'placement-pref-rm': preferences('Remove a placement preference'),
  'publish-add': ports('Add or update a published port'),
  'publish-rm': ports('Remove a published port by its target port'),
  rollback: flag.bool('', 'Rollback to previous specification'),
  'secret-add': secrets('Add or update a secret on a service'),
  'secret-rm': flag.list('', 'Remove a secret'),
  'sysctl-add': flag.list('', 'Add or update a Sysctl option', checkSysctl),
  'sysctl-rm': flag.list('', 'Remove a Sysctl option'),
  'ulimit-add': ulimits('Add or update a ulimit option'),
  'ulimit-rm': flag.list('', 'Remove a ulimit option'),
} as const;

/** Flags as they stood on the command line, without what was done with them. */
export interface Given<F> {
  readonly flags: F;
  readonly changed: (name: string) => boolean;
}

export type CommonFlags = Values<ReturnType<typeof common>>;
export type CreateFlags = Values<typeof createFlags>;
export type UpdateFlags = Values<typeof updateFlags>;

/** Throws when a flag was given that says what is to change: what is changed back is not changed besides. */
export function checkRollback(changed: Given<UpdateFlags>['changed']): void {
  const beside = ['rollback', 'detach', 'quiet', 'no-resolve-image'];
  if (Object.keys(updateFlags).some((name) => !beside.includes(name) && changed(name)))
    throw new Error('other flags may not be combined with --rollback');
}
