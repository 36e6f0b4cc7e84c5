// The project that a command is about: from its files, or by its name alone.
import { createHash } from 'node:crypto';
import { type Loaded, observeContainers, type ObservedContainer } from '../../../../compose/index.ts';
import { Failure } from '../../../grammar/index.ts';
import type { ComposeContext } from './command.ts';

export const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

export interface Named {
  readonly name: string;
  /** absent where only a name was given */
  readonly loaded: Loaded | undefined;
}

/** With `-p` and no file nothing is read: labels say what there is. */
export function projectOrName(context: ComposeContext, services: readonly string[] = []): Named {
  const { files = [], projectName = '' } = context.settings.project;
  if (projectName !== '' && files.length === 0) return { name: projectName, loaded: undefined };
  try {
    const loaded = context.load({ services, resolvesEnvironment: false });
    return { name: loaded.project.name, loaded };
  } catch (error) {
    const name = context.cli.env['COMPOSE_PROJECT_NAME'] ?? '';
    if (name !== '') return { name, loaded: undefined };
    throw error;
  }
}

/** Throws for a service that neither the files nor a container knows. */
export function checkServices(named: Named, services: readonly string[], there: readonly ObservedContainer[]): void {
  for (const service of services) {
    if (named.loaded !== undefined) {
      const { project, disabled } = named.loaded;
      if (project.services[service] === undefined && disabled[service] === undefined)
        throw new Failure(`no such service: ${service}`);
    } else if (!there.some((one) => one.service === service)) throw new Failure(`no such service: ${service}`);
  }
}

/** Containers of the named services, or of all; one-off ones only where asked for. */
export async function containersOf(
  context: ComposeContext,
  named: Named,
  services: readonly string[],
  which: 'all' | 'services' | 'oneOff' = 'services',
): Promise<ObservedContainer[]> {
  const all = await observeContainers(context.cli.client, named.name, which);
  return services.length === 0 ? all : all.filter(({ service }) => services.includes(service));
}

/** The container of a service with this number; the first when it is 0. Throws docker compose's words. */
export async function containerOf(
  context: ComposeContext,
  service: string,
  index: number,
  state: 'running' | 'any' = 'running',
): Promise<ObservedContainer> {
  const named = projectOrName(context);
  // What runs once comes after the service's own.
  const all = await containersOf(context, named, [service], 'all');
  const found = all
    .filter((one) => (state === 'any' || one.state === 'running') && (index === 0 || one.number === index))
    .sort((a, b) => Number(a.isOneOff) - Number(b.isOneOff));
  const [first] = found;
  if (first !== undefined) return first;
  throw new Failure(
    index === 0
      ? `service ${JSON.stringify(service)} is not running`
      : `service ${JSON.stringify(service)} is not running container #${index}`,
  );
}
