// A service's specification as far as flags change it; what else a daemon says of one is kept as it came.
import type { HealthConfig, Mount, Ulimit } from '../../../../spec/docker/container.ts';

export type Labels = Readonly<Record<string, string>>;

interface FileTarget {
  readonly Name: string;
  readonly UID: string;
  readonly GID: string;
  readonly Mode: number;
}

export interface SecretReference {
  readonly File: FileTarget;
  readonly SecretID?: string;
  readonly SecretName: string;
}

export interface ConfigReference {
  readonly File: FileTarget;
  readonly ConfigID?: string;
  readonly ConfigName: string;
}

export interface Network {
  readonly Target: string;
  readonly Aliases?: readonly string[] | undefined;
  readonly DriverOpts?: Labels | undefined;
}

export interface Port {
  readonly Protocol: string;
  readonly TargetPort: number;
  readonly PublishedPort?: number | undefined;
  readonly PublishMode: string;
}

export interface GenericResource {
  readonly DiscreteResourceSpec: { readonly Kind: string; readonly Value: number };
}

export interface Preference {
  readonly Spread?: { readonly SpreadDescriptor: string } | undefined;
}

export interface ContainerSpec {
  readonly Image: string;
  readonly Labels?: Labels | undefined;
  readonly Command?: readonly string[] | undefined;
  readonly Args?: readonly string[] | undefined;
  readonly Hostname?: string | undefined;
  readonly Env?: readonly string[] | undefined;
  readonly Dir?: string | undefined;
  readonly User?: string | undefined;
  readonly Groups?: readonly string[] | undefined;
  readonly TTY?: boolean | undefined;
  readonly ReadOnly?: boolean | undefined;
  readonly Init?: boolean | undefined;
  readonly StopSignal?: string | undefined;
  readonly StopGracePeriod?: number | undefined;
  readonly Isolation?: string | undefined;
  readonly Mounts?: readonly Mount[] | undefined;
  readonly Healthcheck?: HealthConfig | undefined;
  readonly Hosts?: readonly string[] | undefined;
  readonly DNSConfig?:
    | {
        readonly Nameservers?: readonly string[] | undefined;
        readonly Search?: readonly string[] | undefined;
        readonly Options?: readonly string[] | undefined;
      }
    | undefined;
  readonly Secrets?: readonly SecretReference[] | undefined;
  readonly Configs?: readonly ConfigReference[] | undefined;
  readonly Sysctls?: Labels | undefined;
  readonly CapabilityAdd?: readonly string[] | undefined;
  readonly CapabilityDrop?: readonly string[] | undefined;
  readonly Ulimits?: readonly Ulimit[] | undefined;
  readonly OomScoreAdj?: number | undefined;
  readonly [other: string]: unknown;
}

export interface Resources {
  readonly Limits?:
    | {
        readonly NanoCPUs?: number | undefined;
        readonly MemoryBytes?: number | undefined;
        readonly Pids?: number | undefined;
      }
    | undefined;
  readonly Reservations?:
    | {
        readonly NanoCPUs?: number | undefined;
        readonly MemoryBytes?: number | undefined;
        readonly GenericResources?: readonly GenericResource[] | undefined;
      }
    | undefined;
}

export interface RestartPolicy {
  readonly Condition?: string | undefined;
  readonly Delay?: number | undefined;
  readonly MaxAttempts?: number | undefined;
  readonly Window?: number | undefined;
}

export interface UpdateConfig {
  readonly Parallelism: number;
  readonly Delay?: number | undefined;
  readonly FailureAction?: string | undefined;
  readonly Monitor?: number | undefined;
  readonly MaxFailureRatio?: number | undefined;
  readonly Order?: string | undefined;
}

export interface ServiceMode {
  readonly Replicated?: { readonly Replicas?: number | undefined } | undefined;
  readonly Global?: object | undefined;
  readonly ReplicatedJob?:
    | { readonly MaxConcurrent?: number | undefined; readonly TotalCompletions?: number | undefined }
    | undefined;
  readonly GlobalJob?: object | undefined;
}

export interface ServiceSpec {
  readonly Name?: string | undefined;
  readonly Labels?: Labels | undefined;
  readonly TaskTemplate: {
    readonly ContainerSpec: ContainerSpec;
    readonly Resources?: Resources | undefined;
    readonly RestartPolicy?: RestartPolicy | undefined;
    readonly Placement?:
      | {
          readonly Constraints?: readonly string[] | undefined;
          readonly Preferences?: readonly Preference[] | undefined;
          readonly MaxReplicas?: number | undefined;
          readonly [other: string]: unknown;
        }
      | undefined;
    readonly Networks?: readonly Network[] | undefined;
    readonly LogDriver?: { readonly Name: string; readonly Options?: Labels | undefined } | undefined;
    readonly ForceUpdate?: number | undefined;
    readonly [other: string]: unknown;
  };
  readonly Mode: ServiceMode;
  readonly UpdateConfig?: UpdateConfig | undefined;
  readonly RollbackConfig?: UpdateConfig | undefined;
  readonly EndpointSpec?:
    | { readonly Mode?: string | undefined; readonly Ports?: readonly Port[] | undefined }
    | undefined;
  /** Where networks stood before API 1.25. */
  readonly Networks?: readonly Network[] | undefined;
}

/** What flags name, by the names: the ids that the daemon knows it by. */
export interface References {
  readonly networks: ReadonlyMap<string, string>;
  readonly secrets: ReadonlyMap<string, string>;
  readonly configs: ReadonlyMap<string, string>;
}
