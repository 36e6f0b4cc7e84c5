// Contents that a task needs: which ones, and its secrets and configs as files in memory, with their owners and modes, to be bound into its container.
import { chmodSync, chownSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { notFound } from '../../base/errors.ts';
import { pullFile } from '../security/pull-auth.ts';
import type { Machine } from './ports.ts';
import type { Assignment } from '../wire/messages.ts';
import type { TaskFacts } from './container.ts';

/** Places of its secrets, configs and credentials among the contents. */
export function contentsOf({ service, spec }: Assignment): string[] {
  const { Image = '', Secrets, Configs } = spec.ContainerSpec ?? {};
  return [
    pullFile(service, Image),
    ...(Secrets ?? []).map(({ SecretID }) => SecretID),
    ...(Configs ?? []).map(({ ConfigID }) => ConfigID),
  ];
}

export async function placeFiles(
  task: Assignment,
  contents: ReadonlyMap<string, string>,
  machine: Machine,
): Promise<TaskFacts['files']> {
  const spec = task.spec.ContainerSpec;
  const wanted = [
    ...(spec?.Secrets ?? []).map(({ SecretID, SecretName, File }) => ({
      id: SecretID,
      name: SecretName,
      file: File,
      target: `/run/secrets/${File?.Name ?? SecretName}`,
    })),
    ...(spec?.Configs ?? []).map(({ ConfigID, ConfigName, File }) => ({
      id: ConfigID,
      name: ConfigName,
      file: File,
      target: File?.Name ?? `/${ConfigName}`,
    })),
  ];
  if (wanted.length === 0) return [];
  const folder = await machine.memoryFiles(task.id);
  return wanted.map(({ id, name, file, target }) => {
    const data = contents.get(id);
    if (data === undefined) throw notFound(`secret or config ${name} is not there`);
    const source = join(folder, id);
    writeFileSync(source, Buffer.from(data, 'base64'), { mode: 0o600 });
    chownSync(source, Number(file?.UID ?? 0), Number(file?.GID ?? 0));
    chmodSync(source, file?.Mode ?? 0o444);
    // an absolute target of a secret is taken as it is
    return { source, target: file?.Name.startsWith('/') ? file.Name : target };
  });
}
