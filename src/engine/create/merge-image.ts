// What an image says, where the container's own config says nothing.
import { invalid } from '../../base/errors.ts';
import { type ContainerConfig, type HealthConfig, type ImageConfig, knownPorts } from '../../spec/docker/index.ts';

const keyOf = (variable: string): string => variable.split('=', 1)[0] ?? '';

/** Throws invalid `no command specified` when neither has a command. */
export function mergeImage(config: ContainerConfig, image: ImageConfig): ContainerConfig {
  const own = new Set((config.Env ?? []).map(keyOf));
  const env = [...(config.Env ?? []), ...(image.Env ?? []).filter((one) => !own.has(keyOf(one)))];
  // an image's author may have written anything: what is no port is not there
  const ports = { ...config.ExposedPorts, ...knownPorts(image.ExposedPorts) };
  const volumes = { ...config.Volumes, ...image.Volumes };
  const health = mergeHealth(config.Healthcheck, image.Healthcheck);
  const { ExposedPorts: _ports, Healthcheck: _health, StopSignal: _signal, ...rest } = config;
  const stopSignal = config.StopSignal || image.StopSignal;
  const { Cmd, Entrypoint } = mergeCommand(config, image);
  return {
    ...rest,
    User: config.User || (image.User ?? ''),
    WorkingDir: config.WorkingDir || (image.WorkingDir ?? ''),
    Env: env.length > 0 ? env : null,
    Labels: { ...image.Labels, ...config.Labels },
    Volumes: Object.keys(volumes).length > 0 ? volumes : null,
    Cmd,
    Entrypoint,
    ...(Object.keys(ports).length > 0 ? { ExposedPorts: ports } : {}),
    ...(health ? { Healthcheck: health } : {}),
    ...(stopSignal ? { StopSignal: stopSignal } : {}),
  };
}

/** An own entrypoint drops the image's command; `[""]` resets the image's entrypoint. */
function mergeCommand(config: ContainerConfig, image: ImageConfig): Pick<ContainerConfig, 'Cmd' | 'Entrypoint'> {
  const ownEntrypoint = (config.Entrypoint ?? []).length > 0;
  const ownCommand = (config.Cmd ?? []).length > 0;
  const Cmd = ownEntrypoint || ownCommand ? config.Cmd : (image.Cmd ?? null);
  let Entrypoint = config.Entrypoint ?? image.Entrypoint ?? null;
  if (Entrypoint?.length === 1 && Entrypoint[0] === '') Entrypoint = null;
  if ((Entrypoint ?? []).length === 0 && (Cmd ?? []).length === 0) throw invalid('no command specified');
  return { Cmd, Entrypoint };
}

function mergeHealth(own: HealthConfig | undefined, image: HealthConfig | undefined): HealthConfig | undefined {
  if (!own || !image) return own ?? image;
  const merged: HealthConfig = {};
  const test = (own.Test ?? []).length > 0 ? own.Test : image.Test;
  if (test) merged.Test = test;
  for (const field of ['Interval', 'Timeout', 'StartPeriod', 'StartInterval', 'Retries'] as const) {
    const value = own[field] || image[field];
    if (value) merged[field] = value;
  }
  return merged;
}
