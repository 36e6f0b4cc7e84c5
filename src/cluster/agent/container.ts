// From a task to the body that makes its container: names, labels and settings as Swarm has them. Pure.
import { posix } from 'node:path';
import type { Mount, Task } from '../model/objects.ts';
import type { Assignment } from '../wire/messages.ts';

export interface TaskFacts {
  readonly node: string;
  readonly hostname: string;
  /** On this machine: what the task's secrets and configs are bound from, by where they are seen. */
  readonly files: readonly { readonly source: string; readonly target: string }[];
}

/** `SERVICE.SLOT.TASKID`, of global services `SERVICE.NODEID.TASKID`. */
export function containerName(task: Assignment, node: string): string {
  return `${task.serviceName}.${task.slot ?? node}.${task.id}`;
}

/** As the agent will have named it. */
export function containerNameOf({ Annotations, Slot, NodeID, ID }: Task): string {
  return `${Annotations.Name}.${Slot ?? NodeID ?? ''}.${ID}`;
}

export const TASK_LABEL = 'com.docker.swarm.task.id';

export function containerBody(task: Assignment, facts: TaskFacts): object {
  const spec = task.spec.ContainerSpec ?? { Image: '' };
  const expand = (text: string): string => expandTemplate(text, task, facts);
  const ports = task.ports.filter(({ PublishMode }) => PublishMode === 'host');
  const limits = task.spec.Resources?.Limits ?? {};
  const reserved = task.spec.Resources?.Reservations ?? {};
  const network = task.spec.Networks?.find(({ Target }) => isPredefined(Target))?.Target;
  const networks = task.networks ?? [];
  const mode = network ?? networks.toSorted((a, b) => Number(a.ingress) - Number(b.ingress))[0]?.id;
  return {
    Image: spec.Image,
    Labels: {
      ...spec.Labels,
      'com.docker.swarm.node.id': facts.node,
      'com.docker.swarm.service.id': task.service,
      'com.docker.swarm.service.name': task.serviceName,
      'com.docker.swarm.task': '',
      [TASK_LABEL]: task.id,
      'com.docker.swarm.task.name': containerName(task, facts.node),
    },
    ...(spec.Command ? { Entrypoint: spec.Command } : {}),
    ...(spec.Args ? { Cmd: spec.Args } : {}),
    ...(spec.Env ? { Env: spec.Env.map(expand) } : {}),
    ...(spec.Hostname ? { Hostname: expand(spec.Hostname) } : {}),
    ...(spec.Dir ? { WorkingDir: spec.Dir } : {}),
    ...(spec.User ? { User: spec.User } : {}),
    ...(spec.TTY ? { Tty: true } : {}),
    ...(spec.OpenStdin ? { OpenStdin: true } : {}),
    ...(spec.StopSignal ? { StopSignal: spec.StopSignal } : {}),
    ...(spec.Healthcheck ? { Healthcheck: spec.Healthcheck } : {}),
    ExposedPorts: Object.fromEntries(
      ports.map(({ TargetPort, Protocol = 'tcp' }) => [`${TargetPort}/${Protocol}`, {}]),
    ),
    ...(networks.length === 0
      ? {}
      : {
          NetworkingConfig: {
            EndpointsConfig: Object.fromEntries(
              networks.map(({ id, address, address6 }) => [
                id,
                {
                  IPAMConfig: {
                    IPv4Address: address,
                    ...(address6 === undefined ? {} : { IPv6Address: address6 }),
                  },
                },
              ]),
            ),
          },
        }),
    HostConfig: {
      RestartPolicy: { Name: 'no' },
      ...(mode === undefined ? {} : { NetworkMode: mode }),
      PortBindings: Object.fromEntries(
        ports.map(({ TargetPort, PublishedPort = 0, Protocol = 'tcp' }) => [
          `${TargetPort}/${Protocol}`,
          [{ HostPort: PublishedPort === 0 ? '' : String(PublishedPort) }],
        ]),
      ),
      Mounts: [...(spec.Mounts ?? []).map((mount) => engineMount(mount, expand)), ...facts.files.map(fileMount)],
      ...(spec.ReadOnly ? { ReadonlyRootfs: true } : {}),
      ...(spec.Init === undefined ? {} : { Init: spec.Init }),
      ...(spec.Sysctls ? { Sysctls: spec.Sysctls } : {}),
      ...(spec.CapabilityAdd ? { CapAdd: spec.CapabilityAdd } : {}),
      ...(spec.CapabilityDrop ? { CapDrop: spec.CapabilityDrop } : {}),
      ...(spec.Ulimits ? { Ulimits: spec.Ulimits } : {}),
      ...(spec.Groups ? { GroupAdd: spec.Groups } : {}),
      ...(spec.Privileges?.NoNewPrivileges ? { SecurityOpt: ['no-new-privileges'] } : {}),
      ...(spec.OomScoreAdj ? { OomScoreAdj: spec.OomScoreAdj } : {}),
      ...(spec.Hosts ? { ExtraHosts: spec.Hosts.map(extraHost) } : {}),
      ...(spec.DNSConfig?.Nameservers ? { Dns: spec.DNSConfig.Nameservers } : {}),
      ...(spec.DNSConfig?.Search ? { DnsSearch: spec.DNSConfig.Search } : {}),
      ...(spec.DNSConfig?.Options ? { DnsOptions: spec.DNSConfig.Options } : {}),
      ...(limits.NanoCPUs ? { NanoCpus: limits.NanoCPUs } : {}),
      ...(limits.MemoryBytes ? { Memory: limits.MemoryBytes } : {}),
      ...(limits.Pids ? { PidsLimit: limits.Pids } : {}),
      ...(reserved.MemoryBytes ? { MemoryReservation: reserved.MemoryBytes } : {}),
      ...(task.spec.LogDriver?.Name
        ? { LogConfig: { Type: task.spec.LogDriver.Name, Config: task.spec.LogDriver.Options ?? {} } }
        : {}),
    },
  };
}

/** Networks that every node has of its own. */
export const isPredefined = (network: string): boolean => /^(?:host|bridge|none)$/.test(network);

/** Hosts of a service are lines of /etc/hosts: `IP name`; those of a container `name:IP`. */
function extraHost(line: string): string {
  const [address = '', name = ''] = line.split(/\s+/);
  return `${name}:${address}`;
}

function engineMount(mount: Mount, expand: (text: string) => string): object {
  return mount.Source === undefined ? mount : { ...mount, Source: expand(mount.Source) };
}

function fileMount({ source, target }: TaskFacts['files'][number]): object {
  return { Type: 'bind', Source: source, Target: posix.resolve('/', target), ReadOnly: true };
}

/** `{{.Node.Hostname}}` and the like, in hostname, environment and sources of mounts. What is none of these stays as it is. */
export function expandTemplate(
  text: string,
  task: Assignment,
  { node, hostname }: Pick<TaskFacts, 'node' | 'hostname'>,
): string {
  if (!text.includes('{{')) return text;
  const values: Readonly<Record<string, string>> = {
    '.Service.ID': task.service,
    '.Service.Name': task.serviceName,
    '.Node.ID': node,
    '.Node.Hostname': hostname,
    '.Task.ID': task.id,
    '.Task.Name': containerName(task, node),
    '.Task.Slot': String(task.slot ?? node),
  };
  return text.replace(/\{\{([^{}]{1,256})\}\}/g, (whole, inner: string) => {
    const name = inner.trim();
    const label = /^index \.Service\.Labels "([^"]*)"$/.exec(name)?.[1];
    return label === undefined ? (values[name] ?? whole) : (task.serviceLabels[label] ?? '');
  });
}
