// From a project to a stack: everything that a cluster is to have of it. `read` gives the content of a file.
import { invalid } from '../../base/errors.ts';
import type { Network, Project, Secret, Service } from '../model/project.ts';
import { type FileBody, type NetworkBody, type Stack, stackLabels } from './body.ts';
import { isPredefined, present, serviceBody } from './service.ts';

export interface StackSources {
  /** Throws where there is no such file. */
  readonly read: (path: string) => Uint8Array;
  readonly environment: Readonly<Record<string, string>>;
}

/** Keys of a service that mean nothing in a cluster, as Docker lists them. */
const IGNORED: readonly (keyof Service)[] = [
  'build',
  'cgroup',
  'cgroup_parent',
  'container_name',
  'devices',
  'domainname',
  'external_links',
  'gpus',
  'ipc',
  'links',
  'mac_address',
  'pid',
  'privileged',
  'security_opt',
  'shm_size',
  'userns_mode',
  'volumes_from',
];

export function stackOf(project: Project, sources: StackSources): Stack {
  const { name } = project;
  const services = Object.entries(project.services);
  const used = new Set(services.flatMap(([, { networks }]) => Object.keys(networks ?? { default: null })));
  const networks = [...used]
    .filter((key) => services.some(([, { network_mode: mode }]) => mode === undefined) || key !== 'default')
    .map((key): readonly [string, Network] => {
      const known = project.networks?.[key];
      if (known === undefined && key !== 'default') throw invalid(`undefined network ${JSON.stringify(key)}`);
      return [known?.name ?? `${name}_${key}`, known ?? { ipam: {} }];
    });
  const outside = (of: Readonly<Record<string, Secret>> = {}): string[] =>
    Object.entries(of).flatMap(([key, one]) => (one.external === true ? [one.name ?? key] : []));
  return {
    name,
    networks: networks
      .filter(([, { external }]) => external !== true)
      .map(([full, network]) => networkBody(name, full, network)),
    secrets: filesOf(name, 'secret', project.secrets, sources),
    configs: filesOf(name, 'config', project.configs, sources),
    services: services.map(([key, service]) => serviceBody(project, key, service)),
    external: {
      networks: networks.flatMap(([full, { external }]) => (external === true && !isPredefined(full) ? [full] : [])),
      secrets: outside(project.secrets),
      configs: outside(project.configs),
    },
    ignored: IGNORED.filter((key) => services.some(([, service]) => service[key] !== undefined)).sort(),
  };
}

function networkBody(stack: string, name: string, network: Network): NetworkBody {
  const { config, driver: ipam } = network.ipam;
  return {
    Name: name,
    Driver: network.driver ?? 'overlay',
    Labels: stackLabels(stack, network.labels),
    ...(present({
      Options: network.driver_opts,
      Attachable: network.attachable,
      Internal: network.internal,
      EnableIPv6: network.enable_ipv6,
      IPAM:
        ipam === undefined && config === undefined
          ? undefined
          : present({
              Driver: ipam,
              Config: config?.map(({ subnet, gateway, ip_range: range }) =>
                present({ Subnet: subnet, Gateway: gateway, IPRange: range }),
              ),
            }),
    }) as object),
  };
}

function filesOf(
  stack: string,
  noun: 'secret' | 'config',
  objects: Readonly<Record<string, Secret>> | undefined,
  { read, environment }: StackSources,
): FileBody[] {
  return Object.entries(objects ?? {}).flatMap(([key, object]) => {
    if (object.external === true) return [];
    const { file, environment: variable, content, name, labels, template_driver: driver } = object;
    const value = variable === undefined ? content : environment[variable];
    if (file === undefined && value === undefined)
      throw invalid(
        variable === undefined
          ? `${noun} ${key} has neither a file nor a content`
          : `environment variable ${JSON.stringify(variable)} required by ${noun} ${JSON.stringify(key)} is not set`,
      );
    return [
      {
        Name: name ?? `${stack}_${key}`,
        Labels: stackLabels(stack, labels),
        Data: Buffer.from(file === undefined ? (value ?? '') : read(file)).toString('base64'),
        ...(driver === undefined ? {} : { Templating: { Name: driver } }),
      },
    ];
  });
}
