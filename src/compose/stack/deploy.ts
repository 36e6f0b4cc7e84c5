// What a cluster has of a stack, and a plan carried out over the Swarm API, in its order.
import { messageOf } from '../../base/errors.ts';
import { type Client, idsOf, resolveDigest } from '../../client/index.ts';
import { IMAGE_LABEL, type ServiceBody, STACK_LABEL } from './body.ts';
import type { FileThere, ObservedStack, StackOp, StackStep, There } from './plan.ts';

export const stackFilter = (stack: string): ReadonlyMap<string, readonly string[]> =>
  new Map([['label', [`${STACK_LABEL}=${stack}`]]]);

export async function observeStack(client: Client, stack: string): Promise<ObservedStack> {
  const [networks, secrets, configs, services] = await Promise.all([
    client.json<ObservedStack['networks']>('NetworkList'),
    client.json<FileThere[]>('SecretList'),
    client.json<FileThere[]>('ConfigList'),
    client.json<There<ServiceBody>[]>('ServiceList', { query: { filters: stackFilter(stack) } }),
  ]);
  return { networks, secrets, configs, services };
}

export interface DeployOptions {
  readonly client: Client;
  /** When the registry is asked for the digest of an image. */
  readonly resolve: 'always' | 'changed' | 'never';
  /** `X-Registry-Auth` for the registry of an image. */
  readonly auth: (image: string) => string;
  /** Nodes show it to the registry too. */
  readonly sendsAuth?: boolean;
  readonly say: (text: string) => void;
  readonly warn: (text: string) => void;
}

/** Gives the ids of services that were made or changed. */
export async function deploy(steps: readonly StackStep[], options: DeployOptions): Promise<string[]> {
  const changed: string[] = [];
  for (const { op } of steps.filter(({ op: { kind } }) => kind !== 'keep')) {
    const id = await perform(op, options);
    if (id !== undefined && (op.kind === 'createService' || op.kind === 'updateService')) changed.push(id);
  }
  return changed;
}

async function perform(op: StackOp, options: DeployOptions): Promise<string | undefined> {
  const { client, say } = options;
  switch (op.kind) {
    case 'createNetwork':
      say(`Creating network ${op.body.Name}\n`);
      return (
        await explained(
          `failed to create network ${op.body.Name}`,
          client.json<{ Id: string }>('NetworkCreate', { json: op.body }),
        )
      ).Id;
    case 'createFile': {
      say(`Creating ${op.noun} ${op.body.Name}\n`);
      const route = op.noun === 'secret' ? 'SecretCreate' : 'ConfigCreate';
      return (
        await explained(
          `failed to create ${op.noun} ${op.body.Name}`,
          client.json<{ ID: string }>(route, { json: op.body }),
        )
      ).ID;
    }
    case 'updateFile':
      await explained(
        `failed to update ${op.noun} ${op.body.Name}`,
        client.text(op.noun === 'secret' ? 'SecretUpdate' : 'ConfigUpdate', {
          params: { id: op.old.ID },
          query: { version: op.old.Version.Index },
          json: op.body,
        }),
      );
      return op.old.ID;
    case 'createService': {
      say(`Creating service ${op.body.Name}\n`);
      const json = await withReferences(await resolved(op.body, undefined, options), client);
      return (
        await explained(
          `failed to create service ${op.body.Name}`,
          client.json<{ ID: string }>('ServiceCreate', { json, ...authFor(op.body, options) }),
        )
      ).ID;
    }
    case 'updateService': {
      const { ID, Version, Spec } = op.old;
      say(`Updating service ${op.body.Name} (id: ${ID})\n`);
      const json = await withReferences(await resolved(op.body, Spec, options), client);
      await explained(
        `failed to update service ${op.body.Name}`,
        client.text('ServiceUpdate', {
          params: { id: ID },
          query: { version: Version.Index },
          json,
          ...authFor(op.body, options),
        }),
      );
      return ID;
    }
    case 'removeService':
      say(`Removing service ${op.old.Spec.Name}\n`);
      await client.text('ServiceDelete', { params: { id: op.old.ID } });
      return undefined;
    case 'keep':
      return undefined;
  }
}

function authFor({ Labels }: ServiceBody, { sendsAuth = false, auth }: DeployOptions) {
  return sendsAuth ? { headers: { 'X-Registry-Auth': auth(Labels[IMAGE_LABEL] ?? '') } } : {};
}

async function explained<T>(what: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof Error) error.message = `${what}: ${error.message}`;
    throw error;
  }
}

/** With the digest that the registry has now, so that every node runs the same. */
async function resolved(body: ServiceBody, old: ServiceBody | undefined, options: DeployOptions): Promise<ServiceBody> {
  const image = body.Labels[IMAGE_LABEL] ?? '';
  const isChanged = old?.Labels[IMAGE_LABEL] !== image;
  if (image.includes('@') || options.resolve === 'never' || (options.resolve === 'changed' && !isChanged)) return body;
  try {
    return withImage(body, await resolveDigest(options.client, image, options.auth(image)));
  } catch (error) {
    options.warn(
      `image ${image} could not be accessed on a registry to record its digest (${messageOf(error)}). Each node will access ${image} independently, possibly leading to different nodes running different versions of the image.\n`,
    );
    return isChanged ? withImage(body, image) : body;
  }
}

function withImage(body: ServiceBody, Image: string): ServiceBody {
  return {
    ...body,
    TaskTemplate: { ...body.TaskTemplate, ContainerSpec: { ...body.TaskTemplate.ContainerSpec, Image } },
  };
}

/** Ids in the place of names of secrets and configs. */
async function withReferences(body: ServiceBody, client: Client): Promise<ServiceBody> {
  const { ContainerSpec } = body.TaskTemplate;
  const fill = async (noun: 'Secret' | 'Config'): Promise<object[]> => {
    const references = (ContainerSpec[`${noun}s`] ?? []) as readonly Record<string, string>[];
    const nameOf = (reference: Record<string, string>): string => reference[`${noun}Name`] ?? '';
    const ids = await idsOf(client, noun, references.map(nameOf));
    return references.map((reference) => ({ ...reference, [`${noun}ID`]: ids.get(nameOf(reference)) }));
  };
  const [Secrets, Configs] = [await fill('Secret'), await fill('Config')];
  return {
    ...body,
    TaskTemplate: {
      ...body.TaskTemplate,
      ContainerSpec: {
        ...ContainerSpec,
        ...(Secrets.length > 0 ? { Secrets } : {}),
        ...(Configs.length > 0 ? { Configs } : {}),
      },
    },
  };
}
