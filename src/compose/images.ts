// The images that a project's services need: what is there, what is to be built, what is to be pulled.
import { BerthError, invalid, messageOf } from '../base/errors.ts';
import type { Client } from '../client/index.ts';
import { contractFaults, readContract } from '../spec/berth/index.ts';
import type { Project, Service } from './model/project.ts';
import { parseDuration } from './load/durations.ts';
import { imageName, type ObservedImage, observeImage } from './observe.ts';
import type { Report } from './progress.ts';

/** How images come to be: whoever calls has credentials, and a way to build. */
export interface ImageSources {
  /** brings an image to the daemon */
  readonly pull: (image: string, platform: string | undefined, service: string) => Promise<void>;
  /** builds the images of services; they are tagged with their names afterwards */
  readonly build: (project: Project, services: readonly string[]) => Promise<void>;
}

export interface ImageOptions {
  /** `policy` is what each service says */
  readonly pull: 'always' | 'missing' | 'never' | 'build' | 'policy';
  readonly build: 'always' | 'missing' | 'never';
  readonly dryRun?: boolean;
  /** what images say of the variables they need is not looked at */
  readonly ignoresContract?: boolean;
}

export interface ImageNeed {
  readonly service: string;
  readonly image: string;
  readonly action: 'none' | 'build' | 'pull';
  readonly cause: string;
}

type There = Readonly<Record<string, ObservedImage | undefined>>;

/** What is to be done for each service's image; `now` in milliseconds. Pure. Throws for what can't be had. */
export function imageNeeds(project: Project, there: There, { pull, build }: ImageOptions, now: number): ImageNeed[] {
  return Object.entries(project.services)
    .filter(([, service]) => service.provider === undefined)
    .map(([name, service]): ImageNeed => {
      const image = imageName(project, name);
      const need = (action: ImageNeed['action'], cause: string): ImageNeed => ({ service: name, image, action, cause });
      const isThere = there[name] !== undefined;
      const policy = pull === 'policy' ? (service.pull_policy ?? 'missing') : pull;
      if (service.build !== undefined && build !== 'never') {
        if (build === 'always') return need('build', 'it was asked for');
        if (policy === 'build' && service.pull_policy === 'build') return need('build', 'its pull policy is "build"');
      }
      if (service.image !== undefined && policy === 'always') return need('pull', 'its pull policy is "always"');
      const period = refreshMs(policy);
      if (isThere && service.image !== undefined && period !== undefined && now - (there[name]?.tagged ?? 0) > period)
        return need('pull', `its pull policy is ${JSON.stringify(policy)}`);
      if (isThere) return need('none', 'it is there');
      if (service.build !== undefined) {
        if (build === 'never') throw invalid(`No such image: ${image}`);
        return need('build', 'it is not there');
      }
      const builder = build === 'never' ? undefined : builderOf(project, image);
      if (builder !== undefined) return need('none', `${builder} builds it`);
      if (policy === 'never') throw invalid(`Error response from daemon: No such image: ${image}`);
      return need('pull', 'it is not there');
    });
}

/** The service that builds an image which others only name. */
function builderOf(project: Project, image: string): string | undefined {
  return Object.entries(project.services).find(([, one]) => one.build !== undefined && one.image === image)?.[0];
}

/** `daily`, `weekly`, `every_12h`: how old an image may be, in milliseconds; undefined for other policies. */
function refreshMs(policy: string): number | undefined {
  if (policy === 'daily') return DAY_MS;
  if (policy === 'weekly') return 7 * DAY_MS;
  return policy.startsWith('every_') ? Number(parseDuration(policy.slice(6)) / 1_000_000n) : undefined;
}

const DAY_MS = 24 * 3600 * 1000;

/** The images that are there, by service. */
export async function observeImages(client: Client, project: Project): Promise<There> {
  const names = new Map<string, Promise<ObservedImage | undefined>>();
  const entries = Object.keys(project.services).map(async (service) => {
    const image = imageName(project, service);
    const asked = names.get(image) ?? observeImage(client, image);
    names.set(image, asked);
    return [service, await asked] as const;
  });
  return Object.fromEntries(await Promise.all(entries));
}

/** Builds and pulls what is needed; gives the ids by service. */
export async function ensureImages(
  client: Client,
  project: Project,
  sources: ImageSources,
  options: ImageOptions,
  report: Report,
): Promise<Record<string, string>> {
  const there = await observeImages(client, project);
  const needs = imageNeeds(project, there, options, Date.now());
  const wanted = (action: ImageNeed['action']): ImageNeed[] => needs.filter((need) => need.action === action);
  const toPull = [...new Map(wanted('pull').map((need) => [need.image, need])).values()];
  const pulls = toPull.map((need) => pullOne(need, project.services[need.service], there, sources, report));
  const settled = await Promise.allSettled(pulls);
  const failed = settled.find((one) => one.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
  const toBuild = wanted('build').map(({ service }) => service);
  if (toBuild.length > 0) await sources.build(project, toBuild);
  const now = toPull.length + toBuild.length === 0 ? there : await observeImages(client, project);
  if (options.ignoresContract !== true) checkContracts(project, now);
  return Object.fromEntries(
    Object.entries(now).flatMap(([service, image]) => (image === undefined ? [] : [[service, image.id] as const])),
  );
}

/** Throws with all that the services' images need and were not given, before anything is made. Pure. */
export function checkContracts(project: Project, there: There): void {
  const faults = Object.entries(project.services).flatMap(([name, { environment = {} }]) => {
    const image = there[name];
    if (image === undefined) return [];
    const given = Object.entries(environment).flatMap(([key, value]) => (value === null ? [] : [`${key}=${value}`]));
    // The image's own come first: the last of a name counts.
    return contractFaults(readContract(image.labels), [...image.env, ...given]).map((fault) => `  ${name}: ${fault}`);
  });
  if (faults.length > 0)
    throw invalid(`the images of these services need more of their environment:\n${faults.join('\n')}`);
}

async function pullOne(
  { service: name, image }: ImageNeed,
  service: Service | undefined,
  there: There,
  sources: ImageSources,
  report: Report,
): Promise<void> {
  report({ id: name, action: 'Pulling', text: '', status: 'working' });
  try {
    await sources.pull(image, service?.platform, name);
    report({ id: name, action: 'Pulled', text: '', status: 'done' });
  } catch (error) {
    const text = messageOf(error);
    const bare = text.replace(/^Error response from daemon: /, '');
    if (there[name] !== undefined && service?.pull_policy !== 'always') {
      report({ id: name, action: 'Warning', text: bare, status: 'warning' });
      return;
    }
    report({ id: name, action: 'Error', text: bare, status: 'error' });
    throw text === bare ? new BerthError('invalid', `Error response from daemon: ${bare}`) : error;
  }
}
