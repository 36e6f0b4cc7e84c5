// The body of a create as the engine knows it, whatever version of the API it was written for. Pure.
import { invalid } from '../../base/errors.ts';
import { type ContainerSpec, specFrom } from '../../engine/create/index.ts';
import { containerConfig, createRequest, decode } from '../../spec/docker/schemas/index.ts';
import { adaptToVersion } from '../versions/create.ts';

/** `minor` is that of the API version, 41 for v1.41. Throws invalid for values of another type, and for what that version does not have. */
export function containerSpec(body: unknown, minor: number, cgroup2: boolean): ContainerSpec {
  const request = decode(createRequest, body);
  if (!hasConfig(body)) throw invalid('config cannot be empty in order to create a container');
  const spec = specFrom(request);
  const { config, hostConfig: host, endpoints } = spec;
  const warnings = adaptToVersion({ config, host, endpoints, minor }, cgroup2);
  return { ...spec, createSources: minor < 44, warnings };
}

/** Go's embedded Config is nil until a field of its own is seen. */
function hasConfig(body: unknown): boolean {
  if (typeof body !== 'object' || body === null) return false;
  const names = new Set(Object.keys(containerConfig.fields ?? {}).map((name) => name.toLowerCase()));
  return Object.keys(body).some((key) => names.has(key.toLowerCase()));
}
