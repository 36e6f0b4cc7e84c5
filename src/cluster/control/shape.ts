// Bodies of requests, as far as their fields are read here: nulls are absent, and a wrong type is refused in the words of Go's decoder. Pure.
import { invalid } from '../../base/errors.ts';

export type Shape =
  | 'string'
  | 'number'
  | 'bool'
  | { readonly list: Shape }
  | { readonly map: Shape }
  | { readonly struct: string; readonly fields: Readonly<Record<string, Shape>> };

const struct = (name: string, fields: Readonly<Record<string, Shape>>): Shape => ({ struct: name, fields });
const list = (element: Shape): Shape => ({ list: element });
const texts = list('string');
const labels: Shape = { map: 'string' };

const target = struct('FileTarget', { Name: 'string', UID: 'string', GID: 'string', Mode: 'number' });
const updateConfig = struct('UpdateConfig', {
  Parallelism: 'number',
  Delay: 'number',
  FailureAction: 'string',
  Monitor: 'number',
  MaxFailureRatio: 'number',
  Order: 'string',
});
const networks = list(struct('NetworkAttachmentConfig', { Target: 'string', Aliases: texts }));

const containerSpec = struct('ContainerSpec', {
  Image: 'string',
  Labels: labels,
  Command: texts,
  Args: texts,
  Hostname: 'string',
  Env: texts,
  Dir: 'string',
  User: 'string',
  Groups: texts,
  TTY: 'bool',
  OpenStdin: 'bool',
  ReadOnly: 'bool',
  Mounts: list(struct('Mount', { Type: 'string', Source: 'string', Target: 'string', ReadOnly: 'bool' })),
  StopSignal: 'string',
  StopGracePeriod: 'number',
  Healthcheck: struct('HealthConfig', {
    Test: texts,
    Interval: 'number',
    Timeout: 'number',
    Retries: 'number',
    StartPeriod: 'number',
    StartInterval: 'number',
  }),
  Hosts: texts,
  DNSConfig: struct('DNSConfig', { Nameservers: texts, Search: texts, Options: texts }),
  Secrets: list(struct('SecretReference', { File: target, SecretID: 'string', SecretName: 'string' })),
  Configs: list(struct('ConfigReference', { File: target, ConfigID: 'string', ConfigName: 'string' })),
  Init: 'bool',
  Sysctls: labels,
  CapabilityAdd: texts,
  CapabilityDrop: texts,
  Ulimits: list(struct('Ulimit', { Name: 'string', Hard: 'number', Soft: 'number' })),
  OomScoreAdj: 'number',
  Isolation: 'string',
  Privileges: struct('Privileges', { NoNewPrivileges: 'bool' }),
});

const resources = struct('Resources', { NanoCPUs: 'number', MemoryBytes: 'number', Pids: 'number' });

export const serviceShape = struct('ServiceSpec', {
  Name: 'string',
  Labels: labels,
  TaskTemplate: struct('TaskSpec', {
    ContainerSpec: containerSpec,
    Resources: struct('ResourceRequirements', { Limits: resources, Reservations: resources }),
    RestartPolicy: struct('RestartPolicy', {
      Condition: 'string',
      Delay: 'number',
      MaxAttempts: 'number',
      Window: 'number',
    }),
    Placement: struct('Placement', {
      Constraints: texts,
      Preferences: list(
        struct('PlacementPreference', { Spread: struct('SpreadOver', { SpreadDescriptor: 'string' }) }),
      ),
      MaxReplicas: 'number',
      Platforms: list(struct('Platform', { Architecture: 'string', OS: 'string' })),
    }),
    ForceUpdate: 'number',
    Runtime: 'string',
    Networks: networks,
    LogDriver: struct('Driver', { Name: 'string', Options: labels }),
  }),
  Mode: struct('ServiceMode', {
    Replicated: struct('ReplicatedService', { Replicas: 'number' }),
    Global: struct('GlobalService', {}),
    ReplicatedJob: struct('ReplicatedJob', { MaxConcurrent: 'number', TotalCompletions: 'number' }),
    GlobalJob: struct('GlobalJob', {}),
  }),
  UpdateConfig: updateConfig,
  RollbackConfig: updateConfig,
  Networks: networks,
  EndpointSpec: struct('EndpointSpec', {
    Mode: 'string',
    Ports: list(
      struct('PortConfig', {
        Name: 'string',
        Protocol: 'string',
        TargetPort: 'number',
        PublishedPort: 'number',
        PublishMode: 'string',
      }),
    ),
  }),
});

export const nodeShape = struct('NodeSpec', { Name: 'string', Labels: labels, Role: 'string', Availability: 'string' });

export const secretShape = struct('SecretSpec', {
  Name: 'string',
  Labels: labels,
  Data: 'string',
  Templating: struct('Driver', { Name: 'string', Options: labels }),
  Driver: struct('Driver', { Name: 'string', Options: labels }),
});

const clusterFields: Readonly<Record<string, Shape>> = {
  Labels: labels,
  Orchestration: struct('OrchestrationConfig', { TaskHistoryRetentionLimit: 'number' }),
  Raft: struct('RaftConfig', {
    SnapshotInterval: 'number',
    KeepOldSnapshots: 'number',
    LogEntriesForSlowFollowers: 'number',
    ElectionTick: 'number',
    HeartbeatTick: 'number',
  }),
  Dispatcher: struct('DispatcherConfig', { HeartbeatPeriod: 'number' }),
  CAConfig: struct('CAConfig', { NodeCertExpiry: 'number' }),
  EncryptionConfig: struct('EncryptionConfig', { AutoLockManagers: 'bool' }),
};
export const clusterShape = struct('Spec', clusterFields);

export const initShape = struct('InitRequest', {
  ListenAddr: 'string',
  AdvertiseAddr: 'string',
  DataPathPort: 'number',
  DefaultAddrPool: texts,
  SubnetSize: 'number',
  ForceNewCluster: 'bool',
  Availability: 'string',
  Spec: clusterShape,
});

export const unlockShape = struct('UnlockRequest', { UnlockKey: 'string' });

export const joinShape = struct('JoinRequest', {
  ListenAddr: 'string',
  AdvertiseAddr: 'string',
  RemoteAddrs: texts,
  JoinToken: 'string',
  Availability: 'string',
});

/** The value without nulls; throws where a known field has another type. Fields that are not known stay as they are. */
export function shaped(value: unknown, shape: Shape): unknown {
  return read(value, shape, nameOf(shape));
}

function nameOf(shape: Shape): string {
  return typeof shape === 'object' && 'struct' in shape ? shape.struct : 'body';
}

function read(value: unknown, shape: Shape, path: string): unknown {
  if (typeof shape === 'string') {
    const type = shape === 'bool' ? 'boolean' : shape;
    if (typeof value !== type) throw wrong(value, path, shape);
    if (shape === 'number' && !Number.isSafeInteger(value) && !path.endsWith('.MaxFailureRatio'))
      throw wrong(value, path, 'int64');
    return value;
  }
  if ('list' in shape) {
    if (!Array.isArray(value)) throw wrong(value, path, '[]');
    return value.filter((one) => one !== null).map((one) => read(one, shape.list, path));
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wrong(value, path, 'struct');
  const entries = Object.entries(value).filter(([, one]) => one !== null);
  if ('map' in shape)
    return Object.fromEntries(entries.map(([key, one]) => [key, read(one, shape.map, `${path}.${key}`)]));
  return Object.fromEntries(
    entries.map(([key, one]) => {
      const field = Object.hasOwn(shape.fields, key) ? shape.fields[key] : undefined;
      return [key, field === undefined ? one : read(one, field, `${shape.struct}.${key}`)];
    }),
  );
}

function wrong(value: unknown, path: string, go: string): Error {
  const kind = Array.isArray(value) ? 'array' : typeof value === 'boolean' ? 'bool' : typeof value;
  return invalid(`invalid JSON: json: cannot unmarshal ${kind} into Go struct field ${path} of type ${go}`);
}
