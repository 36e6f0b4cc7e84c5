// The container of a hub as the daemon has it, by its name.
import { BerthError } from '../../../base/errors.ts';
import type { Client } from '../../../client/index.ts';
import { Failure } from '../../grammar/index.ts';
import { LABEL } from './container.ts';

export interface ExistingHub {
  readonly id: string;
  /** What it was made from. */
  readonly settings: string;
  readonly image: string;
  readonly volumes: readonly string[];
  readonly isRunning: boolean;
}

/** Throws a Failure when the name belongs to something else. */
export async function inspectHub(client: Client, name: string): Promise<ExistingHub> {
  const { Id: id, Config, Mounts, State } = await client.call('ContainerInspect', { params: { id: name } });
  const settings = Config.Labels?.[LABEL];
  if (settings === undefined) throw new Failure(`the container ${name} is not a hub: choose another --name`);
  const volumes = Mounts.flatMap(({ Type, Name }) => (Type === 'volume' && Name !== undefined ? [Name] : []));
  return { id, settings, image: Config.Image, volumes, isRunning: State.Running };
}

/** Undefined where nothing has the name. */
export async function findHub(client: Client, name: string): Promise<ExistingHub | undefined> {
  try {
    return await inspectHub(client, name);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

export const isMissing = (error: unknown): boolean => error instanceof BerthError && error.kind === 'notFound';

/** It ends when what is under way is done. */
export async function removeHub(client: Client, id: string): Promise<void> {
  await client.text('ContainerStop', { params: { id } });
  await client.text('ContainerDelete', { params: { id }, query: { force: true } });
}
