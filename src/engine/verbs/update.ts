// Changes a container's limits and restart policy, while it runs too.
import { conflict, internal, messageOf } from '../../base/errors.ts';
import { controllerDirectory, writeControl } from '../../host/cgroup.ts';
import { resourcesFor } from '../../runtime/spec/index.ts';
import type { ContainerUpdateResponse, HostConfig } from '../../spec/docker/index.ts';
import type { Container } from '../container/container.ts';
import { cgroupPath, type EngineContext, emit, save } from '../container/context.ts';
import { checkUpdate, normaliseUpdate, type UpdateSpec } from '../create/index.ts';
import { hasProcess } from '../lifecycle/index.ts';
import { throttleTargets } from '../prepare/input.ts';
import { runtimeOf } from '../container/running.ts';

export async function update(
  context: EngineContext,
  reference: string,
  spec: UpdateSpec,
): Promise<ContainerUpdateResponse> {
  const checked = checkUpdate(spec, context.facts);
  const container = context.registry.get(reference);
  return context.locks.run(container.id, async () => {
    const { record } = container;
    if (record.state.phase === 'removing' || record.state.phase === 'dead')
      throw conflict(
        `Cannot update container ${container.id}: Container is marked for removal and cannot be "update".`,
      );
    const request = normaliseUpdate(checked, container.id, record.hostConfig);
    if (hasProcess(record.state.phase)) await applyLimits(context, container, request.changed);
    record.hostConfig = request.hostConfig;
    save(context, container);
    emit(context, container, 'update');
    return { Warnings: request.warnings };
  });
}

/** What is to have no limit any more has none when this returns: crun 1.8 writes -1, which the kernel refuses. The rest is left. */
function liftLimits(context: EngineContext, container: Container, changed: HostConfig): HostConfig {
  const { cgroups } = context.runtime;
  const rest = { ...changed };
  const write = (controller: string, file: string, value: string): void => {
    const directory = controllerDirectory(cgroups, controller, cgroupPath(context, container));
    if (directory !== undefined) writeControl(directory, file, value);
  };
  if (changed.PidsLimit !== null && changed.PidsLimit <= 0) {
    write('pids', 'pids.max', 'max');
    rest.PidsLimit = null;
  }
  if (changed.CpuQuota < 0) {
    if (cgroups.layout === 'v2') write('cpu', 'cpu.max', `max ${changed.CpuPeriod || 100_000}`);
    else write('cpu', 'cpu.cfs_quota_us', '-1');
    rest.CpuQuota = 0;
  }
  return rest;
}

async function applyLimits(context: EngineContext, container: Container, changed: HostConfig): Promise<void> {
  const limits = liftLimits(context, container, changed);
  const resources = resourcesFor({
    hostConfig: limits,
    throttle: throttleTargets(limits),
    cgroup: context.host.cgroup,
  });
  if (Object.keys(resources).length === 0) return;
  const runtime = runtimeOf(context, container.record.runtime);
  try {
    await context.runtime.limit(container.id, runtime, resources);
  } catch (error) {
    throw internal(`Cannot update container ${container.id}: runc did not terminate successfully: ${messageOf(error)}`);
  }
}
