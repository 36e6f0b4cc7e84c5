// The flags of `service update` over a specification as the daemon has it -> the next one. What no flag names stays. Pure.
import { changedContainer } from './container.ts';
import { logDriver } from './create.ts';
import type { Given, UpdateFlags } from './flags.ts';
import { changedList, changedMap, some } from './lists.ts';
import type { GenericResource, Network, Port, References, ServiceMode, ServiceSpec } from './model.ts';
import { ownLabels, resourcesOf, restartOf, updateOf } from './policies.ts';
import { readGeneric } from './readers.ts';

type Input = Given<UpdateFlags>;
type Template = ServiceSpec['TaskTemplate'];

/** Throws Error in Docker's words. */
export function updateSpec(before: ServiceSpec, input: Input, references: References): ServiceSpec {
  const { flags, changed } = input;
  const { Networks: older, ...spec } = before;
  const template = spec.TaskTemplate;
  const attached = template.Networks ?? older;
  const networks = changedNetworks(attached ?? [], input, references);
  return {
    ...spec,
    Labels: { ...changedMap(spec.Labels, flags['label-add'], flags['label-rm']), ...ownLabels(input) },
    TaskTemplate: {
      ...template,
      ContainerSpec: changedContainer(template.ContainerSpec, input, references),
      Resources: resourcesOf(input, template.Resources, changedGeneric(template, flags)),
      RestartPolicy: restartOf(input, template.RestartPolicy),
      Placement: changedPlacement(template.Placement, input),
      Networks: networks,
      ...(flags['log-driver'] === '' ? {} : { LogDriver: logDriver(input) }),
      ForceUpdate: (template.ForceUpdate ?? 0) + (flags.force ? 1 : 0),
    },
    Mode: changedMode(spec.Mode, input),
    UpdateConfig: updateOf('update', input, spec.UpdateConfig),
    RollbackConfig: updateOf('rollback', input, spec.RollbackConfig),
    ...(changed('endpoint-mode') || changed('publish-add') || changed('publish-rm')
      ? {
          EndpointSpec: {
            ...spec.EndpointSpec,
            ...(changed('endpoint-mode') ? { Mode: flags['endpoint-mode'] } : {}),
            Ports: changedPorts(spec.EndpointSpec?.Ports ?? [], flags),
          },
        }
      : {}),
  };
}

function changedPlacement(before: Template['Placement'], { flags, changed }: Input): Template['Placement'] {
  const names = ['constraint-add', 'constraint-rm', 'placement-pref-add', 'placement-pref-rm', 'replicas-max-per-node'];
  if (!names.some(changed)) return before;
  const gone = new Set(flags['placement-pref-rm'].map(({ Spread }) => Spread?.SpreadDescriptor));
  const preferences = [
    ...(before?.Preferences ?? []).filter(({ Spread }) => !gone.has(Spread?.SpreadDescriptor)),
    ...flags['placement-pref-add'],
  ];
  return {
    ...before,
    Constraints: changedList(before?.Constraints, flags['constraint-add'], flags['constraint-rm']),
    Preferences: preferences.length === 0 ? undefined : preferences,
    ...(changed('replicas-max-per-node') ? { MaxReplicas: flags['replicas-max-per-node'] || undefined } : {}),
  };
}

function changedGeneric(template: Template, flags: UpdateFlags): readonly GenericResource[] | undefined {
  const [added, gone] = [flags['generic-resource-add'], flags['generic-resource-rm']];
  if (added.length === 0 && gone.length === 0) return undefined;
  const before = template.Resources?.Reservations?.GenericResources ?? [];
  const kindOf = ({ DiscreteResourceSpec }: GenericResource): string => DiscreteResourceSpec.Kind;
  for (const kind of gone)
    if (!before.some((one) => kindOf(one) === kind))
      throw new Error(`could not find generic-resource \`${kind}\` to remove it`);
  const next = new Map(before.filter((one) => !gone.includes(kindOf(one))).map((one) => [kindOf(one), one]));
  for (const one of readGeneric(added)) next.set(kindOf(one), one);
  return [...next.values()];
}

function changedMode(before: ServiceMode, { flags, changed }: Input): ServiceMode {
  if (changed('replicas')) {
    if (!before.Replicated) throw new Error('replicas can only be used with replicated mode');
    return { Replicated: { Replicas: flags.replicas } };
  }
  if (!changed('max-concurrent')) return before;
  if (!before.ReplicatedJob) throw new Error('max-concurrent can only be used with replicated-job mode');
  return { ReplicatedJob: { ...before.ReplicatedJob, MaxConcurrent: flags['max-concurrent'] } };
}

function changedNetworks(
  before: readonly Network[],
  { flags }: Input,
  references: References,
): readonly Network[] | undefined {
  const [added, gone] = [flags['network-add'], flags['network-rm']];
  const idOf = (name: string): string => references.networks.get(name) ?? name;
  const next = before.filter(({ Target }) => !gone.some((name) => Target === name || Target === idOf(name)));
  for (const one of added) {
    const Target = idOf(one.Target);
    if (next.some((other) => other.Target === Target))
      throw new Error(`service is already attached to network ${one.Target}`);
    next.push({ ...one, Target });
  }
  if (next.length === 0) return undefined;
  return added.length + gone.length === 0 ? before : next.sort((a, b) => (a.Target < b.Target ? -1 : 1));
}

const portText = ({ PublishedPort = 0, TargetPort, Protocol, PublishMode }: Port): string =>
  `${PublishedPort}:${TargetPort}/${Protocol}/${PublishMode}`;

function changedPorts(before: readonly Port[], flags: UpdateFlags): readonly Port[] | undefined {
  const known = new Set(before.map(portText));
  const isGone = (port: Port): boolean =>
    flags['publish-rm'].some(
      ({ TargetPort, Protocol, PublishMode }) =>
        port.TargetPort === TargetPort && port.Protocol === Protocol && port.PublishMode === PublishMode,
    );
  const next = [
    ...before.filter((port) => !isGone(port)),
    ...flags['publish-add'].filter((port) => !known.has(portText(port))),
  ];
  return some(next.sort((a, b) => (portText(a) < portText(b) ? -1 : 1)));
}
