// A service's specification as a client sent it, checked in Docker's words; what is not there yet is refused by name. Pure.
import { invalid, notImplemented } from '../../base/errors.ts';
import { extensionsOf, LABEL } from '../model/extensions.ts';
import type { ContainerSpec, PortConfig, ServiceMode, ServiceSpec, TaskSpec } from '../model/objects.ts';
import { isPredefined } from '../agent/container.ts';
import { constraintProblem } from './constraints.ts';

/** Letters and digits at both ends, dashes and underscores between. */
const isName = (text: string): boolean => /^[a-zA-Z0-9][-_a-zA-Z0-9]*$/.test(text) && /[a-zA-Z0-9]$/.test(text);
const MAX_NAME = 63;
const MAX_REPLICAS = 100_000;

export function checkSpec(spec: Partial<ServiceSpec>): ServiceSpec {
  const { Name = '', TaskTemplate, Mode = {}, EndpointSpec } = spec;
  const refuse = (text: string): Error => invalid(`rpc error: code = InvalidArgument desc = ${text}`);
  if (Name === '') throw refuse('name must be provided');
  if (!isName(Name)) throw refuse('name must be valid as a DNS name component');
  if (Name.length > MAX_NAME) throw refuse('name must be 63 characters or fewer');
  checkTemplate(TaskTemplate, refuse);
  if (!TaskTemplate) throw invalid('mismatched Runtime and *Spec fields');
  const networks = [...(spec.Networks ?? []), ...(TaskTemplate.Networks ?? [])];
  if (networks.length > 1 && networks.some(({ Target }) => isPredefined(Target)))
    throw refuse('a predefined network (host, bridge, none) cannot be used beside another one');
  const mode: string = EndpointSpec?.Mode ?? 'vip';
  if (mode !== 'vip' && mode !== 'dnsrr') throw refuse(`invalid endpoint mode ${mode}`);
  const ports = EndpointSpec?.Ports ?? [];
  for (const port of ports) checkPort(port, refuse);
  checkPorts(ports, mode, refuse);
  const { value, problems } = extensionsOf(spec.Labels);
  const [problem] = problems;
  if (problem !== undefined) throw invalid(problem);
  if (value.schedule && !Mode.ReplicatedJob && !Mode.GlobalJob)
    throw invalid(`label ${LABEL.schedule}: only jobs have a schedule`);
  if (value.autoscale && !Mode.Replicated)
    throw invalid(`label ${LABEL.autoscale}: only replicated services are scaled`);
  const kinds = Object.keys(Mode).filter((kind) => Mode[kind as keyof typeof Mode]);
  if (kinds.length > 1) throw refuse('must specify only one service mode');
  const replicas = Mode.Replicated?.Replicas ?? 1;
  if (replicas > MAX_REPLICAS) throw refuse(`a service of more than ${MAX_REPLICAS} replicas is refused`);
  return {
    ...spec,
    Name,
    Labels: spec.Labels ?? {},
    Mode: filledMode(Mode),
    TaskTemplate: { ...TaskTemplate, ForceUpdate: TaskTemplate.ForceUpdate ?? 0, Runtime: 'container' },
  };
}

/** What would be let in by being overlooked is refused. */
function checkPrivileges(privileges: ContainerSpec['Privileges']): void {
  const { NoNewPrivileges: _, ...others } = privileges ?? {};
  const [name] = Object.entries(others).find(([, value]) => value !== undefined && value !== null) ?? [];
  if (name !== undefined)
    throw notImplemented(`services with ${name} under Privileges are not implemented by this daemon`);
}

/** With the counts that Docker's client leaves out. */
function filledMode(mode: ServiceMode): ServiceMode {
  if (mode.ReplicatedJob) {
    const { MaxConcurrent = 1, TotalCompletions = MaxConcurrent } = mode.ReplicatedJob;
    return { ReplicatedJob: { MaxConcurrent, TotalCompletions } };
  }
  if (mode.Global ?? mode.GlobalJob) return mode;
  return { Replicated: { Replicas: mode.Replicated?.Replicas ?? 1 } };
}

function checkTemplate(template: TaskSpec | undefined, refuse: (text: string) => Error): void {
  if (template?.Runtime !== undefined && template.Runtime !== '' && template.Runtime !== 'container')
    throw notImplemented(`services of runtime ${template.Runtime} are not implemented by this daemon`);
  const spec = template?.ContainerSpec;
  if (!template || !spec) throw invalid('mismatched Runtime and *Spec fields');
  const isolation = spec.Isolation;
  if (isolation !== undefined && !/^(?:default)?$/i.test(isolation))
    throw invalid(`invalid isolation '${isolation}': Linux only supports the default one`);
  checkPrivileges(spec.Privileges);
  if (!spec.Image) throw refuse('ContainerSpec: image reference must be provided');
  for (const { Source, Type } of spec.Mounts ?? [])
    if (Type === 'cluster') throw notImplemented(`cluster volumes are not implemented by this daemon: ${Source}`);
  for (const { Name } of [...(spec.Secrets ?? []), ...(spec.Configs ?? [])].flatMap(({ File }) => (File ? [File] : [])))
    if (!Name) throw refuse('malformed secret or config reference, no target given');
  for (const constraint of template.Placement?.Constraints ?? []) {
    const problem = constraintProblem(constraint);
    if (problem !== undefined) throw invalid(`rpc error: code = Unknown desc = ${problem}`);
  }
  if ((template.Resources?.Reservations?.GenericResources ?? []).length > 0)
    throw notImplemented('generic resources are not implemented by this daemon');
}

function checkPorts(ports: readonly PortConfig[], mode: string, refuse: (text: string) => Error): void {
  const ingress = ports.filter(({ PublishMode }) => PublishMode !== 'host');
  if (mode === 'dnsrr' && ingress.length > 0)
    throw refuse("EndpointSpec: port published with ingress mode can't be used with dnsrr mode");
  const seen = new Set<string>();
  for (const { PublishedPort = 0, Protocol = 'tcp' } of ingress) {
    if (PublishedPort === 0) continue;
    const key = `${PublishedPort}/${Protocol}`;
    if (seen.has(key)) throw refuse('EndpointSpec: duplicate published ports provided');
    seen.add(key);
  }
}

function checkPort(port: PortConfig, refuse: (text: string) => Error): void {
  if (port.TargetPort < 1 || port.TargetPort > 65_535) throw refuse('invalid target port: must be between 1 and 65535');
  const { PublishedPort = 0 } = port;
  if (PublishedPort < 0 || PublishedPort > 65_535) throw refuse('invalid published port: must be between 0 and 65535');
}
