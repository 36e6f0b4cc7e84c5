// What differs between a container that is there and one that its file asks for, field by field. Pure.
import type { ContainerCreateBody, ContainerInspect } from '../spec/docker/container.ts';

/** `environment.V: "1" -> "2"`; values of what sounds secret are not shown. */
export function changedFields(
  now: ContainerInspect,
  wanted: ContainerCreateBody,
  imageEnv: readonly string[],
): string[] {
  const lines: string[] = [];
  const compare = (field: string, before: unknown, after: unknown): void => {
    if (isSame(before, after)) return;
    lines.push(SECRET.test(field) ? `${field}: changed` : `${field}: ${show(before)} -> ${show(after)}`);
  };
  const [a, b] = [now.Config, wanted];
  compare('image', a.Image, b.Image);
  if (b.Cmd) compare('command', a.Cmd, b.Cmd);
  if (b.Entrypoint) compare('entrypoint', a.Entrypoint, b.Entrypoint);
  if (b.User !== '') compare('user', a.User, b.User);
  if (b.WorkingDir !== '') compare('working_dir', a.WorkingDir, b.WorkingDir);
  const [before, after, base] = [pairs(a.Env), pairs(b.Env), pairs(imageEnv)];
  for (const name of new Set([...Object.keys(before), ...Object.keys(after)]))
    compare(`environment.${name}`, before[name], after[name] ?? base[name]);
  for (const name of new Set([...Object.keys(a.Labels), ...Object.keys(b.Labels ?? {})]))
    if (!name.startsWith('com.docker.compose.') && b.Labels?.[name] !== undefined)
      compare(`labels.${name}`, a.Labels[name], b.Labels[name]);
  const [c, d] = [now.HostConfig, wanted.HostConfig ?? {}];
  compare('ports', c.PortBindings ?? {}, d.PortBindings ?? {});
  compare('volumes', [...(c.Binds ?? [])].sort(), [...(d.Binds ?? [])].sort());
  compare('networks', Object.keys(now.NetworkSettings.Networks).sort(), networksOf(wanted));
  compare('restart', c.RestartPolicy.Name || 'no', d.RestartPolicy?.Name || 'no');
  compare('memory', c.Memory, d.Memory ?? 0);
  compare('cpus', c.NanoCpus / 1e9, (d.NanoCpus ?? 0) / 1e9);
  compare('privileged', c.Privileged, d.Privileged ?? false);
  compare('read_only', c.ReadonlyRootfs, d.ReadonlyRootfs ?? false);
  return lines;
}

const SECRET = /pass|secret|token|key|credential/i;

function networksOf({ HostConfig, NetworkingConfig }: ContainerCreateBody): string[] {
  const mode = HostConfig?.NetworkMode ?? '';
  const names = Object.keys(NetworkingConfig?.EndpointsConfig ?? {});
  return names.length > 0 ? names.sort() : mode === 'none' || mode === 'host' ? [mode] : [];
}

function pairs(list: readonly string[] | null | undefined): Readonly<Record<string, string>> {
  return Object.fromEntries((list ?? []).map((text) => [text.split('=')[0] ?? '', text.slice(text.indexOf('=') + 1)]));
}

const isSame = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);
const show = (value: unknown): string => (value === undefined ? '(none)' : JSON.stringify(value));
