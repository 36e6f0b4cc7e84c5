// What a stack asks the Swarm API for: the bodies of its networks, secrets, configs and services.
import type { Mapping } from '../model/project.ts';

export const STACK_LABEL = 'com.docker.stack.namespace';
export const IMAGE_LABEL = 'com.docker.stack.image';

export interface ServiceBody {
  readonly Name: string;
  readonly Labels: Mapping;
  readonly TaskTemplate: {
    readonly ContainerSpec: { readonly Image: string; readonly [field: string]: unknown };
    readonly Networks?: readonly { readonly Target: string; readonly Aliases: readonly string[] }[];
    readonly ForceUpdate?: number;
    readonly [field: string]: unknown;
  };
  readonly Mode: object;
  readonly EndpointSpec?: object;
  readonly UpdateConfig?: object;
  readonly RollbackConfig?: object;
}

export interface NetworkBody {
  readonly Name: string;
  readonly Driver: string;
  readonly Labels: Mapping;
  readonly Options?: Mapping;
  readonly Attachable?: boolean;
  readonly Internal?: boolean;
  readonly EnableIPv6?: boolean;
  readonly IPAM?: object;
}

export interface FileBody {
  readonly Name: string;
  readonly Labels: Mapping;
  /** base64 */
  readonly Data: string;
  readonly Templating?: { readonly Name: string };
}

/** Everything that a stack is to be. Secrets and configs in services are named; ids are filled in when they are known. */
export interface Stack {
  readonly name: string;
  readonly networks: readonly NetworkBody[];
  readonly secrets: readonly FileBody[];
  readonly configs: readonly FileBody[];
  readonly services: readonly ServiceBody[];
  /** Must be there before anything is made. */
  readonly external: {
    readonly networks: readonly string[];
    readonly secrets: readonly string[];
    readonly configs: readonly string[];
  };
  /** Of the file, and without meaning in a cluster. */
  readonly ignored: readonly string[];
}

export const stackLabels = (stack: string, labels: Mapping = {}): Mapping => ({ ...labels, [STACK_LABEL]: stack });
