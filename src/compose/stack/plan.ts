// From what a cluster has of a stack and what it is to have, to steps with their causes. Pure.
import { notFound } from '../../base/errors.ts';
import { type FileBody, IMAGE_LABEL, type NetworkBody, type ServiceBody, type Stack } from './body.ts';
import { changedSpec } from './fields.ts';

export interface There<Spec> {
  readonly ID: string;
  readonly Version: { readonly Index: number };
  readonly Spec: Spec;
}

export type FileThere = There<{
  readonly Name: string;
  readonly Labels?: Readonly<Record<string, string>>;
  readonly Data?: string;
}>;

/** What the cluster has: networks, secrets and configs of all stacks, services of this one. */
export interface ObservedStack {
  readonly networks: readonly { readonly Id: string; readonly Name: string; readonly Scope: string }[];
  readonly secrets: readonly FileThere[];
  readonly configs: readonly FileThere[];
  readonly services: readonly There<ServiceBody>[];
}

export type StackOp =
  | { readonly kind: 'createNetwork'; readonly body: NetworkBody }
  | { readonly kind: 'createFile'; readonly noun: 'secret' | 'config'; readonly body: FileBody }
  | {
      readonly kind: 'updateFile';
      readonly noun: 'secret' | 'config';
      readonly body: FileBody;
      readonly old: FileThere;
    }
  | { readonly kind: 'createService'; readonly body: ServiceBody }
  | { readonly kind: 'updateService'; readonly body: ServiceBody; readonly old: There<ServiceBody> }
  | { readonly kind: 'removeService'; readonly old: There<ServiceBody> }
  /** It is as it should be. */
  | { readonly kind: 'keep'; readonly noun: string; readonly name: string };

export interface StackStep {
  readonly op: StackOp;
  readonly cause: string;
  /** What differs, a line each. */
  readonly fields: readonly string[];
}

export interface StackPlanOptions {
  /** Services that the file has no more are removed. */
  readonly prune: boolean;
}

/** Throws in Docker's words where something external is not there. */
export function planStack(stack: Stack, observed: ObservedStack, { prune }: StackPlanOptions): StackStep[] {
  checkExternal(stack, observed);
  const steps: StackStep[] = [];
  const add = (op: StackOp, cause: string, fields: readonly string[] = []): void =>
    void steps.push({ op, cause, fields });
  const keep = (noun: string, name: string, cause = 'nothing differs'): void =>
    add({ kind: 'keep', noun, name }, cause);
  for (const body of stack.networks)
    if (observed.networks.some(({ Name }) => Name === body.Name)) keep('network', body.Name, 'it is there');
    else add({ kind: 'createNetwork', body }, 'it is not there yet');
  for (const noun of ['secret', 'config'] as const) {
    for (const body of stack[`${noun}s`]) {
      const old = observed[`${noun}s`].find(({ Spec }) => Spec.Name === body.Name);
      if (!old) add({ kind: 'createFile', noun, body }, 'it is not there yet');
      // nobody can read a secret to compare it: the cluster is asked
      else if (noun === 'secret')
        add({ kind: 'updateFile', noun, body, old }, 'only the cluster can compare its content');
      else if (old.Spec.Data !== body.Data) add({ kind: 'updateFile', noun, body, old }, 'its content differs');
      else if (text(old.Spec.Labels) !== text(body.Labels))
        add({ kind: 'updateFile', noun, body, old }, 'its labels differ');
      else keep(noun, body.Name);
    }
  }
  for (const wanted of stack.services) {
    const old = observed.services.find(({ Spec }) => Spec.Name === wanted.Name);
    if (!old) {
      add({ kind: 'createService', body: wanted }, 'it is not there yet');
      continue;
    }
    const body = withPresent(wanted, old.Spec);
    const fields = changedSpec(comparable(old.Spec, observed), comparable(body, observed));
    if (fields.length === 0) keep('service', body.Name);
    else
      add(
        { kind: 'updateService', body, old },
        fields.length === 1 ? 'a field differs' : `${fields.length} fields differ`,
        fields,
      );
  }
  if (prune)
    for (const old of observed.services)
      if (!stack.services.some(({ Name }) => Name === old.Spec.Name))
        add({ kind: 'removeService', old }, 'the file has it no more');
  return steps;
}

function checkExternal({ external }: Stack, observed: ObservedStack): void {
  for (const name of external.networks) {
    const found = observed.networks.find(({ Name }) => Name === name);
    if (!found)
      throw notFound(
        `network ${JSON.stringify(name)} is declared as external, but could not be found. You need to create a swarm-scoped network before the stack is deployed`,
      );
    if (found.Scope !== 'swarm')
      throw notFound(
        `network ${JSON.stringify(name)} is declared as external, but it is not in the right scope: ${JSON.stringify(found.Scope)} instead of "swarm"`,
      );
  }
  for (const noun of ['secret', 'config'] as const)
    for (const name of external[`${noun}s`])
      if (!observed[`${noun}s`].some(({ Spec }) => Spec.Name === name)) throw notFound(`${noun} not found: ${name}`);
}

/** What a file does not say and an update must not change: the digest of an unchanged image, and the count of forced updates. */
function withPresent(wanted: ServiceBody, old: ServiceBody): ServiceBody {
  const isSameImage = old.Labels[IMAGE_LABEL] === wanted.Labels[IMAGE_LABEL];
  const { ContainerSpec } = wanted.TaskTemplate;
  return {
    ...wanted,
    TaskTemplate: {
      ...wanted.TaskTemplate,
      ContainerSpec: {
        ...ContainerSpec,
        Image: isSameImage ? old.TaskTemplate.ContainerSpec.Image : ContainerSpec.Image,
      },
      ForceUpdate: old.TaskTemplate.ForceUpdate ?? 0,
    },
  };
}

/** Names for ids, without what the daemon fills in. */
function comparable(spec: ServiceBody, { networks }: ObservedStack): ServiceBody {
  const { ContainerSpec, Networks, Runtime: _, ...template } = spec.TaskTemplate;
  const { Isolation, Secrets, Configs, DNSConfig, ...container } = ContainerSpec;
  const withoutIds = (references: unknown): unknown =>
    (references as readonly Record<string, unknown>[] | undefined)?.map(
      ({ SecretID: _s, ConfigID: _c, ...rest }) => rest,
    );
  const { Replicated } = spec.Mode as { readonly Replicated?: { readonly Replicas?: number } };
  return {
    ...spec,
    Mode: Replicated ? { Replicated: { Replicas: Replicated.Replicas ?? 1 } } : spec.Mode,
    TaskTemplate: {
      ...template,
      ContainerSpec: {
        ...container,
        ...(Isolation === 'default' ? {} : { Isolation }),
        DNSConfig,
        Secrets: withoutIds(Secrets),
        Configs: withoutIds(Configs),
      },
      ...(Networks
        ? {
            Networks: Networks.map(({ Target, Aliases }) => ({
              Target: networks.find(({ Id }) => Id === Target)?.Name ?? Target,
              Aliases: [...(Aliases ?? [])].sort(),
            })),
          }
        : {}),
    },
  };
}

const text = (labels: Readonly<Record<string, string>> | undefined): string =>
  JSON.stringify(Object.entries(labels ?? {}).sort(([a], [b]) => (a < b ? -1 : 1)));

/** One line a step, with the fields that differ below it, as `compose plan` prints it. */
export function stackPlanText(steps: readonly StackStep[]): string {
  return steps
    .map(
      ({ op, cause, fields }, at) =>
        `${at + 1}. ${opText(op)}: ${cause}\n${fields.map((line) => `   ${line}\n`).join('')}`,
    )
    .join('');
}

function opText(op: StackOp): string {
  switch (op.kind) {
    case 'createNetwork':
      return `create network ${op.body.Name}`;
    case 'createFile':
      return `create ${op.noun} ${op.body.Name}`;
    case 'updateFile':
      return `update ${op.noun} ${op.body.Name}`;
    case 'createService':
      return `create service ${op.body.Name}`;
    case 'updateService':
      return `update service ${op.body.Name}`;
    case 'removeService':
      return `remove service ${op.old.Spec.Name}`;
    case 'keep':
      return `keep ${op.noun} ${op.name}`;
  }
}
