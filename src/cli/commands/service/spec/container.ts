// What the flags of `service update` change in the container of a service's tasks. Pure.
import { cut } from '../../../../base/go-text.ts';
import { hostLine } from '../../../../spec/docker/shorthand/index.ts';
import { byName, tagged } from './create.ts';
import type { Given, UpdateFlags } from './flags.ts';
import { changedBy, changedList, changedMap, filled, keyOf, some } from './lists.ts';
import type { ContainerSpec, References } from './model.ts';
import { healthOf } from './policies.ts';
import { capabilities, checkTargets } from './readers.ts';

type Input = Given<UpdateFlags>;

export function changedContainer(before: ContainerSpec, input: Input, references: References): ContainerSpec {
  const { flags, changed } = input;
  return {
    ...before,
    ...(flags.image === '' ? {} : { Image: tagged(flags.image) }),
    ...(changed('args') ? { Args: some(flags.args) } : {}),
    ...(changed('entrypoint') ? { Command: some(flags.entrypoint) } : {}),
    ...(changed('hostname') ? { Hostname: flags.hostname || undefined } : {}),
    ...(changed('workdir') ? { Dir: flags.workdir || undefined } : {}),
    ...(changed('user') ? { User: flags.user || undefined } : {}),
    ...(changed('tty') ? { TTY: flags.tty || undefined } : {}),
    ...(changed('read-only') ? { ReadOnly: flags['read-only'] || undefined } : {}),
    ...(changed('init') ? { Init: flags.init } : {}),
    ...(changed('stop-signal') ? { StopSignal: flags['stop-signal'] || undefined } : {}),
    ...(changed('stop-grace-period') ? { StopGracePeriod: Number(flags['stop-grace-period']) } : {}),
    ...(changed('isolation') ? { Isolation: flags.isolation || undefined } : {}),
    ...(changed('oom-score-adj') ? { OomScoreAdj: flags['oom-score-adj'] || undefined } : {}),
    ...(flags['cap-add'].length + flags['cap-drop'].length === 0 ? {} : changedCapabilities(before, flags)),
    Env: changedEnv(before.Env, flags),
    Labels: filled(changedMap(before.Labels, flags['container-label-add'], flags['container-label-rm'])),
    Sysctls: filled(changedMap(before.Sysctls, flags['sysctl-add'], flags['sysctl-rm'])),
    Groups: changedList(before.Groups, flags['group-add'], flags['group-rm']),
    DNSConfig: changedDns(before.DNSConfig, input),
    Hosts: changedHosts(before.Hosts, flags),
    Healthcheck: healthOf(input, before.Healthcheck),
    Mounts: changedMounts(before.Mounts, flags),
    Ulimits: changedUlimits(before.Ulimits, flags),
    ...changedFiles(before, flags, references),
  };
}

function changedEnv(before: ContainerSpec['Env'], flags: UpdateFlags): ContainerSpec['Env'] {
  if (flags['env-add'].length + flags['env-rm'].length === 0) return before;
  return changedBy(before, flags['env-add'], (line) => flags['env-rm'].includes(keyOf(line)), keyOf);
}

function changedDns(before: ContainerSpec['DNSConfig'], { flags, changed }: Input): ContainerSpec['DNSConfig'] {
  const names = ['dns', 'dns-option', 'dns-search'];
  if (!names.some((name) => changed(`${name}-add`) || changed(`${name}-rm`))) return before;
  return {
    ...before,
    Nameservers: changedList(before?.Nameservers, flags['dns-add'], flags['dns-rm']),
    Search: changedList(before?.Search, flags['dns-search-add'], flags['dns-search-rm']),
    Options: changedList(before?.Options, flags['dns-option-add'], flags['dns-option-rm']),
  };
}

/** `--host-rm` names a host, or a host with one of its addresses; a line of several names loses that one. */
function changedHosts(before: readonly string[] = [], flags: UpdateFlags): readonly string[] | undefined {
  const [added, gone] = [flags['host-add'], flags['host-rm']];
  const isGone = (name: string, address: string): boolean =>
    gone.some((text) => {
      const [other, at] = cut(text.replace('=', ':'), ':');
      return other === name && (at === '' || at === address);
    });
  const kept = before.flatMap((line) => {
    const [address = '', ...names] = line.trim().split(/\s+/);
    const left = names.filter((name) => !isGone(name, address));
    if (left.length === names.length) return [line];
    return left.length === 0 ? [] : [`${address} ${left.join(' ')}`];
  });
  return some([...new Set([...kept, ...added.map(hostLine)])]);
}

function changedMounts(before: ContainerSpec['Mounts'], flags: UpdateFlags): ContainerSpec['Mounts'] {
  const [added, gone] = [flags['mount-add'], flags['mount-rm']];
  if (added.length + gone.length === 0) return before;
  const targets = added.map(({ Target }) => Target);
  const twice = targets.find((target, index) => targets.indexOf(target) !== index);
  if (twice !== undefined) throw new Error('duplicate mount target');
  const next = changedBy(
    before,
    added,
    ({ Target }) => gone.includes(Target),
    ({ Target }) => Target,
  );
  return next?.toSorted((a, b) => compare(a.Source ?? '', b.Source ?? '') || compare(a.Target, b.Target));
}

const compare = (a: string, b: string): number => (a === b ? 0 : a < b ? -1 : 1);

function changedUlimits(before: ContainerSpec['Ulimits'], flags: UpdateFlags): ContainerSpec['Ulimits'] {
  const [added, gone] = [flags['ulimit-add'], flags['ulimit-rm']];
  if (added.length + gone.length === 0) return before;
  const next = changedBy(
    before,
    added,
    ({ Name }) => gone.includes(Name),
    ({ Name }) => Name,
  );
  return next?.toSorted(byName);
}

function changedFiles(before: ContainerSpec, flags: UpdateFlags, { secrets, configs }: References) {
  const Secrets = [
    ...(before.Secrets ?? []).filter(({ SecretName }) => !flags['secret-rm'].includes(SecretName)),
    ...flags['secret-add'].map((one) => ({ ...one, SecretID: secrets.get(one.SecretName) ?? '' })),
  ];
  const Configs = [
    ...(before.Configs ?? []).filter(({ ConfigName }) => !flags['config-rm'].includes(ConfigName)),
    ...flags['config-add'].map((one) => ({ ...one, ConfigID: configs.get(one.ConfigName) ?? '' })),
  ];
  checkTargets(
    flags['secret-add'].map(({ File, SecretName }) => ({ File, source: SecretName })),
    'secret',
  );
  checkTargets(
    flags['config-add'].map(({ File, ConfigName }) => ({ File, source: ConfigName })),
    'config',
  );
  return { Secrets: some(Secrets), Configs: some(Configs) };
}

/** To drop one that was added takes it back, and the other way round; RESET forgets what was there. */
function changedCapabilities({ CapabilityAdd, CapabilityDrop }: ContainerSpec, flags: UpdateFlags) {
  const [toAdd, toDrop] = [capabilities(flags['cap-add']), capabilities(flags['cap-drop'])];
  const add = toAdd.delete('RESET') ? new Set<string>() : capabilities(CapabilityAdd);
  const drop = toDrop.delete('RESET') ? new Set<string>() : capabilities(CapabilityDrop);
  for (const one of toDrop) if (!toAdd.has(one) && !add.delete(one)) drop.add(one);
  for (const one of toAdd) if (!drop.delete(one)) add.add(one);
  const kept = (set: ReadonlySet<string>): readonly string[] => (set.has('ALL') ? ['ALL'] : [...set].sort());
  return { CapabilityAdd: some(kept(add)), CapabilityDrop: some(kept(drop)) };
}
