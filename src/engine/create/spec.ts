// What a container is to be, whoever asks for it: every field there, in the meaning of today. Pure.
import type {
  ContainerConfig,
  ContainerCreateBody,
  ContainerCreateRequest,
  EndpointSettings,
  HostConfig,
} from '../../spec/docker/index.ts';
import { createRequest, decode, hostConfig as hostSchema } from '../../spec/docker/schemas/index.ts';

export interface ContainerSpec {
  /** `Image` is what to look up. */
  readonly config: ContainerConfig;
  readonly hostConfig: HostConfig;
  readonly endpoints: Record<string, EndpointSettings | null>;
  /** A missing source of a bind in `Mounts` is made, as for clients of before API 1.44. */
  readonly createSources: boolean;
  /** What the reading of it gave rise to. */
  readonly warnings: readonly string[];
}

/** For callers within the daemon, who leave out what has its usual value. Throws invalid for a value of another type. */
export function specOf(body: ContainerCreateBody): ContainerSpec {
  return specFrom(decode(createRequest, body));
}

/** Takes the request apart; its parts are the spec's from then on. */
export function specFrom(request: ContainerCreateRequest): ContainerSpec {
  const { HostConfig: given, NetworkingConfig: networking, ...config } = request;
  const hostConfig = given ?? decode(hostSchema, {});
  const endpoints = { ...networking?.EndpointsConfig };
  if (hostConfig.NetworkMode === '' || hostConfig.NetworkMode === 'default') {
    hostConfig.NetworkMode = 'bridge';
    if (endpoints['default'] !== undefined) {
      endpoints['bridge'] = endpoints['default'];
      delete endpoints['default'];
    }
  }
  return { config, hostConfig, endpoints, createSources: false, warnings: [] };
}
