// A plan with, for each container that is made anew, the fields that differ.
import type { Client } from '../client/index.ts';
import { containerBody } from './create/container.ts';
import { imageNeeds, type ImageOptions, observeImages } from './images.ts';
import type { Observed } from './observe.ts';
import { planText } from './plan-text.ts';
import { changedFields } from './plan-changes.ts';
import type { UpOptions } from './plan.ts';
import type { Step } from './steps.ts';
import { planOf, type Planned, type UpWork } from './up.ts';

export interface Explained {
  readonly planned: Planned;
  readonly text: string;
  /** something is to be pulled or built before the plan can be carried out */
  readonly lacksImages: boolean;
}

export async function explainPlan(work: UpWork, images: ImageOptions, options: UpOptions): Promise<Explained> {
  const { client, loaded } = work;
  const there = await observeImages(client, loaded.project);
  const needs = imageNeeds(loaded.project, there, images, Date.now()).filter(({ action }) => action !== 'none');
  const ids = Object.fromEntries(
    Object.entries(there).flatMap(([name, image]) => (image === undefined ? [] : [[name, image.id] as const])),
  );
  const planned = await planOf(work, ids, options);
  const fields = new Map<number, readonly string[]>();
  for (const step of planned.plan.steps) {
    const lines = await fieldsOf(work, client, planned.observed, step);
    if (lines.length > 0) fields.set(step.id, lines);
  }
  const head = needs.map(({ action, image, cause }) => `${action} image ${image}: ${cause}\n`).join('');
  return { planned, text: `${head}${planText(planned.plan, fields)}`, lacksImages: needs.length > 0 };
}

async function fieldsOf(
  { loaded }: UpWork,
  client: Client,
  observed: Observed,
  { op }: Step,
): Promise<readonly string[]> {
  if (op.kind !== 'recreateContainer' && op.kind !== 'rollContainer') return [];
  const service = loaded.project.services[op.spec.service];
  if (service === undefined) return [];
  const now = await client.call('ContainerInspect', { params: { id: op.old.id } });
  const image = await client.call('ImageInspect', { params: { name: now.Image } }).catch(() => undefined);
  const around = {
    project: loaded.project,
    workingDirectory: loaded.workingDirectory,
    files: loaded.files,
    envFiles: [],
    containers: (name: string) => observed.containers.filter((one) => one.service === name && !one.isOneOff),
  };
  return changedFields(now, containerBody(around, service, op.spec, ''), image?.Config?.Env ?? []);
}
