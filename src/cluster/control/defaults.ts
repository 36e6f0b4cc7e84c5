// A specification with what Swarm assumes where nothing was set, as clients ask for it to be shown. Pure.
import type { ServiceSpec, UpdateConfig } from '../model/objects.ts';

export function withDefaults(spec: ServiceSpec): ServiceSpec {
  const job = spec.Mode.ReplicatedJob ?? spec.Mode.GlobalJob;
  const container = spec.TaskTemplate.ContainerSpec;
  return {
    ...spec,
    TaskTemplate: {
      ...spec.TaskTemplate,
      ...(container
        ? {
            ContainerSpec: {
              ...container,
              StopGracePeriod: container.StopGracePeriod ?? 10e9,
              DNSConfig: container.DNSConfig ?? {},
            },
          }
        : {}),
      RestartPolicy: {
        Condition: job ? 'on-failure' : 'any',
        Delay: 5e9,
        MaxAttempts: 0,
        ...spec.TaskTemplate.RestartPolicy,
      },
    },
    ...(job ? {} : { UpdateConfig: update(spec.UpdateConfig), RollbackConfig: update(spec.RollbackConfig) }),
    EndpointSpec: spec.EndpointSpec ?? { Mode: 'vip' },
  };
}

function update(config: UpdateConfig | undefined): UpdateConfig {
  return { Parallelism: 1, FailureAction: 'pause', Monitor: 5e9, MaxFailureRatio: 0, Order: 'stop-first', ...config };
}
