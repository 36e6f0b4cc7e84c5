// What a configuration takes from the one below it where it says nothing itself: image under container, container under commit.
import type { ImageConfig } from '../spec/docker/index.ts';

/** A new configuration: `upper` completed by `lower`, by the rules of dockerd's merge. */
export function mergeConfig<C extends ImageConfig>(upper: C, lower: ImageConfig): C {
  const merged: C = { ...upper };
  merged.User ||= lower.User ?? '';
  if (upper.ExposedPorts || lower.ExposedPorts) merged.ExposedPorts = { ...lower.ExposedPorts, ...upper.ExposedPorts };
  merged.Env = mergeEnv(upper.Env ?? [], lower.Env ?? []);
  merged.Labels = { ...lower.Labels, ...upper.Labels };
  if (!upper.Entrypoint?.length) {
    if (!upper.Cmd?.length) merged.Cmd = lower.Cmd ?? null;
    // an empty list is a way to say: no entry point
    if (!upper.Entrypoint) merged.Entrypoint = lower.Entrypoint ?? null;
  }
  if (lower.Healthcheck) merged.Healthcheck = mergeHealth(upper.Healthcheck, lower.Healthcheck);
  merged.WorkingDir ||= lower.WorkingDir ?? '';
  if (upper.Volumes || lower.Volumes) merged.Volumes = { ...lower.Volumes, ...upper.Volumes };
  if (!upper.StopSignal && lower.StopSignal) merged.StopSignal = lower.StopSignal;
  return merged;
}

type Healthcheck = NonNullable<ImageConfig['Healthcheck']>;

function mergeHealth(upper: Healthcheck | undefined, lower: Healthcheck): Healthcheck {
  const said = Object.entries(upper ?? {}).filter(([, value]) =>
    Array.isArray(value) ? value.length > 0 : Boolean(value),
  );
  return { ...lower, ...Object.fromEntries(said) };
}

function mergeEnv(upper: readonly string[], lower: readonly string[]): string[] {
  const keys = new Set(upper.map((pair) => pair.split('=', 1)[0]));
  return [...upper, ...lower.filter((pair) => !keys.has(pair.split('=', 1)[0]))];
}
