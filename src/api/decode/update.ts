// The body of a container update as the engine knows it. Pure.
import type { UpdateSpec } from '../../engine/create/index.ts';
import { decode, updateRequest } from '../../spec/docker/schemas/index.ts';

/** `minor` is that of the API version, 41 for v1.41. Throws invalid for values of another type. */
export function updateSpec(body: unknown, minor: number): UpdateSpec {
  const { RestartPolicy, ...limits } = decode(updateRequest, body, 'UpdateConfig');
  if (minor < 40) limits.PidsLimit = null;
  if (minor >= 42) delete limits.KernelMemory;
  return { limits, restartPolicy: RestartPolicy, devices: minor >= 55 };
}
